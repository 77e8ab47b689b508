"""The receipts of what a learner sealed, kept among their attempts, so that they are exported and imported with them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

SEALED = "sealed"  # the status of such a line; it is no attempt at an exercise


@dataclass(frozen=True)
class SealedAt:
    """One sealed file: its digest, and when it was made by the learner's clock."""

    digest: str
    at: datetime


def receipt_line(assessment: str, digest: str, at: datetime) -> dict[str, Any]:
    """The line that is kept. at: an aware moment."""
    return {
        "exercise": assessment,
        "status": SEALED,
        "at": at.astimezone(UTC).isoformat(timespec="seconds"),
        "receipt": digest,
    }


def receipts(attempts: Iterable[Mapping[str, Any]], assessment: str) -> list[SealedAt]:
    """What was sealed for ``assessment``, the newest first; a line that cannot be read is left out, one that is there twice counts once."""
    found = set()
    for attempt in attempts:
        if attempt.get("exercise") == assessment and attempt.get("status") == SEALED:
            try:
                moment = datetime.fromisoformat(str(attempt["at"]))
                found.add(SealedAt(str(attempt["receipt"]), moment if moment.tzinfo else moment.replace(tzinfo=UTC)))
            except (KeyError, ValueError):
                continue
    return sorted(found, key=lambda sealed: (sealed.at, sealed.digest), reverse=True)
