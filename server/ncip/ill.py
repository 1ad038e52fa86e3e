"""The services of inter-library loan: what a partner asks of us, sends us and tells us about requests."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from protocols.ncip import SchemeValue, problem
from protocols.ncip.base import Response
from protocols.ncip.circulation import (
    AcceptItem,
    AcceptItemResponse,
    CancelRecallItem,
    CancelRecallItemResponse,
    CancelRequestItem,
    CancelRequestItemResponse,
    RecallItem,
    RecallItemResponse,
    RenewItem,
    RenewItemResponse,
    RequestItem,
    RequestItemResponse,
)
from protocols.ncip.elements import ItemId, RequestId, UserId
from protocols.ncip.items import ItemOptionalFields
from protocols.ncip.problems import GENERAL, SERVICES
from protocols.ncip.problems import ProblemType as P
from protocols.ncip.schemes import (
    ItemIdentifierType,
    ItemUseRestrictionType,
    MediumType,
    RequestScopeType,
    RequestStatusType,
    RequestType,
    fold,
)
from protocols.ncip.upkeep import DeleteItem, DeleteItemResponse
from server.ncip.desk import Asked, Desk, barcode_of, missing, refusal
from server.ncip.dialects import dialect_of
from server.ncip.fields import MEDIA, day_end
from server.ncip.loans import LOANS_KEPT, renew
from server.ncip.refusals import ITEM, USER, Row
from server.ncip.titles import wanted_of
from storage.circulation.ill.events import ILL_EVENT, IllAnswer, IllEvent
from storage.circulation.ill.items import ITEM_WORD, ItemWord
from storage.circulation.ill.machine import Event, No, Role, State, sentence
from storage.circulation.ill.requests import ILL_REQUEST, IllRequest
from storage.circulation.ill.rows import BY_BARCODE, BY_NUMBER, LONG_OVER, IllRow, row_of
from storage.network.network import Library
from storage.statements import Steps
from storage.usecase import Ledger, Outcome

_REQUEST: Final = "RequestIdentifierValue"
_NO: Final = P.UNAUTHORIZED_COMBINATION_FOR_AGENCY

NOES: Final[dict[No, Row]] = {
    No.UNKNOWN_REQUEST: Row((P.UNKNOWN_REQUEST, P.UNKNOWN_ITEM, _NO), _REQUEST),
    No.DUPLICATE_REQUEST: Row((P.DUPLICATE_REQUEST, P.CANNOT_ACCEPT_ITEM, _NO), _REQUEST),
    No.UNKNOWN_ITEM: Row((P.UNKNOWN_ITEM, _NO), ITEM),
    No.UNKNOWN_USER: Row((P.UNKNOWN_USER, _NO), USER),
    No.USER_BLOCKED: Row((P.USER_BLOCKED, P.USER_INELIGIBLE_TO_CHECK_OUT_THIS_ITEM, _NO), USER),
    No.TOO_LATE: Row((P.REQUEST_ALREADY_PROCESSED, P.ELEMENT_RULE_VIOLATED, _NO), _REQUEST),
    No.NOT_ON_LOAN: Row((P.ITEM_NOT_CHECKED_OUT, P.ITEM_NOT_RENEWABLE, _NO), ITEM),
    No.NOT_RENEWABLE: Row((P.MAXIMUM_RENEWALS_EXCEEDED, P.ITEM_NOT_RENEWABLE, _NO), ITEM),
    No.WAITED_FOR: Row((P.RENEWAL_NOT_ALLOWED, P.ITEM_CANNOT_BE_RECALLED, _NO), ITEM),
    No.NOT_FOR_LOAN: Row((P.ITEM_DOES_NOT_CIRCULATE, _NO), ITEM),
    No.BARCODE_TAKEN: Row((P.CANNOT_ACCEPT_ITEM, P.DUPLICATE_ITEM, _NO), ITEM),
    No.NO_TERMS: Row((_NO,), _REQUEST),
    No.NO_LENDER: Row((_NO,), _REQUEST),
    No.OVERTAKEN: Row((P.TEMPORARY_PROCESSING_FAILURE,), _REQUEST),
    No.NO_ACCOUNT: Row((P.USER_INELIGIBLE_TO_REQUEST_THIS_ITEM, P.UNKNOWN_USER, _NO), USER),
}  # fmt: skip
"""Why the store refuses -> types to choose from, and element."""

STATUSES: Final = {
    State.ASKED: RequestStatusType.REQUESTED_VIA_ILL,
    State.CONDITIONAL: RequestStatusType.NEED_TO_ACCEPT_CONDITIONS,
    State.ACCEPTED: RequestStatusType.IN_PROCESS,
    State.SHIPPED: RequestStatusType.IN_PROCESS,
    State.RECEIVED: RequestStatusType.AVAILABLE_FOR_PICKUP,
    State.LENT: RequestStatusType.IN_PROCESS,
    State.RETURNED: RequestStatusType.IN_PROCESS,
    State.SENT_BACK: RequestStatusType.IN_PROCESS,
    State.CLOSED: RequestStatusType.EXPIRED,
    State.UNFILLED: RequestStatusType.CANNOT_FULFILL_REQUEST,
    State.CANCELLED: RequestStatusType.EXPIRED,
    State.LOST: RequestStatusType.CANNOT_FULFILL_REQUEST,
}
"""How far a request has come -> RequestStatusType."""

MEDIA_TYPES: Final = {medium: kind for kind, medium in MEDIA.items()}
"""MediumType -> the medium of our item types."""


# --- reading what is asked -------------------------------------------------------------------------------------------------


def key_of(given: RequestId | None) -> tuple[str, str]:
    """Give the two halves of a RequestId, empty where it has none."""
    if given is None:
        return "", ""
    return (given.agency_id.value if given.agency_id else ""), given.request_identifier_value or ""


def number_of(item: ItemId | None) -> str:
    """Give an item's number, empty where it has none."""
    return (item.item_identifier_value if item is not None else None) or ""


