"""Who sends an NCIP message, and in which library what it asks for takes place."""

from __future__ import annotations

from protocols.ncip import problem
from protocols.ncip.elements import Agency, InitiationHeader
from protocols.ncip.problems import ProblemType
from server.ncip_refusals import Refused
from server.passwords import verify
from storage.network.network import Library, Network, Partner


def code_of(agency: Agency | None) -> str | None:
    """Give an agency's code, None when it names none."""
    return agency.agency_id.value if agency is not None and agency.agency_id is not None else None


class Partners:
    """Tells partners by the FromAgencyId of the header, and by FromAgencyAuthentication where a secret was agreed.

    *anonymous* is the agency that messages without a FromAgencyId are taken to come from; None refuses them.
    """

    def __init__(self, anonymous: str | None) -> None:
        self._anonymous = anonymous

    async def identify(self, network: Network, service: str, header: InitiationHeader | None) -> Partner:
        """Give the partner that sent *header*; raises `Refused` with the problem that says why there is none."""
        code = (code_of(header.from_agency_id) if header is not None else None) or self._anonymous
        if code is None:
            detail = "say who you are: InitiationHeader/FromAgencyId/AgencyId"
            raise Refused(problem(service, ProblemType.NEEDED_DATA_MISSING, detail, "FromAgencyId"))
        partner = network.partners.get(code)
        if partner is None:
            detail = "no partner of this network"
            raise Refused(problem(service, ProblemType.UNKNOWN_AGENCY, detail, "FromAgencyId", code))
        if not partner.enabled:
            kind = ProblemType.UNAUTHORIZED_SERVICE_FOR_AGENCY
            raise Refused(problem(service, kind, "this partner is suspended", "FromAgencyId", code))
        given = header.from_agency_authentication if header is not None else None
        if partner.secret_hash and not await verify(partner.secret_hash, given or ""):
            kind = ProblemType.AGENCY_AUTHENTICATION_FAILED
            raise Refused(problem(service, kind, "this is not the secret agreed", "FromAgencyAuthentication"))
        return partner


def library_named(network: Network, code: str | None) -> Library | None:
    """Give the library that an agency's code means, by ISIL or by our own code."""
    if code is None:
        return None
    return next((library for library in network.libraries.values() if code in {library.isil, library.code}), None)


def place_of(network: Network, header: InitiationHeader | None, partner: Partner) -> Library:
    """Give the library in which an act takes place, since CheckInItem and CheckOutItem name none.

    It is the library of ours that OnBehalfOfAgency or ToAgencyId names, by ISIL or code, else the partner's own.
    """
    agencies = (header.on_behalf_of_agency, header.to_agency_id) if header is not None else ()
    named = (library_named(network, code_of(agency)) for agency in agencies)
    return next((library for library in named if library is not None), network.libraries[partner.library_id])
