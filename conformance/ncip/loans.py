"""Checks that lend: what is done is seen, is done once, and is undone. They leave the reader and the items as they were."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Final

from conformance.checks import Checks, want
from conformance.ncip.services import right_problems
from conformance.ncip.session import UNKNOWN, Answer, Session
from conformance.results import Failed, Level, NotApplicable
from protocols.ncip import SchemeValue
from protocols.ncip.base import Initiation
from protocols.ncip.circulation import (
    AcceptItem,
    CancelRequestItem,
    CheckInItem,
    CheckOutItem,
    RenewItem,
    RequestItem,
    UndoCheckOutItem,
)
from protocols.ncip.elements import ItemId, MandatedAction, RequestId, UserId
from protocols.ncip.items import BibliographicDescription, ItemOptionalFields
from protocols.ncip.lookups import LookupUser
from protocols.ncip.notifications import ItemReceived
from protocols.ncip.schemes import (
    CirculationStatus,
    ItemElementType,
    RequestedActionType,
    RequestScopeType,
    RequestType,
)
from protocols.ncip.upkeep import DeleteItem

check = Checks[Session]()

_SOURCE: Final = "Z39.83-1, update services"
_ONCE: Final = "clients repeat after a lost line"
_UTC: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


def _check_out(session: Session, **more: object) -> CheckOutItem:
    values: dict[str, object] = {"user_id": session.reader(), "item_id": session.thing()} | more
    return CheckOutItem(initiation_header=session.header, **values)  # type: ignore[arg-type]  # fields by name


def _check_in(session: Session, item: ItemId | None = None) -> CheckInItem:
    return CheckInItem(initiation_header=session.header, item_id=item or session.thing())


@contextmanager
def _lent(session: Session, message: CheckOutItem | None = None) -> Iterator[Answer]:
    """Have an item lent for a while, the first when no *message* says which. Raises NotApplicable when it is not lent."""
    message = message or _check_out(session)
    answer = session.ask(message)
    if answer.problems:  # then it may be another reader's, and stays so
        raise NotApplicable(f"the item is not lent: {right_problems('CheckOutItem', session.valid(answer))}")
    try:
        yield session.valid(answer)
    finally:
        session.rightly(_check_in(session, message.item_id))


def _status(session: Session, item: ItemId | None = None) -> str:
    number = (item or session.thing()).item_identifier_value
    answer = session.rightly(session.lookup(number, item_element_type=(ItemElementType.CIRCULATION_STATUS.pair,)))
    return (answer.all("CirculationStatus") or answer.problems or [""])[0]


@check("loan.answer", Level.MUST, "CheckOutItem repeats user and item, and gives a date", _SOURCE)
def _loan(session: Session) -> None:
    with _lent(session) as answer:
        want(session.user in answer.all("UserIdentifierValue"), "another UserId, or none")
        want(session.item in answer.all("ItemIdentifierValue"), "another ItemId, or none")


@check("loan.utc", Level.SHOULD, "dates are in UTC, to the second", "implementation profile 1")
def _loan_utc(session: Session) -> None:
    with _lent(session) as answer:
        dates = answer.all("DateDue")
        want(all(map(_UTC.fullmatch, dates)), f"dates {dates}")


@check("loan.status", Level.MUST, "an item that is lent is On Loan, and is not when it is back", _SOURCE)
def _loan_status(session: Session) -> None:
    with _lent(session):
        want(_status(session) == CirculationStatus.ON_LOAN, f"lent, but {_status(session)}")
    want(_status(session) != CirculationStatus.ON_LOAN, "back, but On Loan")


@check("loan.listed", Level.MUST, "a loan is among the user's", _SOURCE)
def _loan_listed(session: Session) -> None:
    with _lent(session):
        asked = LookupUser(initiation_header=session.header, user_id=session.reader(), loaned_items_desired=True)
        want(session.item in session.rightly(asked).all("ItemIdentifierValue"), "it is not")


@check("loan.unknown-user", Level.MUST, "CheckOutItem for a user that there is not is Unknown User", _SOURCE)
def _loan_nobody(session: Session) -> None:
    answer = session.ask(_check_out(session, user_id=UserId(user_identifier_value=UNKNOWN)))
    if not answer.problems:
        session.rightly(_check_in(session))
    want(right_problems("CheckOutItem", session.valid(answer)) == ["Unknown User"], f"problems {answer.problems}")


@check("loan.unknown-item", Level.MUST, "CheckOutItem of an item that there is not is Unknown Item", _SOURCE)
def _loan_nothing(session: Session) -> None:
    answer = session.rightly(_check_out(session, item_id=ItemId(item_identifier_value=UNKNOWN)))
    want(right_problems("CheckOutItem", answer) == ["Unknown Item"], f"problems {answer.problems}")


@check("loan.renew", Level.MUST, "RenewItem gives a date, says Pending, or refuses in the standard's words", _SOURCE)
def _loan_renew(session: Session) -> None:
    with _lent(session):
        asked = RenewItem(initiation_header=session.header, user_id=session.reader(), item_id=session.thing())
        answer = session.rightly(asked)
        said = (
            right_problems("RenewItem", answer)
            or answer.all("DateDue")
            or answer.all("DateForReturn")
            or answer.all("Pending")
        )
        want(said, "nothing of these")


@check("loan.undo", Level.SHOULD, "UndoCheckOutItem takes the last check-out back", _SOURCE)
def _loan_undo(session: Session) -> None:
    with _lent(session):
        asked = UndoCheckOutItem(initiation_header=session.header, item_id=session.thing(), user_id=session.reader())
        answer = session.rightly(asked)
        if "Unsupported Service" in right_problems("UndoCheckOutItem", answer):
            raise NotApplicable("UndoCheckOutItem is not offered")
        want(not answer.problems, f"problems {answer.problems}")
        want(_status(session) != CirculationStatus.ON_LOAN, "the item is still On Loan")


@check("loan.mandated", Level.SHOULD, "a check-out that has happened already (MandatedAction) is taken", _SOURCE)
def _loan_mandated(session: Session) -> None:
    # This very second, so that the item was not taken in since, however soon the kit is run again.
    happened = MandatedAction(date_event_occurred=datetime.now(UTC).replace(microsecond=0))
    item = session.thing(1)
    with _lent(session, _check_out(session, mandated_action=happened, item_id=item)):
        want(_status(session, item) == CirculationStatus.ON_LOAN, "the item is not On Loan")


@check("loan.check-in", Level.MUST, "CheckInItem of what is not lent succeeds, or is Item Not Checked Out", _SOURCE)
def _loan_in(session: Session) -> None:
    problems = right_problems("CheckInItem", session.rightly(_check_in(session)))
    want(problems in ([], ["Item Not Checked Out"]), f"problems {problems}")


# --- once ----------------------------------------------------------------------------------------------------------------------


def _same(session: Session, message: Initiation, first: Answer) -> None:
    want(session.ask(message).body == first.body, "another answer")


@check("once.checkout", Level.MUST, "a repeated CheckOutItem gets the answer of the first", _ONCE)
def _once_out(session: Session) -> None:
    asked = _check_out(session)
    with _lent(session, asked) as first:
        _same(session, asked, first)


@check("once.checkin", Level.MUST, "a repeated CheckInItem gets the answer of the first", _ONCE)
def _once_in(session: Session) -> None:
    with _lent(session):
        first = session.rightly(_check_in(session))
        want(not first.problems, f"problems {first.problems}")
        _same(session, _check_in(session), first)


@check("once.renew", Level.MUST, "a repeated RenewItem prolongs once", _ONCE)
def _once_renew(session: Session) -> None:
    with _lent(session):
        asked = RenewItem(initiation_header=session.header, user_id=session.reader(), item_id=session.thing())
        first = session.rightly(asked)
        if first.problems:
            raise NotApplicable(f"the loan is not renewed: {first.problems}")
        _same(session, asked, first)


def _number() -> RequestId:
    return RequestId(request_identifier_value=f"7c1b-{os.urandom(6).hex()}")


def _hold(session: Session) -> RequestItem:
    return RequestItem(
        initiation_header=session.header, user_id=session.reader(), item_id=(session.thing(),), request_id=_number(),
        request_type=RequestType.HOLD.pair, request_scope_type=RequestScopeType.BIBLIOGRAPHIC_ITEM.pair,
    )  # fmt: skip


@contextmanager
def _held(session: Session, asked: RequestItem) -> Iterator[tuple[Answer, CancelRequestItem]]:
    """Have the item reserved for a while. Raises NotApplicable when it is not."""
    answer = session.ask(asked)
    if answer.problems:
        raise NotApplicable(f"the item is not reserved: {right_problems('RequestItem', session.valid(answer))}")
    numbers = answer.all("RequestIdentifierValue")
    request = RequestId(request_identifier_value=numbers[0]) if numbers else None
    given_up = CancelRequestItem(
        initiation_header=session.header, user_id=session.reader(), request_id=request,
        item_id=session.thing() if request is None else None, request_type=RequestType.HOLD.pair,
    )  # fmt: skip
    try:
        yield session.valid(answer), given_up
    finally:
        session.rightly(given_up)


@check("hold.answer", Level.MUST, "RequestItem repeats user, type and scope", _SOURCE)
def _hold_answer(session: Session) -> None:
    with _held(session, _hold(session)) as (answer, _):
        want(session.user in answer.all("UserIdentifierValue"), "another UserId, or none")
        want(answer.all("RequestType") == ["Hold"], f"RequestType {answer.all('RequestType')}")
        want(answer.all("RequestScopeType") == ["Bibliographic Item"], "another RequestScopeType, or none")


@check("once.request", Level.MUST, "a repeated RequestItem gets the answer of the first, and reserves once", _ONCE)
def _once_request(session: Session) -> None:
    asked = _hold(session)
    with _held(session, asked) as (first, _):
        _same(session, asked, first)
        mine = LookupUser(initiation_header=session.header, user_id=session.reader(), requested_items_desired=True)
        listed = session.rightly(mine).all("RequestIdentifierValue")
        number = (first.all("RequestIdentifierValue") or [""])[0]
        want(listed.count(number) <= 1, "the request is there twice")


@check("once.cancel", Level.MUST, "a repeated CancelRequestItem gets the answer of the first", _ONCE)
def _once_cancel(session: Session) -> None:
    with _held(session, _hold(session)) as (_, given_up):
        first = session.rightly(given_up)
        want(not first.problems, f"problems {first.problems}")
        _same(session, given_up, first)


# --- items that come ----------------------------------------------------------------------------------------------------------


def _coming(session: Session, number: RequestId) -> AcceptItem:
    return AcceptItem(
        initiation_header=session.header, request_id=number, user_id=session.reader(),
        requested_action_type=RequestedActionType.HOLD_FOR_PICKUP.pair,
        item_id=ItemId(item_identifier_value=number.request_identifier_value),
        date_for_return=datetime.now(UTC).replace(microsecond=0) + timedelta(days=42),
        item_optional_fields=ItemOptionalFields(bibliographic_description=BibliographicDescription(title="Conformance & co")),
    )  # fmt: skip


@contextmanager
def _accepted(session: Session, asked: AcceptItem) -> Iterator[tuple[Answer, ItemId]]:
    """Have an item come, and go again. Raises NotApplicable when it is not taken in."""
    answer = session.ask(asked)
    if answer.problems:
        raise NotApplicable(f"the item is not taken in: {right_problems('AcceptItem', session.valid(answer))}")
    item = ItemId(item_identifier_value=(answer.all("ItemIdentifierValue") or [_text(asked)])[0])
    try:
        yield session.valid(answer), item
    finally:
        _gone(session, asked, item)


def _text(asked: AcceptItem) -> str:
    return (asked.item_id.item_identifier_value if asked.item_id is not None else None) or ""


def _gone(session: Session, asked: AcceptItem, item: ItemId) -> None:
    """Say that the lender has its item again, in both ways in use."""
    now = datetime.now(UTC).replace(microsecond=0)
    with suppress(Failed):
        session.ask(
            ItemReceived(initiation_header=session.header, item_id=item, request_id=asked.request_id, date_received=now)
        )
        session.ask(DeleteItem(initiation_header=session.header, item_id=item))


@check("accept.answer", Level.MUST, "AcceptItem repeats the RequestId, and the item is known from then on", _SOURCE)
def _accept(session: Session) -> None:
    number = _number()
    with _accepted(session, _coming(session, number)) as (answer, item):
        want(answer.all("RequestIdentifierValue") == [number.request_identifier_value], "another RequestId, or none")
        want(_status(session, item) != "Unknown Item", "the item is not known")


@check(
    "accept.gone", Level.SHOULD, "an item that its lender has again leaves no trace", "temporary records stay behind"
)
def _accept_gone(session: Session) -> None:
    with _accepted(session, _coming(session, _number())) as (_, item):
        pass
    want(_status(session, item) == "Unknown Item", f"the item is {_status(session, item)}")


@check("once.accept", Level.MUST, "a repeated AcceptItem gets the answer of the first, and makes one item", _ONCE)
def _once_accept(session: Session) -> None:
    asked = _coming(session, _number())
    with _accepted(session, asked) as (first, _):
        _same(session, asked, first)


@check("accept.unknown-user", Level.MUST, "AcceptItem for a user that there is not is Unknown User", _SOURCE)
def _accept_nobody(session: Session) -> None:
    asked = _coming(session, number := _number())
    asked = AcceptItem(
        initiation_header=asked.initiation_header, request_id=number, item_id=asked.item_id,
        requested_action_type=SchemeValue("Hold For Pickup"), user_id=UserId(user_identifier_value=UNKNOWN),
    )  # fmt: skip
    answer = session.ask(asked)
    if not answer.problems:
        _gone(session, asked, ItemId(item_identifier_value=_text(asked)))
    problems = right_problems("AcceptItem", session.valid(answer))
    want(problems in (["Unknown User"], ["Unsupported Service"]), f"problems {problems}")