def day_of(asked: Asked, moment: datetime | None) -> str | None:
    """Give the day of an instant, where the act takes place."""
    return None if moment is None else moment.astimezone(asked.setting.place.zone).date().isoformat()


def event_of(asked: Asked, event: Event, **more: Any) -> IllEvent:
    """Make the event that a message tells, from the keys that it has."""
    message = asked.message
    item = getattr(message, "item_id", None)
    agency, number = key_of(getattr(message, "request_id", None))
    told = {"barcode": number_of(item)} | more
    return IllEvent(
        event,
        asked.partner.agency,
        asked.origin,
        agency or asked.partner.agency if number else "",
        number,
        theirs=True,
        **told,
    )


def described(message: Any) -> dict[str, Any]:
    """Give what a message says of an item that comes."""
    fields: ItemOptionalFields = getattr(message, "item_optional_fields", None) or ItemOptionalFields()
    told, copy = fields.bibliographic_description, fields.item_description
    medium = MediumType.of(told.medium_type) if told is not None else None
    return {
        "title": (told.title if told else None) or "",
        "author": (told.author if told else None) or "",
        "media_type": MEDIA_TYPES.get(medium, "") if medium is not None else "",
        "call_number": (copy.call_number if copy else None) or "",
    }


def pickup_of(asked: Asked, given: SchemeValue | None) -> Library:
    """Find the pick-up library by code, ISIL, name, or what the partner's profile calls it; else the library addressed."""
    network = asked.setting.network
    aliases = asked.partner.profile.get("pickup_locations", {})
    if given is not None:
        wanted = str(aliases.get(given.value, given.value)) if isinstance(aliases, Mapping) else given.value
        for library in network.libraries.values():
            if (
                fold(wanted) in {fold(library.code), fold(library.isil), fold(library.name)}
                and library.kind != "external"
            ):
                return library
    place = asked.setting.place
    if place.kind != "external":
        return place
    ours = (library for library in network.libraries.values() if library.kind != "external")
    return next(ours, place)


