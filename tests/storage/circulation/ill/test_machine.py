"""The tables of the machine: nothing goes backwards, every wait has a timer, every event leads somewhere or is told why not."""

from __future__ import annotations

from itertools import product

import pytest

from storage.circulation.ill.machine import (
    BEFORE_SHIPPING,
    ENDED,
    LEADS,
    RANKS,
    TELLS,
    TIMERS,
    Event,
    No,
    Role,
    State,
    advance,
)
from storage.circulation.tellings import ANOMALIES


def test_every_state_in_which_a_request_can_wait_has_a_timer() -> None:
    never = set(product([Role.LENDING], [State.ASKED, State.CONDITIONAL, State.LENT, State.RETURNED]))
    waiting = set(product(Role, set(State) - ENDED)) - never
    assert set(TIMERS) == waiting
    assert all(timer.days > 0 and timer.again > 0 for timer in TIMERS.values())


@pytest.mark.parametrize(("state", "event"), list(product(State, Event)))
def test_no_event_leads_back(state: State, event: Event) -> None:
    after = advance(state, event)
    if isinstance(after, State):
        assert after is LEADS[event]
        assert state not in ENDED
        if state in RANKS and after in RANKS:
            assert RANKS[after] > RANKS[state]
    if event not in LEADS:
        assert after is None


@pytest.mark.parametrize(("first", "second"), list(product(LEADS, LEADS)))
def test_a_late_event_after_a_later_one_changes_nothing(first: Event, second: Event) -> None:
    """Messages out of order end where those in order end, unless one of them ends the request."""

    def after(*events: Event) -> State:
        state = State.ASKED
        for event in events:
            led = advance(state, event)
            state = led if isinstance(led, State) else state
        return state

    leaving = {*BEFORE_SHIPPING, Event.LOST}
    if not {first, second} & leaving:
        assert after(first, second) == after(second, first)


def test_what_is_on_its_way_can_no_longer_be_cancelled() -> None:
    for state in State:
        too_late = state in RANKS and RANKS[state] >= RANKS[State.SHIPPED]
        if state is State.CLOSED or too_late:
            assert advance(state, Event.CANCELLED) is No.TOO_LATE
    assert advance(State.CANCELLED, Event.CANCELLED) is None


def test_what_is_told_is_told_of_events_that_happen() -> None:
    assert {event for _, event in TELLS} <= set(Event)
    assert advance(State.ASKED, Event.LOST) is No.NOT_ON_LOAN
    assert advance(State.LOST, Event.RETURNED) is State.RETURNED


def test_staff_are_told_in_words_what_waits_too_long() -> None:
    kinds = {f"ill-{role.value}-{state.value}" for role, state in TIMERS} | {
        "ill-lost",
        "ill-undelivered",
        "ill-crossed",
    }
    assert {kind for kind in ANOMALIES if kind.startswith("ill-")} == kinds
