"""Checks of what is looked up: elements asked are elements given, no more; lists come in pages."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

from conformance.checks import Checks, Row, want
from conformance.ncip.judge import named, texts
from conformance.ncip.services import right_problems, typed
from conformance.ncip.session import UNKNOWN, Answer, Session
from conformance.results import Level, NotApplicable
from protocols.ncip import SchemeValue
from protocols.ncip.elements import AuthenticationInput, ItemId, RequestId
from protocols.ncip.lookups import LookupAgency, LookupItem, LookupItemSet, LookupRequest, LookupUser
from protocols.ncip.model import tag_of
from protocols.ncip.schemes import AgencyElementType, CirculationStatus, ItemElementType, Scheme, UserElementType

check = Checks[Session]()

_SOURCE: Final = "Z39.83-1, lookup services"
_FLAGS: Final = ("loaned_items_desired", "requested_items_desired", "user_fiscal_account_desired")
_LISTS: Final = {"LoanedItem", "LoanedItemsCount", "RequestedItem", "RequestedItemsCount", "UserFiscalAccount"}


def _element(kind: Scheme) -> str:
    """Give the element that an element type asks for."""
    return kind.value.replace(" ", "")


def _done(answer: Answer) -> Answer:
    want(not answer.problems, f"problems {answer.problems}")
    return answer


def _user(session: Session, *kinds: Scheme, **flags: Any) -> Answer:
    asked = LookupUser(
        initiation_header=session.header, user_id=session.reader(), user_element_type=tuple(k.pair for k in kinds), **flags
    )  # fmt: skip
    return _done(session.rightly(asked))


def _given(answer: Answer, container: str) -> set[str]:
    return {child.name for node in named(answer.content, container) for child in node.children}


@check("user.id", Level.MUST, "LookupUser repeats the UserId", _SOURCE)
def _user_id(session: Session) -> None:
    want(session.user in _user(session).all("UserIdentifierValue"), "another UserId, or none")


@check("user.nothing", Level.MUST, "LookupUser gives nothing of the user that was not asked for", _SOURCE)
def _user_nothing(session: Session) -> None:
    answer = _user(session)
    want(not _given(answer, "UserOptionalFields"), f"given: {sorted(_given(answer, 'UserOptionalFields'))}")
    lists = _LISTS & {child.name for child in answer.content.children}
    want(not lists, f"given: {sorted(lists)}")


def _user_element(kind: UserElementType, session: Session) -> None:
    given = _given(_user(session, kind), "UserOptionalFields")
    want(given <= {_element(kind)}, f"given: {sorted(given)}")


check.extend(
    Row(
        f"user.{_element(kind)}", Level.MUST, f"LookupUser with {kind.value} gives that at most",
        _SOURCE, partial(_user_element, kind),
    )
    for kind in UserElementType
)  # fmt: skip


@check("user.name", Level.MUST, "LookupUser gives the name when it is asked for", _SOURCE)
def _user_name(session: Session) -> None:
    want(_user(session, UserElementType.NAME_INFORMATION).all("NameInformation"), "no NameInformation")


def _user_list(flag: str, session: Session) -> None:
    told = tag_of(flag).removesuffix("Desired").removesuffix("s")
    lists = _LISTS & {child.name for child in _user(session, **{flag: True}).content.children}
    want(all(name.startswith(told) for name in lists), f"given: {sorted(lists)}")


check.extend(
    Row(
        f"user.{tag_of(flag)}", Level.MUST, f"LookupUser with {tag_of(flag)} gives no other list",
        _SOURCE, partial(_user_list, flag),
    )
    for flag in _FLAGS
)  # fmt: skip


@check("user.pin", Level.MUST, "LookupUser by number and right PIN gives the user", _SOURCE)
def _user_pin(session: Session) -> None:
    card = session.reader().user_identifier_value or ""
    if session.pin is None:
        raise NotApplicable("needs --pin")
    _done(session.rightly(_typed(session, card, session.pin)))


@check("user.pin-empty", Level.MUST, "an empty PIN proves nothing", "security")
def _user_empty(session: Session) -> None:
    card = session.reader().user_identifier_value or ""
    if session.pin is None:
        raise NotApplicable("needs --pin")
    content = "".join(
        f"<AuthenticationInput><AuthenticationInputData>{data}</AuthenticationInputData><AuthenticationDataFormatType>"
        f"text/plain</AuthenticationDataFormatType><AuthenticationInputType>{kind}</AuthenticationInputType></AuthenticationInput>"
        for kind, data in (("Barcode Id", card), ("PIN", ""))
    )
    answer = session.valid(session.post(session.raw("LookupUser", content)))
    want(answer.problems, "the user is given")


def _typed(session: Session, card: str, pin: str) -> LookupUser:
    inputs: tuple[AuthenticationInput, ...] = (typed("Barcode Id", card), typed("PIN", pin))
    return LookupUser(initiation_header=session.header, authentication_input=inputs)


# --- items --------------------------------------------------------------------------------------------------------------------


def _item(session: Session, *kinds: Scheme, **flags: Any) -> Answer:
    session.thing()
    return _done(session.rightly(session.lookup(item_element_type=tuple(kind.pair for kind in kinds), **flags)))


@check("item.id", Level.MUST, "LookupItem repeats the ItemId", _SOURCE)
def _item_id(session: Session) -> None:
    want(session.item in _item(session).all("ItemIdentifierValue"), "another ItemId, or none")


def _item_element(kind: ItemElementType, session: Session) -> None:
    given = _given(_item(session, kind), "ItemOptionalFields")
    want(given <= {_element(kind)}, f"given: {sorted(given)}")


check.extend(
    Row(
        f"item.{_element(kind)}", Level.MUST, f"LookupItem with {kind.value} gives that at most",
        _SOURCE, partial(_item_element, kind),
    )
    for kind in ItemElementType
)  # fmt: skip


@check("item.status", Level.MUST, "LookupItem gives a circulation status of the standard when it is asked for", _SOURCE)
def _item_status(session: Session) -> None:
    (status,) = _item(session, ItemElementType.CIRCULATION_STATUS).all("CirculationStatus") or ("",)
    want(status in set(CirculationStatus), f"status {status!r}")


@check("item.title", Level.SHOULD, "LookupItem gives the title when the description is asked for", _SOURCE)
def _item_title(session: Session) -> None:
    want(_item(session, ItemElementType.BIBLIOGRAPHIC_DESCRIPTION).all("Title"), "no Title")


@check("item.odd", Level.SHOULD, "an element type that it does not know is no obstacle", "lists are open in 2.x")
def _item_odd(session: Session) -> None:
    session.thing()
    _done(session.rightly(session.lookup(item_element_type=(SchemeValue("Frob 7c1b"),))))


@check("item.spelling", Level.SHOULD, "values are read whatever their case, and under any Scheme", "values in use")
def _item_spelling(session: Session) -> None:
    session.thing()
    odd = SchemeValue("circulation status", "SCHEME_HERE")
    answer = _done(session.rightly(session.lookup(item_element_type=(odd,))))
    want(answer.all("CirculationStatus"), "no CirculationStatus")


# --- sets ----------------------------------------------------------------------------------------------------------------------


def _set(session: Session, *ids: ItemId, most: int | None = None, token: str | None = None) -> Answer:
    asked = LookupItemSet(
        initiation_header=session.header, item_id=ids, maximum_items_count=most, next_item_token=token,
        item_element_type=(ItemElementType.CIRCULATION_STATUS.pair,),
    )  # fmt: skip
    answer = session.rightly(asked)
    if "Unsupported Service" in answer.problems:
        raise NotApplicable("LookupItemSet is not offered")
    return answer


def _items_in(answer: Answer) -> list[str]:
    found = (texts(node, "ItemIdentifierValue") for node in named(answer.content, "ItemInformation"))
    return [numbers[0] for numbers in found if numbers]


@check("set.item", Level.MUST, "LookupItemSet gives the item that was asked for", _SOURCE)
def _set_item(session: Session) -> None:
    want(session.item in _items_in(_set(session, session.thing())), "the item is not there")


@check("set.partly", Level.MUST, "of a set in which one is unknown, the other is given all the same", _SOURCE)
def _set_partly(session: Session) -> None:
    answer = _set(session, session.thing(), ItemId(item_identifier_value=UNKNOWN))
    want(session.item in _items_in(answer), "the known item is not there")
    want("Unknown Item" in right_problems("LookupItemSet", answer), f"problems {answer.problems}")


@check(
    "set.pages", Level.MUST, "MaximumItemsCount is kept; the token gives the rest, and the last page has none", _SOURCE
)
def _set_pages(session: Session) -> None:
    ids = (session.thing(), session.thing(1))
    first = _set(session, *ids, most=1)
    tokens = first.all("NextItemToken")
    want(len(_items_in(first)) == 1, f"{len(_items_in(first))} items where one was asked for")
    want(
        len(tokens) == 1 and tokens[0] not in {"", "0"}, f"token {tokens}: clients take an empty one and 0 for the end"
    )
    last = _set(session, *ids, most=1, token=tokens[0])
    want(sorted(_items_in(first) + _items_in(last)) == sorted(session.items[:2]), "the pages are not the whole")
    want(not last.all("NextItemToken"), "the last page has a token")


@check("set.token", Level.MUST, "a token that it did not give is refused as Element Rule Violated", _SOURCE)
def _set_token(session: Session) -> None:
    answer = _set(session, session.thing(), most=1, token=UNKNOWN)
    want(right_problems("LookupItemSet", answer) == ["Element Rule Violated"], f"problems {answer.problems}")


# --- agencies and requests ----------------------------------------------------------------------------------------------------


@check("agency.name", Level.SHOULD, "LookupAgency gives the name of the agency that is asked", "Z39.83-1, LookupAgency")
def _agency(session: Session) -> None:
    kind = AgencyElementType.ORGANIZATION_NAME_INFORMATION
    asked = LookupAgency(
        initiation_header=session.header, agency_id=SchemeValue(session.to), agency_element_type=(kind.pair,)
    )
    answer = session.rightly(asked)
    if "Unsupported Service" in answer.problems:
        raise NotApplicable("LookupAgency is not offered")
    _done(answer)
    want(answer.all("OrganizationName"), "no OrganizationName")


@check("request.unknown", Level.MUST, "a request that is not known is Unknown Request", "Z39.83-1, LookupRequest")
def _request(session: Session) -> None:
    wanted = RequestId(request_identifier_value=UNKNOWN)
    answer = session.rightly(LookupRequest(initiation_header=session.header, request_id=wanted))
    problems = right_problems("LookupRequest", answer)
    want(problems in (["Unknown Request"], ["Unsupported Service"]), f"problems {problems}")


@check(
    "item.request",
    Level.SHOULD,
    "LookupItem by a request that is not known is refused, not taken for a number",
    _SOURCE,
)
def _item_request(session: Session) -> None:
    asked = LookupItem(initiation_header=session.header, request_id=RequestId(request_identifier_value=UNKNOWN))
    want(right_problems("LookupItem", session.rightly(asked)), "it was rendered")
