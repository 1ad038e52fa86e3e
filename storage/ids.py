"""Ids of the rows that circulation makes."""

from __future__ import annotations

import os
import time
from threading import Lock
from typing import Final

_EPOCH_MS: Final = 1_600_000_000_000
_PROCESS: Final = int.from_bytes(os.urandom(2), "big") & 0x3FF
_lock: Final = Lock()
_last = 0


def new_id() -> int:
    """Return an id that no other daemon gives: 41 bits of milliseconds, 10 of process, 12 of counter.

    The caller has it before the database has seen the row; being ordered by time, rows append. An import that wants more
    than 4,096 in a millisecond borrows from the next, and so does who finds the clock set back. Two daemons that drew the
    same process bits in the same millisecond meet the primary key, and the act is tried again.
    """
    global _last  # noqa: PLW0603 (the one state there is)
    now = int(time.time() * 1000) - _EPOCH_MS << 12
    with _lock:
        _last = given = now if now > _last else _last + 1
    return given >> 12 << 22 | _PROCESS << 12 | given & 0xFFF
