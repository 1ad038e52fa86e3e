"""What the store promises whoever uses it, on each database."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import pytest
from sqlalchemy import Connection, bindparam, insert, select, text
from twisted.internet.defer import DeferredList

from storage import schema
from storage.circulation import facts, writes
from storage.circulation.checkin import CHECKIN, Alert, CheckinRequest
from storage.circulation.checkout import CHECKOUT, CheckoutRequest
from storage.circulation.holds import rows
from storage.circulation.pin_tries import PIN_TRIED, PinTried
from storage.circulation.pins import LOCK_SECONDS, TRIES, PinState
from storage.circulation.status import Status
from storage.ids import new_id
from storage.refusals import Reason
from storage.statements import Statement, Steps
from storage.store import StoreUnavailable
from storage.usecase import Decision, Entry, Ledger, UseCase
from tests.counter import Counter, at, settle
from tests.network import AVION, LENS, LIEVIN, NOW
from tests.reactor import await_

# --- the use cases -------------------------------------------------------------------------------------------------------


def test_what_is_lent_is_on_loan_at_once_and_in_the_journal(counter: Counter) -> None:
    answer = counter.checkout("R1", "I1")
    assert answer.ok
    item = counter.item("I1")
    assert (item.status, item.row.loan_patron_id, item.due) == (Status.ON_LOAN, 1, answer.due)
    assert [loan.barcode for loan in counter.patron("R1").loans] == ["I1"]
    assert counter.sql("SELECT act, channel, actor, library_id, item_id, loan_id FROM journal") == [
        ("checkout", "sip2", "desk", LENS, 1, answer.loan_id)
    ]


def test_what_is_refused_writes_nothing(counter: Counter) -> None:
    counter.checkout("R1", "I1")
    assert counter.checkout("R2", "I1").reasons == (Reason.ON_LOAN_TO_OTHER,)
    assert counter.checkout("R9", "I2", pin="").reasons == (Reason.WRONG_PIN,)
    assert counter.journal() == ["checkout"]
    assert counter.checkout("R2", "nothing").reasons == (Reason.UNKNOWN_ITEM,)
    assert counter.journal() == ["checkout", "unknown-barcode"]


def test_a_renewal_moves_the_due_date_once(counter: Counter) -> None:
    first = counter.checkout("R1", "I1")
    counter.sql("UPDATE loan SET due_on = '2026-11-25'")
    renewed = counter.renew("R1", "I1")
    assert renewed.ok
    assert (renewed.loan_id, renewed.renewals) == (first.loan_id, 1)
    assert counter.item("I1").due == renewed.due != ("2026-11-25", None)
    assert counter.renew("R1", "I1").reasons == (Reason.TOO_MANY_RENEWALS,)
    assert counter.journal() == ["checkout", "renew"]


def test_a_return_closes_the_loan_and_keeps_its_reader_apart(counter: Counter) -> None:
    loan = counter.checkout("R1", "I1").loan_id
    answer = counter.checkin("I1")
    assert answer.ok
    assert (answer.was_on_loan, answer.patron_id, answer.destination) == (True, 1, None)
    assert counter.item("I1").status is Status.AVAILABLE
    assert counter.sql("SELECT id, item_id, state FROM past_loan") == [(loan, 1, "returned")]
    assert counter.sql("SELECT loan_id, patron_id FROM past_loan_reader") == [(loan, 1)]


def test_a_return_elsewhere_sends_the_item_home_and_home_receives_it(counter: Counter) -> None:
    counter.checkout("R1", "I1")
    answer = counter.checkin("I1", LIEVIN)
    assert (answer.alert, answer.destination.id) == (Alert.SEND, LENS)
    item = counter.item("I1")
    assert item.status is Status.IN_TRANSIT
    assert item.destination is not None
    assert (item.current.id, item.destination.id) == (LIEVIN, LENS)
    counter.checkin("I1", LENS)
    item = counter.item("I1")
    assert (item.status, item.current.id) == (Status.AVAILABLE, LENS)
    assert counter.sql("SELECT state FROM transit") == [("received",)]


def test_a_return_serves_the_first_hold_here_or_elsewhere(counter: Counter) -> None:
    counter.hold(71, patron=2, item=1, pickup=LENS)
    counter.hold(72, patron=3, item=2, pickup=AVION)
    here, there = counter.checkin("I1"), counter.checkin("I2")
    assert (here.alert, here.hold_id) == (Alert.HOLD_HERE, 71)
    assert (there.alert, there.hold_id, there.destination.id) == (Alert.HOLD_ELSEWHERE, 72, AVION)
    assert counter.item("I1").status is Status.ON_HOLD_SHELF
    assert counter.item("I2").status is Status.IN_TRANSIT
    assert counter.checkout("R1", "I1").reasons == (Reason.HELD_FOR_OTHER,)
    assert counter.checkout("R2", "I1").ok
    assert counter.checkin("I2", AVION).alert is Alert.HOLD_HERE
    assert counter.sql("SELECT id, state FROM hold") == [(72, "shelf")]
    assert counter.sql("SELECT id, outcome FROM past_hold") == [(71, "honoured")]
    assert counter.sql("SELECT hold_id, patron_id FROM past_hold_reader") == [(71, 2)]


def test_wrong_pins_are_counted_and_lock_the_card(counter: Counter) -> None:
    for _ in range(TRIES - 1):
        counter.do(PIN_TRIED, PinTried("R1", right=False, origin=at()))
    assert counter.patron("R1", "1234").pin is PinState.RIGHT
    assert counter.checkout("R1", "I1", pin="0000").reasons == (Reason.WRONG_PIN,)
    assert counter.patron("R1", "1234").pin is PinState.LOCKED
    assert counter.checkout("R1", "I1", pin="1234").reasons == (Reason.PIN_LOCKED,)
    assert counter.patron("R1", "1234", now=NOW + 901).pin is PinState.RIGHT
    assert counter.journal() == ["pin-locked"]
    counter.do(PIN_TRIED, PinTried("R1", right=True, origin=at()), now=NOW + LOCK_SECONDS)
    assert counter.sql("SELECT pin_failures, pin_locked_until FROM patron WHERE id = 1") == [(0, None)]


def test_tries_made_at_once_neither_lift_nor_lengthen_the_lock_that_one_of_them_sets(counter: Counter) -> None:
    tried = [(PIN_TRIED, PinTried("R1", right=right, origin=at())) for right in (False,) * (TRIES + 3) + (True,)]
    assert counter.do_all(tried) == [PinState.WRONG] * TRIES + [PinState.LOCKED] * 4
    assert counter.sql("SELECT pin_failures, pin_locked_until FROM patron WHERE id = 1") == [(0, NOW + LOCK_SECONDS)]
    assert counter.journal() == ["pin-locked"]
    later = counter.do(PIN_TRIED, PinTried("R1", right=False, origin=at()), now=NOW + LOCK_SECONDS)
    assert later.answer is PinState.WRONG


def test_what_is_known_of_a_reader_is_in_no_repr(counter: Counter) -> None:
    [(surname,)] = counter.sql("SELECT surname FROM patron WHERE id = 1")
    account = counter.patron("R1", "1234")
    assert account.patron is not None
    asked = (CheckoutRequest("R1", "I1", at(), "1234"), PinTried("R1", right=True, origin=at()))
    said = repr((account, account.patron, account.patron.row, counter.checkout("R1", "I1"), *asked))
    assert not any(secret in said for secret in (surname, "'R1'", "1234'", "pin_hash"))


# --- the reply ledger ----------------------------------------------------------------------------------------------------


def ledger(number: int, connection: int, **more: Any) -> Ledger[Any]:
    """The ledger of request *number*; its reply tells which time it was made."""
    return Ledger("sip2:desk", bytes([number]) * 16, connection, lambda answer: b"ok" if answer.ok else b"no", **more)


LEND: Final = CheckoutRequest("R1", "I1", at())


def test_a_repeat_on_another_connection_gets_the_stored_reply_once(counter: Counter) -> None:
    assert counter.do(CHECKOUT, LEND, ledger(1, 5)).reply == b"ok"
    again = counter.do(CHECKOUT, LEND, ledger(1, 6))
    assert (again.repeated, again.reply, again.answer) == (True, b"ok", None)
    twice = counter.do(CHECKOUT, LEND, ledger(1, 6))
    assert (twice.repeated, twice.reply) == (False, b"no")
    assert counter.journal() == ["checkout"]


def test_the_same_request_on_the_same_connection_is_a_new_one(counter: Counter) -> None:
    counter.do(CHECKOUT, LEND, ledger(1, 5))
    again = counter.do(CHECKOUT, LEND, ledger(1, 5))
    assert again.answer is not None
    assert again.answer.reasons == (Reason.ALREADY_ON_LOAN,)


def test_an_acknowledged_reply_is_forgotten(counter: Counter) -> None:
    counter.do(CHECKOUT, LEND, ledger(1, 5))
    counter.do(CHECKIN, CheckinRequest("I1", at()), ledger(2, 5, acknowledges=bytes([1]) * 16))
    again = counter.do(CHECKOUT, LEND, ledger(1, 6))
    assert (again.repeated, again.reply) == (False, b"ok")
    assert counter.journal() == ["checkout", "checkin", "checkout"]


def test_a_reply_whose_effect_is_undone_is_not_given_again_though_nobody_acknowledged_it(counter: Counter) -> None:
    back = CheckinRequest("I1", at())
    counter.do(CHECKOUT, LEND, ledger(1, 5))
    # The kiosk got that reply and asked for the return, but the process was killed first; it goes on elsewhere.
    counter.do(CHECKIN, back, ledger(2, 6))
    again = counter.do(CHECKOUT, LEND, ledger(1, 6))
    assert (again.repeated, again.reply) == (False, b"ok")
    returned = counter.do(CHECKIN, back, ledger(2, 7))
    assert (returned.repeated, returned.reply) == (False, b"ok")
    assert counter.journal() == ["checkout", "checkin", "checkout", "checkin"]
    assert counter.do(CHECKIN, back, ledger(2, 8)).repeated


def test_a_reply_older_than_its_window_is_not_given_again(counter: Counter) -> None:
    counter.do(CHECKOUT, LEND, ledger(1, 5))
    assert counter.do(CHECKOUT, LEND, ledger(1, 6), now=NOW + 601).reply == b"no"
    assert counter.do(CHECKOUT, LEND, ledger(1, 7), now=NOW + 600).repeated


def test_without_connections_a_repeat_gets_the_stored_reply_while_its_effect_stands(counter: Counter) -> None:
    kept = ledger(1, 0)._replace(render=lambda answer: b"due %d" % answer.loan_id if answer.ok else b"no")
    first = counter.do(CHECKOUT, LEND, kept)
    for _ in range(2):
        again = counter.do(CHECKOUT, LEND, kept)
        assert (again.repeated, again.reply) == (True, first.reply)
    counter.checkin("I1")
    anew = counter.do(CHECKOUT, LEND, kept)
    assert not anew.repeated
    assert anew.reply not in {first.reply, b"no"}


def test_a_refusal_is_not_kept(counter: Counter) -> None:
    counter.checkout("R2", "I1")
    assert counter.do(CHECKOUT, LEND, ledger(1, 5)).reply == b"no"
    counter.checkin("I1")
    assert counter.do(CHECKOUT, LEND, ledger(1, 6)).reply == b"ok"


# --- acts that fail ------------------------------------------------------------------------------------------------------


def _nothing(_request: Any, _network: Any) -> Steps[None]:
    yield []


def usecase(decide: Any, gather: Any = _nothing, key: str = "broken") -> UseCase[Any, Any, Any]:
    return UseCase("test", gather, decide, lambda _request: (key,), lambda _request, code: code)


def lend_without_looking(item: int, patron: int = 3) -> UseCase[Any, Any, str]:
    """A use case that locks and checks nothing, so that the database's guard must."""

    def decide(request: Any, _facts: None, _network: Any, now: int) -> Decision[str]:
        loan = new_id()
        call = writes.LEND(loan, item, patron, LENS, 2, "sip2", now, "2026-12-20", None)
        return Decision("lent", (call,), (Entry("lent", LENS, item, loan),))

    return usecase(decide, key=f"blind:{new_id()}")