_TRIES: Final = 3
_USECASES: Final[dict[type, Any]] = {IllEvent: ILL_EVENT, IllRequest: ILL_REQUEST, ItemWord: ITEM_WORD}

# --- acting and answering --------------------------------------------------------------------------------------------------


async def act(
    desk: Desk, asked: Asked, request: IllEvent | IllRequest | ItemWord, made: Callable[[IllAnswer], Response]
) -> bytes:
    """Have the store take *request* once, and give the answer that it keeps."""
    asked.undamaged()

    def render(answer: IllAnswer) -> bytes:
        if answer.no is not None:
            return asked.write(refusal(asked.message, (problem_of(asked, answer.no),)))
        return asked.write(made(answer))

    ledger = Ledger(f"ncip:{asked.origin.actor}", asked.digest, 0, render, LOANS_KEPT)
    return (await taken(desk, asked, request, ledger)).reply


async def taken(
    desk: Desk, asked: Asked, request: IllEvent | IllRequest | ItemWord, ledger: Ledger[IllAnswer]
) -> Outcome[IllAnswer]:
    """Have the store take *request*; what others overtook, on whatever daemon, is decided anew with what they made."""
    for _ in range(_TRIES):
        outcome: Outcome[IllAnswer] = await desk.store.transact(_USECASES[type(request)], request, asked.now, ledger)
        if outcome.repeated:
            desk.metrics.count("repeats", "ncip", asked.service)
        if outcome.answer is None or outcome.answer.no is not No.OVERTAKEN:
            break
    return outcome


def problem_of(asked: Asked, no: No) -> Any:
    """Say why the store refused."""
    row, detail = NOES[no], sentence(no, asked.setting.language)
    allowed = SERVICES[asked.service].own | GENERAL
    kind = next(kind for kind in row.types if kind in allowed)
    message = asked.message
    values = {
        ITEM: number_of(getattr(message, "item_id", None) if not isinstance(message, RequestItem) else None),
        _REQUEST: key_of(getattr(message, "request_id", None))[1],
    }
    element = ITEM if row.element == _REQUEST and not values[_REQUEST] and values[ITEM] else row.element
    return problem(asked.service, kind, detail, element, values.get(element) or None)


def request_id_of(row: IllRow) -> RequestId:
    """Name a request between libraries."""
    return RequestId(agency_id=SchemeValue(row.agency), request_identifier_value=row.number)


def item_id_of(barcode: str) -> ItemId:
    """Name an item by its barcode."""
    return ItemId(item_identifier_type=ItemIdentifierType.BARCODE.pair, item_identifier_value=barcode)


def _row(answer: IllAnswer) -> IllRow:
    assert answer.row is not None, "what was taken is about a request"
    return answer.row


# --- services --------------------------------------------------------------------------------------------------------------


async def accept_item(desk: Desk, asked: Asked) -> bytes:
    """Take in an item that comes for a reader of ours, asked for or not: a temporary item, held for them."""
    message: AcceptItem = asked.message
    agency, number = key_of(message.request_id)
    if not number:
        raise missing(asked.service, _REQUEST)
    barcode = number_of(message.item_id)
    comes = event_of(
        asked, Event.SHIPPED, due_on=day_of(asked, message.date_for_return), returnable=not message.non_returnable_flag,
        renewable=not message.renewal_not_permitted, **described(message),
    )  # fmt: skip
    user = message.user_id.user_identifier_value if message.user_id is not None else None
    request = IllRequest(
        Role.BORROWING, asked.partner.agency, asked.origin, pickup_of(asked, message.pickup_location).id, user or "",
        agency or asked.partner.agency, number, title=comes.title, author=comes.author, comes=comes,
    )  # fmt: skip

    def made(answer: IllAnswer) -> Response:
        given = _row(answer).shown_barcode or barcode
        return AcceptItemResponse(
            response_header=asked.setting.header,
            request_id=message.request_id,
            item_id=item_id_of(given) if given else None,
        )

    return await act(desk, asked, request, made)


