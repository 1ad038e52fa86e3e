"""Who an origin is: nobody in particular, who may search, or a cataloguer whom the network knows."""

from __future__ import annotations

from protocols.z3950.diagnostics import Bib1, Refused
from protocols.z3950.elements import IdAuthentication
from server.passwords import verify
from storage.network.network import Cataloguer, Network

_ANYBODY = frozenset({"", "anonymous", "guest"})


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