def boom(*_args: Any) -> Any:
    raise LookupError("a bug")


def boom_while_gathering(_request: Any, _network: Any) -> Steps[None]:
    yield [facts.ITEM("I1")]
    boom()


def several_with(counter: Counter, act: tuple[Any, Any]) -> list[Any]:
    """Have *act* done among four good ones; return all five results, *act*'s in the middle."""
    good = [(CHECKOUT, CheckoutRequest(f"R{n}", f"I{n}", at())) for n in range(1, 5)]
    return counter.do_all([*good[:2], act, *good[2:]])


@pytest.mark.parametrize(
    "broken",
    [
        usecase(boom),
        usecase(boom, boom_while_gathering),
        UseCase("test", boom, boom, lambda _request: (), lambda _request, code: code),
        usecase(lambda *_args: Decision("done", (writes.FOUND("\ud800"),))),
    ],
    ids=["decide", "gather", "start", "bind"],
)
def test_a_failing_act_harms_no_other(counter: Counter, broken: UseCase[Any, Any, Any]) -> None:
    *good, _ = results = several_with(counter, (broken, LEND))
    assert isinstance(results[2], (LookupError, UnicodeEncodeError))
    assert all(result.ok for result in (*good[:2], *results[3:]))
    assert counter.journal() == ["checkout"] * 4


