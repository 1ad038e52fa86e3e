"""Readers' PINs: keyed hashes, compared in constant time, behind a lock after repeated failures.

A four-digit PIN has ten thousand values: no slow hash protects it from someone who has the table, so the hash is fast
and keyed with a pepper that is not in the database (performance.md 8.6). What protects against guessing is the lock.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from enum import Enum
from hashlib import blake2b
from typing import Final

TRIES: Final = 5
"""Failures after which a PIN is locked."""
LOCK_SECONDS: Final = 900
"""How long it is locked."""


class PinState(Enum):
    """What became of the PIN that came with a request."""

    NOT_GIVEN = "not-given"
    RIGHT = "right"
    WRONG = "wrong"
    LOCKED = "locked"


@dataclass(frozen=True, slots=True)
class Pins:
    """Makes and checks PIN hashes with the network's pepper (32 octets)."""

    pepper: bytes = field(repr=False)

    def hash(self, patron_code: str, pin: str) -> bytes:
        """Return 32 octets. The reader's code salts, so that two readers with one PIN have different hashes."""
        return blake2b(f"{patron_code}\0{pin}".encode(), key=self.pepper, digest_size=32).digest()

    def check(
        self, patron_code: str, stored: bytes | None, locked_until: int | None, pin: str | None, now: int
    ) -> PinState:
        """Compare *pin* with the *stored* hash. None is not given; an empty PIN, or one where none is set, is wrong."""
        if pin is None:
            return PinState.NOT_GIVEN
        if locked_until is not None and now < locked_until:
            return PinState.LOCKED
        if pin and stored is not None and hmac.compare_digest(self.hash(patron_code, pin), stored):
            return PinState.RIGHT
        return PinState.WRONG
