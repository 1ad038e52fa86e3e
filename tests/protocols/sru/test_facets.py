"""The three parameters of facets are read whole or refused."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.sru.diagnostics import Condition, Refused
from protocols.sru.facets import ALL, MAX_NAMED, Order, PerFacet, limits, orders, starts

BY_TERM = Order(by_count=False, descending=False)


@pytest.mark.parametrize(
    ("read", "sent", "found"),
    [
        (limits, "10", PerFacet(10)),
        (limits, "-1", PerFacet(ALL)),
        (limits, "5:dc.subject", PerFacet(None, {"dc.subject": 5})),
        (limits, "10, 5:dc.subject,0:date", PerFacet(10, {"dc.subject": 5, "date": 0})),
        (starts, "11:dc.subject", PerFacet(None, {"dc.subject": 11})),
        (orders, "recordCount", PerFacet(Order())),
        (orders, "alphanumeric", PerFacet(BY_TERM)),
        (orders, "recordcount,ASCENDING", PerFacet(Order(descending=False))),
        (orders, "alphanumeric,descending,caseInsensitive:dc.date", PerFacet(None, {"dc.date": Order(by_count=False)})),
        (
            orders,
            "recordCount:dc.date,alphanumeric,recordCount,ascending:dc.type",
            PerFacet(BY_TERM, {"dc.date": Order(), "dc.type": Order(descending=False)}),
        ),
    ],
)
def test_numbers_and_orders_are_of_one_facet_or_of_all(read: Callable[..., Any], sent: str, found: Any) -> None:
    assert read("x", sent) == found


@pytest.mark.parametrize(
    ("read", "sent"),
    [
        (limits, ""),
        (limits, "many"),
        (limits, "-2"),
        (limits, "1,2"),
        (limits, "1:a,2:a"),
        (limits, "dc.subject:5"),
        (limits, "١"),
        (limits, "9" * 20),
        (limits, ",".join(f"1:f{n}" for n in range(MAX_NAMED + 1))),
        (starts, "0"),
        (orders, "ascending"),
        (orders, "recordCount:dc.date,ascending"),
        (orders, "recordCount,caseSensitive"),
        (orders, "recordCount,alphanumeric"),
        (orders, "relevance"),
    ],
)
def test_what_cannot_be_read_is_refused_with_the_parameter(read: Callable[..., Any], sent: str) -> None:
    with pytest.raises(Refused) as caught:
        read("facetX", sent)
    assert caught.value.diagnostic == (Condition.PARAMETER_VALUE, "facetX")


@settings(derandomize=True, deadline=None)
@given(st.sampled_from([limits, starts, orders]), st.text(st.sampled_from("19-:,. adescnigrtou\0é"), max_size=40))
def test_anything_is_read_or_refused(read: Callable[..., Any], sent: str) -> None:
    with suppress(Refused):
        assert isinstance(read("x", sent), PerFacet)
