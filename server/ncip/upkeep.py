"""The services that change what is known of items and readers, or that tell of a loan, on the word of a partner.

They are more than lending needs: a partner may use them that was granted them by name (``services`` in its profile).
"""

from __future__ import annotations

from typing import Any, Final

from protocols.ncip import problem
from protocols.ncip.base import Response
from protocols.ncip.circulation import (
    ReportCirculationStatusChange,
    ReportCirculationStatusChangeResponse,
    UndoCheckOutItem,
    UndoCheckOutItemResponse,
)
from protocols.ncip.elements import FiscalTransactionReferenceId, UserId
from protocols.ncip.model import SchemeValue
from protocols.ncip.problems import ProblemType
from protocols.ncip.schemes import CirculationStatus, ElectronicAddressType, UserIdentifierType
from protocols.ncip.upkeep import (
    CreateUser,
    CreateUserFiscalTransaction,
    CreateUserFiscalTransactionResponse,
    CreateUserResponse,
    DeleteUser,
    DeleteUserResponse,
    SendUserNotice,
    SendUserNoticeResponse,
    UpdateCirculationStatus,
    UpdateCirculationStatusResponse,
    UpdateUser,
    UpdateUserResponse,
)
from protocols.ncip.users import UserAddressInformation
from server.ncip.desk import Asked, Desk, Reader, barcode_of, missing, reader_of
from server.ncip.fields import LANGUAGES
from server.ncip.ill import day_of
from server.ncip.loans import LOANS_KEPT, RETURNS_KEPT
from server.ncip.refusals import ITEM, USER, Refused
from server.patrons import read_patron
from storage.circulation.accounts import PatronAccount
from storage.circulation.ill.fees import WAIVE, FeeRequest
from storage.circulation.ill.notices import NOTICE, NoticeRequest
from storage.circulation.ill.once import once
from storage.circulation.marking import MARK, MarkRequest
from storage.circulation.patrons.act import PatronAnswer
from storage.circulation.patrons.erasure import ERASE, EraseRequest
from storage.circulation.patrons.register import CHANGE, REGISTER, ChangeRequest, RegisterRequest
from storage.circulation.pins import PinState
from storage.circulation.standing import STANDING, Finding, StandingRequest
from storage.circulation.undo import UNDO, UndoRequest
from storage.refusals import Reason

_MARKS: Final[dict[CirculationStatus, Any]] = {
    CirculationStatus.AVAILABLE_ON_SHELF: "good",
    CirculationStatus.IN_PROCESS: "in-process",
    CirculationStatus.LOST: "lost",
    CirculationStatus.MISSING: "missing",
    CirculationStatus.NOT_AVAILABLE: "repair",
}
"""CirculationStatus that a partner may set -> the condition of the item. The others follow from loans, holds and transits."""

_STANDING: Final = once(STANDING, lambda request: (request.barcode, request.card, request.finding.value))
_REGISTER: Final = once(REGISTER, lambda request: (request.code,))
_ERASE: Final = once(ERASE, lambda request: (request.card,))
_TONGUES: Final = {name: code for code, name in LANGUAGES.items()}


async def _proven(desk: Desk, asked: Asked, reader: Reader) -> PatronAccount:
    """Read whom a request names; raises `Refused` when the PIN that came along is not theirs."""
    account = await read_patron(desk.store, reader.card, reader.pin, asked.origin, asked.now)
    if account.pin in {PinState.WRONG, PinState.LOCKED}:
        raise asked.refused((Reason.WRONG_PIN,), reader.values)
    return account


async def undo_check_out(desk: Desk, asked: Asked) -> bytes:
    """Take the last check-out of an item back."""
    message: UndoCheckOutItem = asked.message
    barcode = barcode_of(asked.service, message.item_id)
    card = ""
    if message.user_id is not None or message.authentication_input:
        reader = reader_of(asked.service, message.user_id, message.authentication_input)
        card = reader.card
        await _proven(desk, asked, reader)
    request = UndoRequest(barcode, "checkout", asked.origin, card)

    def made(_answer: Any) -> Response:
        return UndoCheckOutItemResponse(
            response_header=asked.setting.header, item_id=message.item_id, user_id=message.user_id
        )

    return await desk.act(asked, UNDO, request, {ITEM: barcode}, made, RETURNS_KEPT)


