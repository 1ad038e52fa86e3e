"""Requests of OAI-PMH are read by the table of verbs; tokens bring back the list they were made of."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.oai.requests import ARGUMENTS, Error, Harvest, Refused, Verb, instant, read, resumed, written

names = st.text(st.characters(codec="utf-8", exclude_characters="\n"), max_size=20)
times = st.integers(-(10**11), 10**11)
numbers = st.integers(0, (1 << 31) - 1)


@settings(derandomize=True)
@given(st.builds(Harvest, names, names, times, st.one_of(st.none(), times), times, numbers, numbers))
def test_a_token_brings_back_its_list(harvest: Harvest) -> None:
    assert resumed(harvest.token()) == harvest


@pytest.mark.parametrize("changed", [{"number": 1 << 31}, {"given": 1 << 31}, {"at": 10**12}, {"until": 10**15}])
def test_a_token_with_numbers_that_no_record_has_is_refused(changed: dict[str, Any]) -> None:
    with pytest.raises(Refused) as refused:
        resumed(replace(Harvest("oai_dc"), **changed).token())
    assert refused.value.error is Error.BAD_RESUMPTION_TOKEN


@settings(derandomize=True)
@given(st.text(max_size=80))
def test_any_other_token_is_refused(text: str) -> None:
    with suppress(Refused):
        assert resumed(text).token() == text.rstrip("=")


@settings(derandomize=True)
@given(st.integers(0, 253_402_300_799))
def test_instants_are_read_as_they_are_written(seconds: int) -> None:
    assert instant(written(seconds)) == seconds


def test_a_day_is_all_of_it() -> None:
    assert instant("2026-11-22", last=True) - instant("2026-11-22") == 86_399


@pytest.mark.parametrize("verb", Verb)
def test_every_verb_is_in_the_table_and_takes_what_it_needs(verb: Verb) -> None:
    row = ARGUMENTS[verb]
    request = read([("verb", verb.value), *((name, "x") for name in sorted(row.required))])
    assert request.verb is verb
    for name in row.required:
        with pytest.raises(Refused) as caught:
            read([("verb", verb.value), *((other, "x") for other in sorted(row.required - {name}))])
        assert caught.value.error is Error.BAD_ARGUMENT


def test_what_is_too_long_is_refused() -> None:
    with pytest.raises(Refused):
        read([("verb", "GetRecord"), ("identifier", "x" * 3_000), ("metadataPrefix", "oai_dc")])
