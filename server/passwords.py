"""Passwords of devices and partners: argon2, verified in a thread, never on the reactor.

After a power cut every kiosk of the network logs in at once, and each argon2 costs tens of milliseconds. So what has been
verified is remembered, as a digest under a key that lives and dies with the process: a right password is right again at
once, while each wrong one costs its full time. Who comes with one that is being verified waits for that, and not behind it.
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
from twisted.python.failure import Failure

# OWASP's small profile.
HASHER: Final = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_NOBODY: Final = HASHER.hash("no device has this password")
_KEY: Final = secrets.token_bytes(32)
_REMEMBERED: Final = 4096
_right: OrderedDict[bytes, None] = OrderedDict()
_under_way: dict[bytes, list[Deferred[bool]]] = {}
"""Who waits for what is being verified."""


def _verify(stored: str, password: str) -> bool:
    try:
        return HASHER.verify(stored, password)
    except (Argon2Error, InvalidHashError, UnicodeEncodeError):
        return False


def _remember(digest: bytes) -> None:
    _right[digest] = None
    while len(_right) > _REMEMBERED:
        _right.popitem(last=False)


def _verified(result: bool | Failure, digest: bytes) -> bool | Failure:
    if result is True:
        _remember(digest)
    for waiting in _under_way.pop(digest):
        waiting.callback(result)  # A Failure makes it an errback.
    return result


def verify(stored: str | None, password: str) -> Deferred[bool]:
    """Tell whether *password* is the one whose argon2 hash is *stored*.

    None (an unknown or disabled login) is never right, and takes the same time to say so.
    """
    if stored is None:
        return deferToThread(_verify, _NOBODY, password).addCallback(lambda _right: False)
    digest = blake2b(f"{stored}\0{password}".encode("utf-8", "surrogatepass"), key=_KEY, digest_size=16).digest()
    if digest in _right:
        return succeed(True)
    if digest in _under_way:
        waiting: Deferred[bool] = Deferred()
        _under_way[digest].append(waiting)
        return waiting
    _under_way[digest] = []
    return deferToThread(_verify, stored, password).addBoth(_verified, digest)
