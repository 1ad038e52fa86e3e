"""The services that ask: users, items, agencies, versions. Items in sets are in `server.ncip.sets`."""

from __future__ import annotations

from typing import Final

from protocols.ncip import SchemeValue, problem
from protocols.ncip.base import response_header
from protocols.ncip.elements import Agency, OrganizationNameInformation
from protocols.ncip.envelope import VERSIONS
from protocols.ncip.lookups import LookupAgency, LookupAgencyResponse, LookupItem, LookupUser
from protocols.ncip.messages import LookupVersion, LookupVersionResponse, UniqueAgencyId, VersionAgency
from protocols.ncip.problems import ProblemType
from protocols.ncip.schemes import AgencyElementType, OrganizationNameType
from server.ncip import answers as ncip_answers
from server.ncip.desk import Asked, Desk, barcode_of, missing, reader_of
from server.ncip.partners import library_named
from server.ncip.refusals import ITEM, Refused
from server.ncip.requests import item_requested
from server.patrons import read_patron
from storage.circulation.accounts import item_information
from storage.circulation.ill.rows import of_patron
from storage.circulation.pins import PinState
from storage.network.network import Network
from storage.refusals import Reason

PROFILE: Final = "Bibliobus ILL 1.0"
"""The application profile that partners find us to speak (docs/reference/ncip-profile.md)."""

_WRONG: Final = {PinState.WRONG: Reason.WRONG_PIN, PinState.LOCKED: Reason.PIN_LOCKED}


async def lookup_user(desk: Desk, asked: Asked) -> bytes:
    """Tell of a reader what is asked, and nothing before the PIN that came along was right."""
    message: LookupUser = asked.message
    reader = reader_of(asked.service, message.user_id, message.authentication_input)
    account = await read_patron(desk.store, reader.card, reader.pin, asked.origin, asked.now)
    if account.patron is None:
        raise asked.refused((account.reason or Reason.UNKNOWN_PATRON,), reader.values)
    if account.pin in _WRONG:
        raise asked.refused((_WRONG[account.pin],), reader.values)
    asking = message.requested_items_desired
    between = await desk.store.read(of_patron(account.patron.row.id)) if asking else []
    return asked.write(ncip_answers.lookup_user(asked.setting, message, account, account.patron, between))


async def lookup_item(desk: Desk, asked: Asked) -> bytes:
    """Tell of an item what is asked."""
    message: LookupItem = asked.message
    if message.item_id is None and message.request_id is not None:
        barcode = await item_requested(desk, asked)
    else:
        barcode = barcode_of(asked.service, message.item_id)
    steps = item_information(asked.setting.network, barcode, asked.origin.library_id, asked.now)
    account = await desk.store.read(steps)
    if account.item is None:
        raise asked.refused((account.reason or Reason.UNKNOWN_ITEM,), {ITEM: barcode})
    return asked.write(ncip_answers.lookup_item(asked.setting, message, account, account.item))


async def lookup_agency(_desk: Desk, asked: Asked) -> bytes:
    """Tell of one of our libraries, or of the network, what is asked. It is also the question whether we are there."""
    message: LookupAgency = asked.message
    if message.agency_id is None:
        raise missing(asked.service, "AgencyId")
    network = asked.setting.network
    library = library_named(network, message.agency_id.value)
    if library is None and message.agency_id.value != network.name:
        detail = "no library of this network"
        kind = ProblemType.UNKNOWN_AGENCY
        raise Refused(problem(asked.service, kind, detail, "AgencyId", message.agency_id.value))
    wanted = {AgencyElementType.of(pair) for pair in message.agency_element_type}
    name = OrganizationNameInformation(
        organization_name_type=OrganizationNameType.OFFICIAL_NAME.pair,
        organization_name=library.name if library is not None else network.name,
    )
    profile = SchemeValue(PROFILE)
    kinds = tuple(SchemeValue(kind.code) for kind in network.categories.values())
    return asked.write(
        LookupAgencyResponse(
            response_header=asked.setting.header,
            agency_id=message.agency_id,
            organization_name_information=(
                (name,) if AgencyElementType.ORGANIZATION_NAME_INFORMATION in wanted else ()
            ),
            application_profile_supported_type=(
                (profile,) if AgencyElementType.APPLICATION_PROFILE_SUPPORTED_TYPE in wanted else ()
            ),
            agency_user_privilege_type=kinds if AgencyElementType.AGENCY_USER_PRIVILEGE_TYPE in wanted else (),
        )
    )


def versions(message: LookupVersion, network: Network) -> LookupVersionResponse:
    """Tell the versions spoken, in the names by which the asker calls itself and us. Anyone may ask."""
    header = message.initiation_header
    return LookupVersionResponse(
        response_header=response_header(header),
        from_agency_id=_unique(message.to_agency_id, header.to_agency_id if header else None, network.name),
        to_agency_id=_unique(message.from_agency_id, header.from_agency_id if header else None, network.name),
        version_supported=VERSIONS,
    )


def _unique(given: VersionAgency | None, headed: Agency | None, otherwise: str) -> VersionAgency:
    unique = (given and given.unique_agency_id) or UniqueAgencyId()
    pair = (headed and headed.agency_id) or SchemeValue(otherwise, "local")
    return VersionAgency(
        unique_agency_id=UniqueAgencyId(
            scheme=unique.scheme or pair.scheme or "local", value=unique.value or pair.value
        )
    )