def test_an_act_that_the_database_refuses_harms_no_other(counter: Counter) -> None:
    unknown = lend_without_looking(item=999)
    results = several_with(counter, (unknown, LEND))
    assert isinstance(results[2], Exception)
    assert not isinstance(results[2], StoreUnavailable)
    assert all(result.ok for result in (*results[:2], *results[3:]))
    assert counter.journal() == ["checkout"] * 4
    assert counter.store.healthy


def test_a_guard_stops_what_no_rule_has_stopped_and_the_loser_is_told(counter: Counter) -> None:
    counter.checkout("R9", "I9")
    results = several_with(counter, (lend_without_looking(item=9), LEND))
    assert results[2] == "on-loan-to-other"
    assert all(result.ok for result in (*results[:2], *results[3:]))
    assert counter.item("I9").row.loan_patron_id == 9
    reply = counter.do(lend_without_looking(item=9), LEND, ledger(1, 5)._replace(render=str.encode)).reply
    assert reply == b"on-loan-to-other"


@pytest.mark.parametrize(
    ("write", "refusal"), [("hold", "held-for-other"), ("transit", "in-transit"), ("place", "already-held")]
)
def test_every_guard_tells_the_loser_why(counter: Counter, write: str, refusal: str) -> None:
    counter.hold(71, patron=2, item=1, pickup=LENS)
    counter.hold(72, patron=3, item=1, pickup=AVION)

    def decide(request: Any, _facts: None, _network: Any, now: int) -> Decision[str]:
        if write == "transit":
            return Decision("done", (writes.SEND(new_id(), 1, LENS, AVION, "return", None, now),))
        if write == "place":
            return Decision(
                "done", (rows.PLACE(new_id(), 4, None, 2, "", LENS, "sip2", "desk", now, None, None, None),)
            )
        return Decision("done", (rows.CAPTURE_HERE(request, 1, "2026-12-01", now, {71: LENS, 72: AVION}[request]),))

    acts = [(usecase(decide, key=f"blind:{hold}"), hold) for hold in (71, 72)]
    assert set(counter.do_all(acts)) == {"done", refusal}
    assert counter.store.healthy