def needs_target(asked: Asked) -> None:
    """Refuse a RequestItem that names neither an item nor a title."""
    if not asked.message.item_id and not asked.message.bibliographic_id:
        raise missing(asked.service, "BibliographicId")


async def request_item(desk: Desk, asked: Asked) -> bytes:
    """Be asked for an item, or for any item of a title: a hold of the partner's account, which the shuttle brings there."""
    message: RequestItem = asked.message
    needs_target(asked)
    demanded = _demanded(asked)
    if demanded:
        return asked.write(_on_terms(asked, demanded))
    agency, number = key_of(message.request_id)
    agency = agency or asked.partner.agency
    number = number or await desk.store.read(_numbered_by(asked, agency))
    told, wanted = described(message), await wanted_of(desk, asked)
    request = IllRequest(
        Role.LENDING, asked.partner.agency, asked.origin, pickup_of(asked, None).id, "", agency, number,
        record_id=wanted.record_id, barcode=wanted.barcode, title=told["title"], author=told["author"],
        needed_by=day_of(asked, message.need_before_date),
    )  # fmt: skip

    def made(answer: IllAnswer) -> Response:
        row = _row(answer)
        named = (each for each in message.item_id if each.item_identifier_value == wanted.barcode)
        return RequestItemResponse(
            response_header=asked.setting.header,
            request_id=message.request_id or request_id_of(row),
            item_id=next(named, None) or _chosen(asked, wanted.barcode),
            item_optional_fields=wanted.fields,
            user_id=message.user_id or UserId(user_identifier_value=row.card or asked.partner.agency),
            request_type=message.request_type or RequestType.LOAN.pair,
            request_scope_type=message.request_scope_type or RequestScopeType.BIBLIOGRAPHIC_ITEM.pair,
        )

    return await act(desk, asked, request, made)


def _numbered_by(asked: Asked, agency: str) -> Steps[str]:
    """Give the number of a request that comes without one: its octets, and how many of the same are long over, for it repeats none of those."""
    digest = asked.digest.hex()
    (((over,),),) = yield [LONG_OVER(agency, f"{digest}%", asked.now - LOANS_KEPT)]
    return f"{digest}-{over}" if over else digest


def _chosen(asked: Asked, barcode: str) -> ItemId | None:
    """Name the item that was chosen in the word that the partner looks for."""
    if not barcode:
        return None
    kind = SchemeValue(dialect_of(asked.partner.profile).item_type)
    return ItemId(item_identifier_type=kind, item_identifier_value=barcode)


def _demanded(asked: Asked) -> tuple[SchemeValue, ...]:
    """Give the restrictions of use that were agreed with the partner and that this request does not acknowledge."""
    agreed = asked.partner.profile.get("restrictions")
    said = {fold(pair.value) for pair in asked.message.acknowledged_item_use_restriction_type}
    words = (SchemeValue(str(word)) for word in agreed) if isinstance(agreed, list) else ()
    return tuple(
        known.pair if (known := ItemUseRestrictionType.of(word)) is not None else word
        for word in words
        if fold(word.value) not in said
    )


def _on_terms(asked: Asked, demanded: tuple[SchemeValue, ...]) -> Response:
    """Say under what restrictions the item would be lent."""
    element = "AcknowledgedItemUseRestrictionType"
    detail = "lent on these terms alone: acknowledge them, and ask again"
    return RequestItemResponse(
        response_header=asked.setting.header,
        problem=(problem(asked.service, P.ELEMENT_RULE_VIOLATED, detail, element),),
        required_item_use_restriction_type=demanded,
    )


