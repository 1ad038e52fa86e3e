"""What the journal keeps of an act's circumstances: written, read again, and without a reader."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.circulation.due import Due
from storage.network.contexts import Circumstances, parse, render
from storage.network.policies import Context

ids = st.integers(1, 10**6)
loans = st.dictionaries(ids, st.integers(1, 99), max_size=4)
days = st.dates().map(lambda day: day.isoformat())
dues = st.none() | days.map(Due) | st.integers(0, 2**40).map(lambda at: Due(None, at))


@given(
    st.tuples(ids, ids, ids, ids, st.text(max_size=12), st.sampled_from(["sip2", "ncip", "cli"])),
    st.tuples(loans, loans, loans, st.integers(0, 400), st.integers(0, 9), dues, dues, st.none() | days, ids),
)
def test_what_is_written_is_read_again(scope: tuple[int, int, int, int, str, str], facts: tuple) -> None:  # type: ignore[type-arg]  # a strategy's tuple
    owner, kind, category, library, location, channel = scope
    load, site, household, late, renewals, due, was, cap, demand = facts
    context = Context(owner, (kind, kind + 1), (category,), library, location, channel)
    text = render(
        context,
        due,
        load,
        site=site,
        household=household,
        late=late,
        renewals=renewals,
        was=was,
        cap=cap,
        demand=demand,
    )
    assert parse(text) == Circumstances(
        owner, kind, category, library, channel, location, load, site, household, late, renewals, due, was, cap, demand
    )
    assert text.isprintable()


def test_what_there_is_not_is_left_out() -> None:
    text = render(Context(1, (30, 10), (6,), 2, "Jeunesse 1", "sip2"), Due("2026-12-20"), {30: 2, 10: 1})
    assert (
        text == "owner=1 type=30 category=6 library=2 channel=sip2 location=Jeunesse%201 load=30:2,10:1 due=2026-12-20"
    )


def test_an_act_without_rules_has_no_circumstances() -> None:
    assert parse("") is None


def test_words_of_a_later_release_are_passed_over() -> None:
    found = parse("owner=1 type=2 category=3 library=4 channel=sip2 weather=rain")
    assert found == Circumstances(1, 2, 3, 4, "sip2")


@pytest.mark.parametrize("text", ["owner=1 type=2", "owner", "owner=x type=2 category=3 library=4 channel=sip2"])
def test_a_broken_line_is_an_error(text: str) -> None:
    with pytest.raises(ValueError):
        parse(text)
