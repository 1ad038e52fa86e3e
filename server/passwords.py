"""Passwords of devices and partners: argon2, verified in a thread, never on the reactor.

After a power cut every kiosk of the network logs in at once, and each argon2 costs tens of milliseconds. So what has been
verified is remembered, as a digest under a key that lives and dies with the process: a right password is right again at
once, while each wrong one costs its full time.
"""

from __future__ import annotations

import secrets
from collections import OrderedDict
from hashlib import blake2b
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError
from twisted.internet.defer import Deferred, succeed
from twisted.internet.threads import deferToThread

# OWASP's small profile.
HASHER: Final = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_NOBODY: Final = HASHER.hash("no device has this password")
_KEY: Final = secrets.token_bytes(32)
_REMEMBERED: Final = 4096
_right: OrderedDict[bytes, None] = OrderedDict()


def _verify(stored: str, password: str) -> bool:
    try:
        return HASHER.verify(stored, password)
    except (Argon2Error, InvalidHashError, UnicodeEncodeError):
        return False


def _remember(right: bool, digest: bytes) -> bool:
    if right:
        _right[digest] = None
        while len(_right) > _REMEMBERED:
            _right.popitem(last=False)
    return right


def verify(stored: str | None, password: str) -> Deferred[bool]:
    """Tell whether *password* is the one whose argon2 hash is *stored*.

    None (an unknown or disabled login) is never right, and takes the same time to say so.
    """
    if stored is None:
        return deferToThread(_verify, _NOBODY, password).addCallback(lambda _right: False)
    digest = blake2b(f"{stored}\0{password}".encode("utf-8", "surrogatepass"), key=_KEY, digest_size=16).digest()
    if digest in _right:
        return succeed(True)
    return deferToThread(_verify, stored, password).addCallback(_remember, digest)
