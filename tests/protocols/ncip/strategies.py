"""Hypothesis strategies of everything in the table, from the table alone."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import combinations
from typing import Any

from hypothesis import strategies as st

from protocols.ncip.base import PlainResponse, ProblemMessage
from protocols.ncip.elements import Problem
from protocols.ncip.messages import MESSAGES
from protocols.ncip.model import Child, Element, Kind, SchemeValue
from protocols.ncip.problems import SERVICES, Group
from protocols.ncip.reference import models
from protocols.ncip.schemes import SCHEMES

# What XML can carry, and what survives a reading that strips the ends of every text.
TEXT = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff§"), max_size=12
).map(lambda text: "x" + text.strip() + "é<&>\"'")
PRIVATE = TEXT.map(lambda text: "§" + text)
"""Texts of children that are never shown: no other text holds their mark."""
DATES = st.datetimes(datetime(1900, 1, 1), datetime(2999, 1, 1), timezones=st.just(UTC)).map(  # noqa: DTZ001
    lambda moment: moment.replace(microsecond=0)
)
URIS = st.sampled_from([None, *(scheme.uri for scheme in SCHEMES.values()), "urn:x:%41;a=b", "FR:1"])
PAIRS = st.builds(SchemeValue, TEXT, URIS)


def _together(cls: type[Element]) -> list[frozenset[str]]:
    """Give every set of children that the class' choice allows."""
    chosen = [child for child in cls.TABLE if child.letter]
    return [
        frozenset(child.field for child in some)
        for count in range(len(chosen) + 1)
        for some in combinations(chosen, count)
        if cls.fits("".join(child.letter for child in some))
    ]


_TOGETHER = {name: _together(cls) for name, cls in models().items()}


@st.composite
def elements(draw: st.DrawFn, cls: type[Element]) -> Element:
    together = draw(st.sampled_from(_TOGETHER[cls.__name__]))
    values: dict[str, Any] = {}
    for child in cls.TABLE:
        wanted = child.field in together if child.letter else child.required or draw(st.booleans())
        if wanted and child.repeats:
            values[child.field] = tuple(draw(st.lists(_value(child), min_size=1, max_size=2)))
        elif wanted:
            values[child.field] = draw(_value(child))
    return cls(**values)


def _value(child: Child) -> st.SearchStrategy[Any]:
    if child.model is not None:
        return elements(child.model)
    if child.kind is Kind.TEXT:
        return PRIVATE if child.privacy else TEXT
    if child.kind is Kind.PAIR:
        known = SCHEMES.get(child.tag)
        return PAIRS if known is None else PAIRS | st.sampled_from([member.pair for member in known])
    if child.kind is Kind.DATE:
        return DATES
    if child.kind is Kind.FLAG:
        return st.just(True)
    return st.integers(-(10**9) if child.least is None else child.least, 10**9)


def plain() -> st.SearchStrategy[Any]:
    """Give answers to notifications, with problems and without."""
    names = st.sampled_from(sorted(name for name, known in SERVICES.items() if known.group is Group.NOTIFICATION))
    problems = st.lists(elements(Problem), max_size=2).map(tuple)
    return st.builds(PlainResponse, name=names, problem=problems)


def ncip_messages() -> st.SearchStrategy[Any]:
    """Give any message that travels in an NCIPMessage of the 2.02 schema."""
    modelled = [cls for name, cls in MESSAGES.items() if not name.startswith("LookupVersion")]
    return st.one_of(*(elements(cls) for cls in modelled), elements(ProblemMessage), plain())