async def cancel_request_item(desk: Desk, asked: Asked) -> bytes:
    """Have a request given up: by who asked us, or by who was asked and cannot fill it."""
    message: CancelRequestItem = asked.message

    def made(answer: IllAnswer) -> Response:
        row = _row(answer)
        return CancelRequestItemResponse(
            response_header=asked.setting.header,
            request_id=message.request_id or request_id_of(row),
            item_id=message.item_id,
            user_id=message.user_id or UserId(user_identifier_value=asked.partner.agency),
        )

    return await act(desk, asked, event_of(asked, Event.CANCELLED), made)


async def recall_item(desk: Desk, asked: Asked) -> bytes:
    """Be asked for the partner's item before its time: the reader's loan is shortened, and they are told."""
    message: RecallItem = asked.message
    barcode_of(asked.service, message.item_id)

    def made(answer: IllAnswer) -> Response:
        return RecallItemResponse(
            response_header=asked.setting.header, item_id=message.item_id, date_due=moment_of(asked, answer.due_on)
        )

    return await act(desk, asked, event_of(asked, Event.RECALLED, due_on=day_of(asked, message.desired_date_due)), made)


async def cancel_recall_item(desk: Desk, asked: Asked) -> bytes:
    """Be told that a recalled item may stay."""
    message: CancelRecallItem = asked.message
    barcode_of(asked.service, message.item_id)

    def made(_answer: IllAnswer) -> Response:
        return CancelRecallItemResponse(response_header=asked.setting.header, item_id=message.item_id)

    return await act(desk, asked, event_of(asked, Event.RECALL_ENDED), made)


def moment_of(asked: Asked, day: str | None) -> datetime | None:
    """Give the end of a day, where the act takes place."""
    return None if day is None else day_end(day, asked.setting.place.zone)


def _lent(partner_id: int, barcode: str) -> Steps[bool]:
    """Tell whether an item is ours and lent to this partner."""
    (found,) = yield [BY_BARCODE(partner_id, barcode)]
    return any(row_of(each).role is Role.LENDING for each in found)


async def renew_item(desk: Desk, asked: Asked) -> bytes:
    """Prolong what we lend to the partner, or the loan of a reader of ours."""
    message: RenewItem = asked.message
    barcode = barcode_of(asked.service, message.item_id)
    if not await desk.store.read(_lent(asked.partner.id, barcode)):
        return await renew(desk, asked)
    wanted = message.desired_date_for_return or message.desired_date_due

    def made(answer: IllAnswer) -> Response:
        due = moment_of(asked, answer.due_on)
        return RenewItemResponse(
            response_header=asked.setting.header, item_id=message.item_id, date_due=due, date_for_return=due
        )

    return await act(desk, asked, event_of(asked, Event.RENEWED, due_on=day_of(asked, wanted), role=Role.LENDING), made)


async def delete_item(desk: Desk, asked: Asked, row: IllRow) -> bytes:
    """Be told that the partner has the item of a request again: the temporary one goes."""
    message: DeleteItem = asked.message
    if row.loan_id is not None or row.hold_state is not None:
        raise asked.violated("the item is on loan or on the hold shelf", ITEM, number_of(message.item_id))

    def made(_answer: IllAnswer) -> Response:
        return DeleteItemResponse(response_header=asked.setting.header, item_id=message.item_id)

    return await act(desk, asked, event_of(asked, Event.HOME, role=Role.BORROWING), made)


def borrowed(partner_id: int, barcode: str) -> Steps[IllRow | None]:
    """Read the open request for which a partner's item came."""
    (found,) = yield [BY_BARCODE(partner_id, barcode)]
    return next((row for row in map(row_of, found) if row.role is Role.BORROWING), None)


def numbered(agency: str, number: str) -> Steps[IllRow | None]:
    """Read a request by its number."""
    (found,) = yield [BY_NUMBER(agency, number)]
    return row_of(found[0]) if found else None