async def report_status(desk: Desk, asked: Asked) -> bytes:
    """Note what a reader says of an item on loan: that it was brought back, or is lost."""
    message: ReportCirculationStatusChange = asked.message
    barcode = barcode_of(asked.service, message.item_id)
    reader = reader_of(asked.service, message.user_id, message.authentication_input)
    await _proven(desk, asked, reader)
    claims = message.item_reported_returned is not None or message.item_reported_never_borrowed
    if not (claims or message.item_reported_lost or message.item_reported_missing):
        raise missing(asked.service, "ItemReportedReturned")
    finding = Finding.CLAIMED if claims else Finding.LOST
    request = StandingRequest(barcode, finding, asked.origin, card=reader.card)

    def made(_answer: Any) -> Response:
        return ReportCirculationStatusChangeResponse(
            response_header=asked.setting.header, item_id=message.item_id, user_id=message.user_id
        )

    return await desk.act(asked, _STANDING, request, {**reader.values, ITEM: barcode}, made, LOANS_KEPT)


async def update_status(desk: Desk, asked: Asked) -> bytes:
    """Set the condition of an item, as far as a status tells one."""
    message: UpdateCirculationStatus = asked.message
    barcode = barcode_of(asked.service, message.item_id)
    status = CirculationStatus.of(message.circulation_status)
    if status not in _MARKS:
        value = message.circulation_status.value if message.circulation_status is not None else None
        raise asked.violated("this status follows from what happens to the item", "CirculationStatus", value)
    request = MarkRequest(barcode, _MARKS[status], asked.origin)

    def made(_answer: Any) -> Response:
        return UpdateCirculationStatusResponse(response_header=asked.setting.header, item_id=message.item_id)

    return await desk.act(asked, MARK, request, {ITEM: barcode}, made, RETURNS_KEPT)


def _contacts(addresses: tuple[UserAddressInformation, ...]) -> dict[str, str]:
    found = {}
    for each in addresses:
        if each.electronic_address is not None and each.electronic_address.electronic_address_data:
            kind = ElectronicAddressType.of(each.electronic_address.electronic_address_type)
            column = "phone" if kind is ElectronicAddressType.TEL else "email"
            found[column] = each.electronic_address.electronic_address_data
        elif each.physical_address is not None and each.physical_address.unstructured_address is not None:
            found["address"] = each.physical_address.unstructured_address.unstructured_address_data or ""
    return found


def _details(asked: Asked, message: Any) -> dict[str, Any]:
    """Give what a message says of a reader, in the columns of the store."""
    details: dict[str, Any] = dict(_contacts(message.user_address_information))
    names = message.name_information.personal_name_information if message.name_information is not None else None
    if names is not None and names.structured_personal_user_name is not None:
        details["surname"] = names.structured_personal_user_name.surname
        details["forename"] = names.structured_personal_user_name.given_name or ""
    elif names is not None:
        details["surname"] = names.unstructured_personal_user_name
    if message.date_of_birth is not None:
        details["born_on"] = day_of(asked, message.date_of_birth)
    for tongue in message.user_language:
        details["language"] = _TONGUES.get(tongue.value, tongue.value[:2])
    return {column: value for column, value in details.items() if value is not None}


async def create_user(desk: Desk, asked: Asked) -> bytes:
    """Register a reader of a partner's, in the category that was agreed, by the card that they have."""
    message: CreateUser = asked.message
    reader = reader_of(asked.service, message.user_id, message.authentication_input)
    network, place = asked.setting.network, asked.setting.place
    wanted = str(asked.partner.profile.get("category", ""))
    category = next((kind for kind in network.categories.values() if kind.code == wanted), None)
    details = _details(asked, message)
    if category is None:
        raise asked.violated("no category of readers was agreed for those whom you register", "NCIPMessage")
    if not details.get("surname"):
        raise missing(asked.service, "NameInformation")
    details |= {"category_id": category.id, "home_id": place.id}
    request = RegisterRequest(reader.card, reader.card, asked.origin, details, pin=reader.pin or None)

    def made(_answer: PatronAnswer) -> Response:
        return CreateUserResponse(response_header=asked.setting.header, user_id=_named(message.user_id, reader.card))

    return await desk.act(asked, _REGISTER, request, reader.values, made, LOANS_KEPT)