def test_a_loser_who_cannot_be_told_harms_no_other(counter: Counter) -> None:
    counter.checkout("R9", "I9")
    results = several_with(counter, (replace(lend_without_looking(item=9), failed=boom), LEND))
    assert isinstance(results[2], LookupError)
    assert all(result.ok for result in (*results[:2], *results[3:]))
    assert counter.checkout("R8", "I8").ok


def test_two_that_nothing_keeps_apart_have_one_winner(counter: Counter) -> None:
    acts = [(lend_without_looking(item=1, patron=patron), LEND) for patron in (1, 2, 3)]
    assert sorted(counter.do_all(acts)) == ["lent", "on-loan-to-other", "on-loan-to-other"]
    assert counter.journal() == ["lent"]


def test_of_two_hundred_acts_on_the_same_items_one_wins_each(counter: Counter) -> None:
    acts = [(CHECKOUT, CheckoutRequest(f"R{1 + n % 9}", f"I{1 + n % 19}", at())) for n in range(200)]
    answers = counter.do_all(acts)
    winners = [answer.barcode for answer in answers if answer.ok]
    assert sorted(winners) == sorted({f"I{n}" for n in range(1, 20)})
    assert counter.sql("SELECT count(*), count(DISTINCT item_id) FROM loan") == [(19, 19)]
    assert counter.journal() == ["checkout"] * 19


def test_acts_on_one_item_are_done_in_the_order_in_which_they_were_asked(counter: Counter) -> None:
    ask = counter.store.transact
    lend = [ask(CHECKOUT, CheckoutRequest(f"R{n}", "I1", at()), NOW) for n in (1, 2)]
    back = ask(CHECKIN, CheckinRequest("I1", at()), NOW)
    last = ask(CHECKOUT, CheckoutRequest("R3", "I1", at()), NOW)
    first, second, returned, third = settle([*lend, back, last])
    assert (first.ok, second.ok, returned.patron_id, third.ok) == (True, False, 1, True)


