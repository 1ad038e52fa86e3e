"""Passwords of devices and staff: argon2, verified in a thread, never on the reactor."""

from __future__ import annotations

from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError
from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThread

# OWASP's small profile: kiosks log in by the hundred after a power cut.
HASHER: Final = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_NOBODY: Final = HASHER.hash("no device has this password")


def _verify(stored: str, password: str) -> bool:
    try:
        return HASHER.verify(stored, password)
    except (Argon2Error, InvalidHashError):
        return False


def verify(stored: str | None, password: str) -> Deferred[bool]:
    """Tell whether *password* is the one whose argon2 hash is *stored*.

    None (an unknown or disabled login) is never right, and takes the same time to say so.
    """
    if stored is None:
        return deferToThread(_verify, _NOBODY, password).addCallback(lambda _right: False)
    return deferToThread(_verify, stored, password)