def _named(asked: UserId | None, card: str) -> UserId:
    return asked or UserId(user_identifier_type=UserIdentifierType.BARCODE.pair, user_identifier_value=card)


async def update_user(desk: Desk, asked: Asked) -> bytes:
    """Change name, addresses, language or date of birth of a reader: what is added stands in the place of what was."""
    message: UpdateUser = asked.message
    reader = reader_of(asked.service, message.user_id, message.authentication_input)
    added, taken = message.add_user_fields, message.delete_user_fields
    if any(fields is not None and (fields.user_privilege or fields.block_or_trap) for fields in (added, taken)):
        raise asked.violated("privileges and blocks are ours to give", "UserPrivilege")
    if any(fields is not None and fields.authentication_input for fields in (added, taken)):
        raise asked.violated("PINs are changed at a library", "AuthenticationInput")
    await _proven(desk, asked, reader)
    details: dict[str, Any] = dict.fromkeys(_contacts(taken.user_address_information)) if taken is not None else {}
    details |= _details(asked, added) if added is not None else {}
    if not details:
        raise missing(asked.service, "AddUserFields")

    def made(_answer: PatronAnswer) -> Response:
        return UpdateUserResponse(response_header=asked.setting.header, user_id=_named(message.user_id, reader.card))

    request = ChangeRequest(reader.card, asked.origin, details)
    return await desk.act(asked, CHANGE, request, reader.values, made, LOANS_KEPT)


async def delete_user(desk: Desk, asked: Asked) -> bytes:
    """Erase a reader whom the partner registered, unless something is open; those of other categories are not the partner's."""
    message: DeleteUser = asked.message
    reader = reader_of(asked.service, message.user_id, message.authentication_input)
    account = await _proven(desk, asked, reader)
    # Nobody is found where this is a repeat: the store knows.
    if account.patron is not None and account.patron.category.code != asked.partner.profile.get("category"):
        raise asked.violated("the reader is none of those whom you register", USER)

    def made(_answer: PatronAnswer) -> Response:
        return DeleteUserResponse(response_header=asked.setting.header, user_id=_named(message.user_id, reader.card))

    return await desk.act(asked, _ERASE, EraseRequest(reader.card, asked.origin), reader.values, made, LOANS_KEPT)


async def send_notice(desk: Desk, asked: Asked) -> bytes:
    """Have a reader told something: it waits with the other notices."""
    message: SendUserNotice = asked.message
    reader = reader_of(asked.service, message.user_id, ())
    details = message.user_notice_details
    if details is None or not details.notice_content:
        raise missing(asked.service, "NoticeContent")
    kind = details.notice_type.value if details.notice_type is not None else ""
    request = NoticeRequest(reader.card, kind, details.notice_content, asked.origin)

    def made(_answer: PatronAnswer) -> Response:
        return SendUserNoticeResponse(response_header=asked.setting.header, user_id=message.user_id)

    return await desk.act(asked, NOTICE, request, reader.values, made, LOANS_KEPT)


async def charge(desk: Desk, asked: Asked) -> bytes:
    """Take note of a fee that nobody owes, where that was agreed; else refuse: lending costs nothing here, nobody has an account."""
    message: CreateUserFiscalTransaction = asked.message
    reader = reader_of(asked.service, message.user_id, message.authentication_input)
    account = await _proven(desk, asked, reader)
    if account.patron is None:
        raise asked.refused((account.reason or Reason.UNKNOWN_PATRON,), reader.values)
    if asked.partner.profile.get("fees") != "waive":
        detail = "lending costs nothing here: there are no accounts"
        raise Refused(problem(asked.service, ProblemType.ACCOUNT_ACCESS_DENIED, detail, USER))
    place = asked.setting.place
    reference = FiscalTransactionReferenceId(
        agency_id=SchemeValue(place.isil or place.code), fiscal_transaction_identifier_value=asked.digest.hex()
    )

    def made(_answer: PatronAnswer) -> Response:
        return CreateUserFiscalTransactionResponse(
            response_header=asked.setting.header,
            user_id=_named(message.user_id, reader.card),
            fiscal_transaction_reference_id=reference,
        )

    request = FeeRequest(reader.card, asked.digest.hex(), asked.origin)
    return await desk.act(asked, WAIVE, request, reader.values, made, LOANS_KEPT)