# --- reads ---------------------------------------------------------------------------------------------------------------

ONE: Final = Statement("one item", select(schema.item.c.id).where(schema.item.c.id == bindparam("id")), "id")
BAD: Final = Statement("bad", text("SELECT nothing FROM nowhere"))


def test_a_read_may_ask_much_in_many_steps(counter: Counter) -> None:
    def steps() -> Steps[tuple[int, int]]:
        wide = yield [ONE(n) for n in range(1, 101)]
        empty = yield []
        found = 0
        for n in range(300):
            found += len((yield [ONE(1 + n % 20)])[0])
        return sum(len(rows) for rows in wide) + len(empty), found

    assert await_(counter.store.read(steps())) == (20, 300)


def test_a_read_that_asks_nothing_answers(counter: Counter) -> None:
    def steps() -> Steps[str]:
        yield from ()
        return "nothing"

    assert await_(counter.store.read(steps())) == "nothing"


def test_a_failing_read_harms_no_other(counter: Counter) -> None:
    def good(number: int) -> Steps[Any]:
        (rows,) = yield [ONE(number)]
        return rows[0][0]

    def buggy() -> Steps[None]:
        yield [ONE(1)]
        boom()

    def wrong() -> Steps[None]:
        yield [ONE(1), BAD(), ONE(2)]

    read = counter.store.read
    results = await_(DeferredList([read(good(1)), read(buggy()), read(wrong()), read(good(2))], consumeErrors=True))
    assert [done for done, _ in results] == [True, False, False, True]
    assert (results[0][1], results[3][1]) == (1, 2)
    results[1][1].trap(LookupError)
    assert await_(read(good(3))) == 3


def test_text_without_meaning_finds_nothing(counter: Counter) -> None:
    for barcode in ("I1\0", "", "\0", "I1' OR 1=1 --", "é" * 5000):
        assert counter.checkout("R1", barcode).reasons == (Reason.UNKNOWN_ITEM,)


# --- long work, and the end ----------------------------------------------------------------------------------------------


def add_device(connection: Connection, code: str) -> str:
    connection.execute(insert(schema.device).values(code=code, library_id=LENS, password_hash="x"))
    return code


def add_device_and_fail(connection: Connection, code: str) -> None:
    add_device(connection, code)
    boom()


def test_work_is_one_transaction_beside_acts(counter: Counter) -> None:
    acts = [counter.store.transact(CHECKOUT, CheckoutRequest("R1", f"I{n}", at()), NOW) for n in range(1, 10)]
    kept = counter.store.work(add_device, "new")
    failed = counter.store.work(add_device_and_fail, "lost")
    assert await_(kept) == "new"
    with pytest.raises(LookupError):
        await_(failed)
    assert all(answer.ok for answer in settle(acts))
    codes = [code for (code,) in counter.sql("SELECT code FROM device")]
    assert "new" in codes
    assert "lost" not in codes
    assert counter.checkout("R2", "I10").ok


def test_the_network_is_replaced_when_it_has_changed(counter: Counter) -> None:
    before = counter.store.network
    await_(counter.store.work(add_device, "new"))
    await_(counter.store.reload_network())
    assert "new" not in before.devices
    assert "new" in counter.store.network.devices


def test_closing_finishes_what_was_asked_and_takes_no_more(counter: Counter) -> None:
    acts = [counter.store.transact(CHECKOUT, CheckoutRequest("R1", f"I{n}", at()), NOW) for n in range(1, 20)]
    work = counter.store.work(add_device, "last")
    order: list[str] = []

    def note(result: Any, what: str) -> Any:
        order.append(what)
        return result

    for act in acts:
        act.addBoth(note, "act")
    closing = counter.store.close().addBoth(note, "closed")
    late = [counter.store.transact(CHECKOUT, CheckoutRequest("R2", "I20", at()), NOW)]
    assert all(answer.ok for answer in settle(acts))
    await_(closing)
    assert order == ["act"] * 19 + ["closed"]
    assert await_(work) == "last"
    assert isinstance(settle(late)[0], StoreUnavailable)
    assert counter.journal() == ["checkout"] * 19
    await_(counter.store.close())
