"""Who an origin is: nobody in particular, who may search, or a cataloguer whom the network knows.

What the Init has not said is asked for where it matters (access control, Z39.50 3.2.5), of origins that have agreed to be asked.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from protocols.z3950 import prompt
from protocols.z3950.apdu import AccessControlRequest, AccessControlResponse
from protocols.z3950.diagnostics import Bib1, Refused
from protocols.z3950.elements import IdAuthentication
from protocols.z3950.errors import RemoteProtocolError
from server.passwords import verify
from storage.network.network import Cataloguer, Network

MAX_FAILED: Final = 3
"""Challenges that an association may fail: each costs the verifying of a password."""
_ANYBODY: Final = frozenset({"", "anonymous", "guest"})
_QUESTION: Final = b"user/password"
"""What is asked in version 2, which has no formats: the answer has the same form, that of an open Init."""

Ask = Callable[[AccessControlRequest], Awaitable[AccessControlResponse]]
"""What sends a challenge and brings its response; fails with Refused (101) where there is none in time."""


async def admitted(network: Network, sent: IdAuthentication | None) -> Cataloguer | None:
    """Return the cataloguer that an Init names; None for nobody in particular.

    Raises Refused: 1011 for an unknown name and for a wrong password alike, 1014 for an identity of a kind not known here.
    """
    if sent is None or sent.anonymous is not None:
        return None
    if sent.other is not None:
        raise Refused(Bib1.INIT_AUTHENTICATION_SYSTEM, "open and idPass are known here")
    user, password = _given(sent)
    if user.casefold() in _ANYBODY:
        return None
    account = network.cataloguers.get(user)
    known = account is not None and account.enabled
    if not await verify(account.password_hash if account is not None and known else None, password):
        raise Refused(Bib1.INIT_BAD_PASSWORD)
    return account


def _given(sent: IdAuthentication) -> tuple[str, str]:
    """Return user and password; the open form is by habit "user/password"."""
    if sent.id_pass is not None:
        return sent.id_pass.user_id or sent.id_pass.group_id or "", sent.id_pass.password or ""
    user, _, password = (sent.open or sent.open_international or "").partition("/")
    return user, password


class Challenges:
    """The challenges of one association."""

    def __init__(self) -> None:
        self._failed = 0

    async def account(self, network: Network, ask: Ask, reference_id: bytes | None, version: int) -> Cataloguer:
        """Ask the origin who it is, and return the account. Raises Refused (101, 102)."""
        if self._failed >= MAX_FAILED:
            raise Refused(Bib1.CHALLENGE_REQUIRED, f"{MAX_FAILED} have failed")
        question = {"simple_form": _QUESTION} if version < 3 else {"externally_defined": prompt.WHO}
        response = await ask(AccessControlRequest(reference_id=reference_id, **question))
        try:
            account = await admitted(network, _identity(response))
        except (Refused, RemoteProtocolError) as error:
            self._failed += 1
            raise Refused(
                Bib1.ACCESS_CONTROL_FAILURE, "no account of the network has this name and password"
            ) from error
        if account is None:
            raise Refused(Bib1.ACCESS_CONTROL_FAILURE, "an account of the network is needed")
        return account


def _identity(response: AccessControlResponse) -> IdAuthentication | None:
    """Return who answered a challenge; nobody, where the origin would not say. Raises MalformedPdu."""
    if response.simple_form is not None:
        return IdAuthentication(open=response.simple_form.decode("utf-8", "replace"))
    return None if response.externally_defined is None else prompt.identity(response.externally_defined)
