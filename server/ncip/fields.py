"""What the store knows of items and readers, as NCIP's optional fields, and the tables from its words to NCIP's.

Elements asked are elements given, and nothing else: what a partner has not asked for of a reader does not leave the house.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time
from typing import Final
from zoneinfo import ZoneInfo

from protocols.ncip.elements import (
    BibliographicRecordId,
    ElectronicAddress,
    NameInformation,
    PersonalNameInformation,
    PhysicalAddress,
    StructuredPersonalUserName,
    UnstructuredAddress,
    UserId,
)
from protocols.ncip.items import (
    BibliographicDescription,
    HoldingsInformation,
    ItemDescription,
    ItemOptionalFields,
    Location,
    LocationName,
    LocationNameInstance,
)
from protocols.ncip.model import SchemeValue
from protocols.ncip.schemes import (
    BLOCK_OR_TRAP_TYPE,
    LANGUAGE,
    BibliographicRecordIdentifierCode,
    CirculationStatus,
    ElectronicAddressType,
    ItemElementType,
    ItemUseRestrictionType,
    LocationType,
    MediumType,
    PhysicalAddressType,
    UnstructuredAddressType,
    UserAddressRoleType,
    UserElementType,
    UserIdentifierType,
)
from protocols.ncip.users import (
    BlockOrTrap,
    UserAddressInformation,
    UserOptionalFields,
    UserPrivilege,
    UserPrivilegeStatus,
)
from storage.circulation.accounts import Item, Patron
from storage.circulation.due import Due
from storage.circulation.status import Status
from storage.network.network import Library, Network
from storage.refusals import Reason, sentence

STATUSES: Final[dict[Status, CirculationStatus]] = {
    Status.AVAILABLE: CirculationStatus.AVAILABLE_ON_SHELF,
    Status.ON_LOAN: CirculationStatus.ON_LOAN,
    Status.CLAIMED_RETURNED: CirculationStatus.CLAIMED_RETURNED_OR_NEVER_BORROWED,
    Status.LOST: CirculationStatus.LOST,
    Status.ON_HOLD_SHELF: CirculationStatus.AVAILABLE_FOR_PICKUP,
    Status.IN_TRANSIT: CirculationStatus.IN_TRANSIT_BETWEEN_LIBRARY_LOCATIONS,
    Status.MISSING: CirculationStatus.MISSING,
    Status.DAMAGED: CirculationStatus.NOT_AVAILABLE,
    Status.IN_REPAIR: CirculationStatus.NOT_AVAILABLE,
    Status.IN_PROCESS: CirculationStatus.IN_PROCESS,
    Status.ON_ORDER: CirculationStatus.ON_ORDER,
    Status.WITHDRAWN: CirculationStatus.NOT_AVAILABLE,
}

MEDIA: Final = {
    "001": MediumType.BOOK,
    "002": MediumType.MAGAZINE,
    "003": MediumType.BOUND_JOURNAL,
    "004": MediumType.AUDIO_TAPE,
    "005": MediumType.VIDEO_TAPE,
    "006": MediumType.COMPACT_DISC,
    "007": MediumType.DISKETTE,
    "008": MediumType.BOOK_WITH_DISKETTE,
    "009": MediumType.BOOK_WITH_COMPACT_DISC,
    "010": MediumType.BOOK_WITH_AUDIO_TAPE,
}
"""Media type of the store (SIP2's) -> NCIP's; those without a row are not told."""

BLOCKS: Final = {"checkout": "Block Checkout", "renew": "Block Renewals", "hold": "Block Holds"}
"""Act that a reader is refused -> BlockOrTrapType, in the words that initiators know from Evergreen."""

NO_BLOCKS: Final = frozenset({Reason.TOO_MANY_LOANS, Reason.TOO_MANY_OF_TYPE})
"""Reasons that end with a return: a reader with many books at home is not blocked, here as in SIP2."""

LANGUAGES: Final = {
    "ar": "ara", "de": "ger", "en": "eng", "es": "spa", "fr": "fre", "it": "ita", "nl": "dut", "pl": "pol", "pt": "por",
}  # fmt: skip
"""ISO 639-1 -> ISO 639-2/B."""


def agency(library: Library) -> SchemeValue:
    """Name a library as an agency: by its ISIL where it has one."""
    return SchemeValue(library.isil or library.code)


def day_end(day: str, zone: ZoneInfo) -> datetime:
    """Give the last second of a day (ISO): until then a due date is kept and a card valid."""
    return datetime.combine(date.fromisoformat(day), time(23, 59, 59), zone)


def due_moment(due: Due | None, zone: ZoneInfo) -> datetime | None:
    """Give the instant at which a loan made in *zone* ends."""
    if due is None:
        return None
    if due.on is not None:
        return day_end(due.on, zone)
    return datetime.fromtimestamp(due.at, UTC) if due.at is not None else None


# --- items ---------------------------------------------------------------------------------------------------------------


def elements_asked(asked: Iterable[SchemeValue]) -> frozenset[ItemElementType]:
    """Give the item elements that are asked for, as far as they are known."""
    return frozenset(kind for pair in asked if (kind := ItemElementType.of(pair)) is not None)


def item_fields(
    network: Network,
    item: Item,
    wanted: frozenset[ItemElementType],
    status: Status,
    due: datetime | None,
    waiting: int | None = None,
) -> ItemOptionalFields | None:
    """Tell of an item what is *wanted*; *waiting* is None where holds were not counted."""
    fields = ItemOptionalFields(
        bibliographic_description=_description(item) if ItemElementType.BIBLIOGRAPHIC_DESCRIPTION in wanted else None,
        item_use_restriction_type=(
            (ItemUseRestrictionType.NOT_FOR_LOAN.pair,)
            if ItemElementType.ITEM_USE_RESTRICTION_TYPE in wanted and not item.row.for_loan
            else ()
        ),
        circulation_status=STATUSES[status].pair if ItemElementType.CIRCULATION_STATUS in wanted else None,
        hold_queue_length=waiting if ItemElementType.HOLD_QUEUE_LENGTH in wanted else None,
        item_description=_copy(item) if ItemElementType.ITEM_DESCRIPTION in wanted else None,
        location=_locations(network, item) if ItemElementType.LOCATION in wanted else (),
        date_due=due if ItemElementType.DATE_DUE in wanted else None,
    )
    return fields if fields.children() else None


def _description(item: Item) -> BibliographicDescription | None:
    row, medium = item.row, MEDIA.get(item.type.media_type)
    told = BibliographicDescription(
        author=row.author or None,
        bibliographic_record_id=(record_id(row.record_id),) if row.record_id is not None else (),
        title=row.title or None,
        medium_type=medium.pair if medium else None,
    )
    return told if told.children() else None


def record_id(number: int) -> BibliographicRecordId:
    """Name a record of the network's catalogue."""
    return BibliographicRecordId(
        bibliographic_record_identifier=str(number),
        bibliographic_record_identifier_code=BibliographicRecordIdentifierCode.ACCESSION_NUMBER.pair,
    )


def _copy(item: Item) -> ItemDescription | None:
    row = item.row
    volume = HoldingsInformation(unstructured_holdings_data=row.volume) if row.volume else None
    if not row.call_number and volume is None:
        return None
    return ItemDescription(call_number=row.call_number or None, holdings_information=volume)


def _locations(network: Network, item: Item) -> tuple[Location, ...]:
    shelf = item.row.location
    return (
        location(network, item.current, LocationType.CURRENT_LOCATION, shelf if item.current == item.home else ""),
        location(network, item.home, LocationType.PERMANENT_LOCATION, shelf),
    )


def location(network: Network, library: Library, kind: LocationType, shelf: str = "") -> Location:
    """Name a place by its levels: 1 the network, 2 the commune, 3 the library, 4 the shelf."""
    levels = ((1, network.name), (2, library.commune), (3, library.name), (4, shelf))
    names = tuple(LocationNameInstance(location_name_level=at, location_name_value=name) for at, name in levels if name)
    return Location(location_type=kind.pair, location_name=LocationName(location_name_instance=names))


# --- readers -------------------------------------------------------------------------------------------------------------


def user_id(asked: UserId | None, patron: Patron) -> UserId:
    """Give back the number that the user was asked by, or the card's."""
    if asked is not None and asked.user_identifier_value:
        return asked
    return UserId(user_identifier_type=UserIdentifierType.BARCODE.pair, user_identifier_value=patron.row.card)


def user_fields(
    patron: Patron, asked: Iterable[SchemeValue], denials: Mapping[str, tuple[Reason, ...]], language: str
) -> UserOptionalFields | None:
    """Tell of a reader the elements *asked*; *denials* are the reasons for which each act is refused to them."""
    wanted = {UserElementType.of(pair) for pair in asked}
    row, tongue = patron.row, LANGUAGES.get(patron.row.language)
    born = datetime.combine(date.fromisoformat(row.born_on), time(), UTC) if row.born_on else None
    fields = UserOptionalFields(
        name_information=_name(patron) if UserElementType.NAME_INFORMATION in wanted else None,
        user_address_information=_addresses(patron) if UserElementType.USER_ADDRESS_INFORMATION in wanted else (),
        date_of_birth=born if UserElementType.DATE_OF_BIRTH in wanted else None,
        user_language=(SchemeValue(tongue, LANGUAGE),) if tongue and UserElementType.USER_LANGUAGE in wanted else (),
        user_privilege=_privileges(patron, denials, language) if UserElementType.USER_PRIVILEGE in wanted else (),
        block_or_trap=_blocks(patron, denials) if UserElementType.BLOCK_OR_TRAP in wanted else (),
        user_id=(user_id(None, patron),) if UserElementType.USER_ID in wanted else (),
    )
    return fields if fields.children() else None


def _name(patron: Patron) -> NameInformation | None:
    row = patron.row
    if not patron.name:
        return None
    whole = StructuredPersonalUserName(given_name=row.forename or None, surname=row.surname)
    return NameInformation(
        personal_name_information=PersonalNameInformation(
            structured_personal_user_name=whole if row.surname else None, unstructured_personal_user_name=patron.name
        )
    )


def _addresses(patron: Patron) -> tuple[UserAddressInformation, ...]:
    row, role = patron.row, UserAddressRoleType.MULTI_PURPOSE.pair
    told = [
        UserAddressInformation(
            user_address_role_type=role,
            electronic_address=ElectronicAddress(electronic_address_type=kind.pair, electronic_address_data=data),
        )
        for kind, data in ((ElectronicAddressType.MAILTO, row.email), (ElectronicAddressType.TEL, row.phone))
        if data
    ]
    if row.address:
        lines = UnstructuredAddress(
            unstructured_address_type=UnstructuredAddressType.NEWLINE_DELIMITED_TEXT.pair,
            unstructured_address_data=row.address,
        )
        post = PhysicalAddress(
            unstructured_address=lines, physical_address_type=PhysicalAddressType.POSTAL_ADDRESS.pair
        )
        told.append(UserAddressInformation(user_address_role_type=role, physical_address=post))
    return tuple(told)


def blocking(denials: Mapping[str, tuple[Reason, ...]], act: str) -> tuple[Reason, ...]:
    """Give the reasons that block a reader from *act*."""
    return tuple(reason for reason in denials.get(act, ()) if reason not in NO_BLOCKS)


def _privileges(patron: Patron, denials: Mapping[str, tuple[Reason, ...]], language: str) -> tuple[UserPrivilege, ...]:
    """Tell whether, as what and where a reader may borrow, in the three types that ILL managers read (ncip.md 2.6)."""
    row, reasons = patron.row, blocking(denials, "checkout")
    status = UserPrivilege(
        agency_id=agency(patron.home),
        agency_user_privilege_type=SchemeValue("STATUS"),
        valid_to_date=day_end(row.valid_until, patron.home.zone) if row.valid_until else None,
        user_privilege_status=_status("BLOCKED" if reasons else "OK"),
        user_privilege_description=" ".join(sentence(reason, language) for reason in reasons) or None,
    )
    others = (("PROFILE", patron.category.code), ("LIBRARY", patron.home.code))
    return (
        status,
        *(
            UserPrivilege(
                agency_id=agency(patron.home),
                agency_user_privilege_type=SchemeValue(kind),
                user_privilege_status=_status(value),
            )
            for kind, value in others
        ),
    )


def _status(value: str) -> UserPrivilegeStatus:
    return UserPrivilegeStatus(user_privilege_status_type=SchemeValue(value))


def _blocks(patron: Patron, denials: Mapping[str, tuple[Reason, ...]]) -> tuple[BlockOrTrap, ...]:
    return tuple(
        BlockOrTrap(agency_id=agency(patron.home), block_or_trap_type=SchemeValue(name, BLOCK_OR_TRAP_TYPE))
        for act, name in BLOCKS.items()
        if blocking(denials, act)
    )
