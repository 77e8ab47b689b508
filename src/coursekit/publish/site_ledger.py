"""The site's page of measurements: what the released parts' models were measured to reach."""

import re
from collections.abc import Mapping
from typing import Any

from coursekit.ledger import Ledger, words


def ledger_page(ledger: Ledger, where: Mapping[str, tuple[str, str]]) -> str:
    """The page, in markdown. ``where``: for each exercise that is released its title and its part's page; no other is shown."""

    def table(head: str, rows: list[list[str]]) -> list[str]:
        columns = head.split(" | ")
        lines = [f"| {head} |", "|" + "---|" * len(columns), *(f"| {' | '.join(row)} |" for row in rows)]
        return ["", *lines, ""] if rows else ["", "Nothing of what is released has been measured yet.", ""]

    def link(identity: str) -> str:
        title, page = where[identity]
        return f"[{_escaped(title)}]({page}.ipynb)"

    machines = list(dict.fromkeys(_machine(row) for row in ledger["full"] if row["id"] in where))
    full = [
        [
            link(row["id"]),
            f"`{row['set']}`",
            "<br>".join(
                f"{_escaped(name)} {words(name, values)}" for name, values in row["values"].items() if name != "seconds"
            ),
            words("seconds", row["values"]["seconds"]),
            *([str(1 + machines.index(_machine(row)))] if machines[1:] else []),
            str(row["date"]),
        ]
        for row in ledger["full"]
        if row["id"] in where
    ]
    rehearsals = [
        [
            link(row["id"]),
            _escaped(row["metric"]),
            words(row["metric"], row["right"]["solution"]),
            _bar(row),
            words("seconds", row["seconds"]),
            str(row["date"]),
        ]
        for row in ledger["rehearsal"]
        if row["id"] in where and row["right"].get("solution")
    ]
    return "\n".join(
        [
            "---",
            "html_theme.sidebar_secondary.remove: true",
            "---",
            "# Measurements",
            "",
            "Every figure that the course quotes for a model it trains was measured, and stands here with the number of random seeds, "
            "the spread over them (one standard deviation), the time of one run and the machine. Where your own run differs by more "
            "than the spread, something is worth finding out.",
            "",
            "## Full size",
            *_told(machines),
            *table(f"Model | Data | Reached | Time |{' Machine |' if machines[1:] else ''} Measured", full),
            "## Rehearsals",
            "",
            "A check trains your model at a small size, which takes seconds. Your answer is right when its figure passes the bar; the bar "
            "stands midway between right answers and the best known wrong one.",
            *table("Model | Metric | Right answers | Bar | Time | Measured", rehearsals),
        ]
    )


def _machine(row: dict[str, Any]) -> str:
    return f"{row['hardware']}; torch {row['torch']}"


def _told(machines: list[str]) -> list[str]:
    """On what was measured, once: a sentence for one machine, a numbered list for several."""
    if not machines[1:]:
        return ["", *(f"All of it on one machine: {_escaped(machine)}." for machine in machines)]
    return [
        "",
        "On these machines:",
        "",
        *(f"{number}. {_escaped(machine)}" for number, machine in enumerate(machines, 1)),
    ]


def _bar(row: dict[str, Any]) -> str:
    return words(row["metric"], [row["bar"]]).partition(" (")[0] if "bar" in row else "none"


def _escaped(text: str) -> str:
    """``text`` as itself in a cell of a markdown table."""
    return re.sub(r"([\\`*_{}\[\]<>|#$])", r"\\\1", text)
