"""Who sends an NCIP message, what they may ask, and in which library what they ask for takes place."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from ipaddress import ip_address, ip_network
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from protocols.ncip import problem
from protocols.ncip.elements import Agency, InitiationHeader
from protocols.ncip.problems import ProblemType
from server.ncip.refusals import Refused
from server.passwords import verify
from storage.network.network import Library, Network, Partner

RIGHTS: Final = {
    "addresses": "networks from which it may come, as `192.0.2.0/24`",
    "certificate": "SHA-256 fingerprint of the certificate that it must show (hexadecimal)",
    "services": "services that it may ask for; all, when not given, but for those that must be granted by name",
    "fees": "`waive`: a fee that it would have paid is acknowledged, and nobody owes it; else it is refused",
    "restrictions": "restrictions of use (ItemUseRestrictionType) that it must acknowledge in what it asks of us",
    "order": "its place among the lenders that are asked one after the other",
    "category": "code of the category in which readers are registered that it brings (CreateUser)",
    "libraries": "codes of the libraries in which its acts may take place; all, when not given",
    "per_minute": "messages that it may send in a minute",
    "language": "`fr` or `en`: in which problems are explained",
    "timezone": "where dates without a zone were written",
    "retry_first": "seconds until what it did not take is brought again; twice as many each time",
    "retry_longest": "the longest of these pauses",
    "trace": "`true`: all its messages are kept in the journal, masked; else those alone with which something was wrong",
}
"""Key of a partner's profile -> what it bounds."""


GRANTED: Final = frozenset(
    {
        "CreateItem", "CreateUser", "DeleteUser", "SendUserNotice", "UpdateCirculationStatus", "UpdateItem", "UpdateUser",
    }
)  # fmt: skip
"""Services that only a partner may use whose profile names them: they are more than lending needs."""


@dataclass(frozen=True, slots=True)
class Peer:
    """What the line itself says of who is there: address, fingerprint of a certificate, and a secret that came beside the message."""

    address: str = ""
    certificate: str = ""
    secret: str | None = field(default=None, repr=False)


def peer_of(transport: Any, authorization: str | None = None) -> Peer:
    """Give what *transport*, and the header Authorization of HTTP, say of a partner."""
    host = getattr(transport.getPeer(), "host", "") or ""
    shown = getattr(transport, "getPeerCertificate", None)
    certificate = shown() if shown is not None else None
    digest = certificate.digest("sha256").decode().replace(":", "").lower() if certificate is not None else ""
    return Peer(str(host), digest, _secret(authorization))


def _secret(authorization: str | None) -> str | None:
    kind, _, given = (authorization or "").partition(" ")
    if kind.lower() == "bearer":
        return given.strip()
    if kind.lower() == "basic":
        try:
            return b64decode(given.strip(), validate=True).decode().partition(":")[2]
        except ValueError:  # also UnicodeDecodeError
            return ""
    return None


def code_of(agency: Agency | None) -> str | None:
    """Give an agency's code, None when it names none."""
    return agency.agency_id.value if agency is not None and agency.agency_id is not None else None


def _names(value: Any) -> Iterable[str]:
    return map(str, value) if isinstance(value, list) else ()


def comes_from(partner: Partner, address: str) -> bool:
    """Tell whether a partner may come from *address*."""
    allowed = partner.profile.get("addresses")
    if not allowed:
        return True
    try:
        here = ip_address(address)
        return any(here in ip_network(each, strict=False) for each in _names(allowed))
    except ValueError:
        return False


