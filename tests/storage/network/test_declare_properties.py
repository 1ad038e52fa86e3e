"""Any valid declaration: what it writes it writes once, and it can be told in any two parts."""

from __future__ import annotations

from typing import Any, Self

import attrs
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from storage import schema
from storage.database import Location
from storage.network.declaration_keys import (
    Block,
    Calendar,
    Card,
    Category,
    Commune,
    Exceptional,
    Item,
    ItemType,
    Library,
    Patron,
    PolicySet,
    Rule,
    Service,
    Week,
)
from storage.network.declaration_values import Number
from storage.network.declare import Declaration, Passwords, apply_declaration

CODES = ["A", "B", "C", "D"]
DAYS = st.sampled_from(["2026-01-01", "2026-06-30", "2027-01-01"])
WORDS = st.sampled_from(["", "x", "Œuvre « d'été »", "L’an"])


def _some(strategy: Any) -> Any:
    return st.none() | strategy


def _unique(*keys: str, **parts: Any) -> Any:
    """Draw things of which no two agree in *keys*."""

    def key(thing: Any) -> tuple[Any, ...]:
        return tuple(getattr(thing, name) for name in keys)

    table = parts.pop("table")
    return st.lists(st.builds(table, **parts), max_size=4, unique_by=key).map(tuple)


@st.composite
def _tree(draw: Any, table: Any, /, **parts: Any) -> Any:
    """Draw things with codes, each under one that comes before it; told in any order."""
    codes = draw(st.lists(st.sampled_from(CODES), unique=True, max_size=4))
    things = [
        draw(
            st.builds(
                table, code=st.just(code), parent=_some(st.sampled_from(codes[:at])) if at else st.none(), **parts
            )
        )
        for at, code in enumerate(codes)
    ]
    return tuple(draw(st.permutations(things)))


def _scope(category: st.SearchStrategy[str], kind: st.SearchStrategy[str]) -> dict[str, Any]:
    return {
        "table": Rule,
        "attribute": st.just("loan.limit"),
        "value": st.sampled_from(["1", "2"]),
        "category": _some(category),
        "item_type": _some(kind),
    }


@st.composite
def declarations(draw: Any) -> Declaration:
    communes = draw(_unique("code", table=Commune, code=st.sampled_from(CODES), name=WORDS))
    in_commune = _some(st.sampled_from([commune.code for commune in communes])) if communes else st.none()
    services = _unique("service", "from_on", table=Service, service=st.sampled_from(["rfid", "portal"]), from_on=DAYS)
    libraries = draw(_tree(Library, name=WORDS, commune=in_commune, services=services))
    categories, types = draw(_tree(Category, name=WORDS)), draw(_tree(ItemType, name=WORDS))
    # The store has these libraries, categories and types already.
    place = st.sampled_from(["LENS", "MDPC", *(library.code for library in libraries)])
    category = st.sampled_from(["ADULT", *(each.code for each in categories)])
    kind = st.sampled_from(["BOOK", *(each.code for each in types)])
    # A set with locks has no rules of libraries: where they met, it would be refused.
    rules = st.one_of(
        _unique("attribute", "category", "item_type", "library", library=_some(place), **_scope(category, kind)),
        _unique("attribute", "category", "item_type", locked=_some(st.booleans()), **_scope(category, kind)),
    )
    hours = st.lists(st.sampled_from(["09:00-12:00", "13:00-18:30"]), unique=True).map(tuple)
    week = st.builds(Week, monday=hours, sunday=hours)
    exceptions = _unique("day", table=Exceptional, day=DAYS, hours=_some(st.just("10:00-12:00")), reason=_some(WORDS))
    calendar = st.builds(
        Calendar,
        libraries=st.lists(place, max_size=3).map(tuple),
        from_on=_some(DAYS),
        week=_some(week),
        exceptions=exceptions,
    )
    blocks = _unique(
        "kind", table=Block, kind=st.sampled_from(["a", "b"]), acts=st.sampled_from([(), ("checkout", "hold")])
    )
    patrons = _unique(
        "code",
        table=Patron,
        code=st.sampled_from(CODES),
        category=category,
        home=place,
        surname=WORDS,
        pin=_some(st.sampled_from(["1234", "0000"])),
        valid_until=_some(DAYS),
        blocks=blocks,
    )
    return Declaration(
        communes=communes,
        libraries=libraries,
        calendars=tuple(draw(st.lists(calendar, max_size=1))),
        patron_categories=categories,
        item_types=types,
        policies=draw(_unique("code", table=PolicySet, code=st.sampled_from(CODES), effective_from=DAYS, rules=rules)),
        patrons=tuple(map(_with_cards, draw(patrons))),
        items=draw(
            _unique(
                "barcode",
                table=Item,
                barcode=st.sampled_from(CODES),
                owner=place,
                type=kind,
                title=WORDS,
                volume=_some(WORDS),
            )
        ),
    )


def _with_cards(patron: Patron) -> Patron:
    new, old = Number(f"{patron.code}1"), Number(f"{patron.code}0")
    return attrs.evolve(patron, cards=(Card(number=new), Card(number=old, status="replaced", replaced_by=new)))


class Rolled:
    """The small network, as it was before at the end."""

    def __init__(self, location: Location) -> None:
        self.connection = location.engine().connect()
        self.transaction = self.connection.begin()
        self.pins = location.pins()
        self.passwords = Passwords(str.upper)

    def load(self, declaration: Declaration) -> bool:
        return apply_declaration(self.connection, declaration, self.pins, self.passwords, 0).wrote

    def everything(self) -> dict[str, list[str]]:
        tables = [table for table in schema.METADATA.sorted_tables if table is not schema.journal]
        return {table.name: sorted(map(repr, self.connection.execute(select(table)))) for table in tables}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_raised: object) -> None:
        self.transaction.rollback()
        self.connection.close()


SETTINGS = settings(
    derandomize=True,
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@SETTINGS
@given(declarations())
def test_any_declaration_twice_is_the_same_store(any_location: Location, declaration: Declaration) -> None:
    with Rolled(any_location) as store:
        store.load(declaration)
        once = store.everything()
        assert not store.load(declaration)
        assert store.everything() == once


@SETTINGS
@given(declarations(), st.sampled_from(["patrons", "items", "policies"]))
def test_what_is_declared_later_refers_to_what_was_declared_before(
    location: Location, declaration: Declaration, later: str
) -> None:
    with Rolled(location) as whole:
        whole.load(declaration)
        expected = whole.everything()
    without: Any = {later: ()}
    alone: Any = {later: getattr(declaration, later)}
    with Rolled(location) as parts:
        parts.load(attrs.evolve(declaration, **without))
        parts.load(Declaration(**alone))
        assert parts.everything() == expected
