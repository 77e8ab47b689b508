"""What passes between the marker and the sandbox: frames of bytes, each with a kind and a length. Never a pickle.

marker -> zygote   SETUP (what to try, as safetensors), then RUN (cells, which exercises, what stands in for earlier ones, as JSON), one at a time
zygote -> marker   READY, then for each RUN: DATA (bytes of the child, unread) any number of times, and ENDED (JSON)
child  -> zygote   evidence: the number of an exercise, a length, and that many bytes (safetensors)

The zygote passes a child's bytes on without reading them, so that nothing a learner sends can confuse it.
"""

from __future__ import annotations

import os
import struct

SETUP, RUN, READY, DATA, ENDED = b"SETU", b"RUN ", b"READ", b"DATA", b"ENDE"
HEAD = struct.Struct(">4sQ")  # kind, length
EVIDENCE = struct.Struct(">IQ")  # number of the exercise, length


def frame(kind: bytes, payload: bytes) -> bytes:
    """One frame."""
    return HEAD.pack(kind, len(payload)) + payload


def write(descriptor: int, data: bytes) -> None:
    """Write all of ``data``."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def read(descriptor: int) -> tuple[bytes, bytes]:
    """The next frame's kind and payload, waiting for it. EOFError where the other side is gone."""
    kind, length = HEAD.unpack(_exactly(descriptor, HEAD.size))
    return kind, _exactly(descriptor, length)


def evidence_in(data: bytes, exercises: int) -> dict[int, bytes]:
    """The evidence in a child's bytes by number of exercise, the first of each; an incomplete or impossible rest is left out."""
    found: dict[int, bytes] = {}
    at = 0
    while at + EVIDENCE.size <= len(data):
        number, length = EVIDENCE.unpack_from(data, at)
        at += EVIDENCE.size
        if number >= exercises or length > len(data) - at:
            break
        if length:
            found.setdefault(number, data[at : at + length])
        at += length
    return found


def _exactly(descriptor: int, length: int) -> bytes:
    parts, missing = [], length
    while missing:
        part = os.read(descriptor, min(missing, 1 << 20))
        if not part:
            raise EOFError("the other side is gone")
        parts.append(part)
        missing -= len(part)
    return b"".join(parts)
