"""Ids of the rows that circulation makes."""

from __future__ import annotations

import itertools
import os
import time
from typing import Final

_EPOCH_MS: Final = 1_600_000_000_000
_PROCESS: Final = int.from_bytes(os.urandom(2), "big") & 0x3FF
_counter: Final = itertools.count()


def new_id() -> int:
    """Return an id that no other daemon gives: 41 bits of milliseconds, 10 of process, 12 of counter.

    The caller has it before the database has seen the row; being ordered by time, rows append. Two daemons that drew
    the same process bits in the same millisecond meet the primary key, and the act is tried again.
    """
    return (int(time.time() * 1000) - _EPOCH_MS) << 22 | _PROCESS << 12 | next(_counter) & 0xFFF