class Partners:
    """Tells partners by the FromAgencyId of the header, and by what was agreed to prove it: address, certificate, secret.

    A message without a FromAgencyId comes from whose certificate was shown, else from *anonymous*; None refuses it.
    """

    def __init__(self, anonymous: str | None) -> None:
        self._anonymous = anonymous
        self._minutes: dict[str, tuple[int, int]] = {}

    async def identify(
        self, network: Network, service: str, header: InitiationHeader | None, peer: Peer, now: int
    ) -> Partner:
        """Give the partner that sent *header*; raises `Refused` with the problem that says why there is none."""
        code = self.sender(network, header, peer)
        if code is None:
            detail = "say who you are: InitiationHeader/FromAgencyId/AgencyId"
            raise Refused(problem(service, ProblemType.NEEDED_DATA_MISSING, detail, "FromAgencyId"))
        partner = network.partners.get(code)
        if partner is None:
            detail = "no partner of this network"
            raise Refused(problem(service, ProblemType.UNKNOWN_AGENCY, detail, "FromAgencyId", code))
        await self._prove(partner, service, header, peer)
        self._allow(partner, service, peer, now)
        return partner

    def sender(self, network: Network, header: InitiationHeader | None, peer: Peer) -> str | None:
        """Give the agency that a message says it comes from, or that its line shows; None when neither does."""
        return (code_of(header.from_agency_id) if header is not None else None) or self._shown(network, peer)

    def _shown(self, network: Network, peer: Peer) -> str | None:
        """Give the agency whose certificate was shown, if it is one's alone."""
        if peer.certificate:
            found = [p.agency for p in network.partners.values() if _fingerprint(p) == peer.certificate]
            if len(found) == 1:
                return found[0]
        return self._anonymous

    async def _prove(self, partner: Partner, service: str, header: InitiationHeader | None, peer: Peer) -> None:
        kind = ProblemType.AGENCY_AUTHENTICATION_FAILED
        wanted = _fingerprint(partner)
        if wanted and peer.certificate != wanted:
            raise Refused(problem(service, kind, "this is not the certificate agreed", "FromAgencyId", partner.agency))
        given = header.from_agency_authentication if header is not None else None
        secret = given if given is not None else peer.secret or ""
        if partner.secret_hash and not await verify(partner.secret_hash, secret):
            raise Refused(problem(service, kind, "this is not the secret agreed", "FromAgencyAuthentication"))

    def _allow(self, partner: Partner, service: str, peer: Peer, now: int) -> None:
        kind, profile = ProblemType.UNAUTHORIZED_SERVICE_FOR_AGENCY, partner.profile
        if not partner.enabled:
            raise Refused(problem(service, kind, "this partner is suspended", "FromAgencyId", partner.agency))
        if not comes_from(partner, peer.address):
            raise Refused(problem(service, kind, "not from this address", "FromAgencyId", partner.agency))
        named = service in _names(profile.get("services"))
        if not named and (profile.get("services") or service in GRANTED):
            raise Refused(problem(service, kind, "this service was not agreed", "NCIPMessage", service))
        most = profile.get("per_minute")
        if type(most) is int:
            minute, sent = self._minutes.get(partner.agency, (0, 0))
            sent = sent + 1 if minute == now // 60 else 1
            self._minutes[partner.agency] = (now // 60, sent)
            if sent > most:
                kind = ProblemType.TEMPORARY_PROCESSING_FAILURE
                raise Refused(problem(service, kind, "too many messages in a minute", "FromAgencyId", partner.agency))


def _fingerprint(partner: Partner) -> str:
    return str(partner.profile.get("certificate", "")).replace(":", "").lower()


def zone_of(partner: Partner) -> tzinfo:
    """Give the zone of a partner's dates without one; UTC when its profile names none that there is."""
    try:
        return ZoneInfo(str(partner.profile.get("timezone", "UTC")))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC


def library_named(network: Network, code: str | None) -> Library | None:
    """Give the library that an agency's code means, by ISIL or by our own code."""
    if code is None:
        return None
    return next((library for library in network.libraries.values() if code in {library.isil, library.code}), None)


def place_of(network: Network, service: str, header: InitiationHeader | None, partner: Partner) -> Library:
    """Give the library in which an act takes place, since CheckInItem and CheckOutItem name none.

    It is the library of ours that OnBehalfOfAgency or ToAgencyId names, by ISIL or code, else the partner's own.
    Raises `Refused` when the partner may not act there.
    """
    agencies = (header.on_behalf_of_agency, header.to_agency_id) if header is not None else ()
    named = (library_named(network, code_of(agency)) for agency in agencies)
    place = next((library for library in named if library is not None), network.libraries[partner.library_id])
    if partner.profile.get("libraries") and place.code not in _names(partner.profile["libraries"]):
        kind = ProblemType.UNAUTHORIZED_SERVICE_FOR_AGENCY
        raise Refused(problem(service, kind, "this library was not agreed", "ToAgencyId", place.code))
    return place
