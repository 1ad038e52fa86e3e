"""The keys of the file that declares a network: one class for each table of the file, one attribute for each key.

From these classes come the reader, the checks, the columns that are written, and the reference page. An attribute that
the file does not give is None. For a thing that the store does not have yet it is then `Key.default`, or the file is
refused (`REQUIRED`); a thing that it has keeps what it had.
"""

# ruff: noqa: RUF009 (`key` and `many` return attrs fields: each class has its own)

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from typing import Any, Final, Literal, NamedTuple

import attrs

from storage.network.attributes import ATTRIBUTES
from storage.network.declaration_values import (
    Argon2,
    Capitals,
    Clock,
    Code,
    Day,
    Hours,
    Insee,
    Isbn,
    Isil,
    Language,
    Many,
    Media,
    Minutes,
    Namespace,
    Number,
    Options,
    Secret,
    Setting,
    Text,
    Zone,
)

REQUIRED: Final = object()
"""The default of a key that a new thing must have."""


class Key(NamedTuple):
    """What is declared of one key. *column* is empty where the key is not kept as it is."""

    name: str
    meaning: str
    default: Any
    column: str
    refers: str
    lists: bool


def key(
    meaning: str, default: Any = REQUIRED, *, column: str | None = None, refers: str = "", secret: bool = False
) -> Any:
    """Declare a key. *column* is where it is kept ("" for nowhere), *refers* the kind of thing whose code it is."""
    metadata = {"meaning": meaning, "default": default, "column": column, "refers": refers}
    return attrs.field(default=None, repr=not secret, metadata=metadata)


def many(meaning: str) -> Any:
    """Declare a key that holds a list."""
    return attrs.field(default=(), repr=False, metadata={"meaning": meaning, "default": (), "column": "", "refers": ""})


@cache
def keys_of(declared: type) -> tuple[Key, ...]:
    """Return the keys of a class of this module."""
    found = []
    for attribute in attrs.fields(declared):
        meta = attribute.metadata
        if not meta:
            continue
        column = meta["column"]
        if column is None:
            column = f"{attribute.name}_id" if meta["refers"] else attribute.name
        lists = attribute.default == ()
        found.append(Key(attribute.name, meta["meaning"], meta["default"], column, meta["refers"], lists))
    return tuple(found)


Complaint = tuple[str, str]
"""A key, and what is wrong with its value."""


def _ordered(thing: Any, first: str, last: str) -> Iterator[Complaint]:
    """Complain when the day *last* comes before the day *first*."""
    start, end = getattr(thing, first), getattr(thing, last)
    if start is not None and end is not None and end < start:
        yield last, f"comes before {first}"


class Checked:
    """What every table has: a check of its keys against each other."""

    __slots__ = ()

    def complaints(self) -> Iterator[Complaint]:
        """Yield what is wrong between the keys of this table."""
        return iter(())


@attrs.frozen(kw_only=True)
class Network(Checked):
    """The network itself."""

    name: Text | None = key("What the network is called on screens and in answers.")


@attrs.frozen(kw_only=True)
class Membership(Checked):
    """The convention between a commune and the network: a fact in time."""

    convention: Text | None = key("Which text was signed; one membership of a commune is known by it.")
    deliberated_on: Day | None = key("When the council voted it.", None)
    signed_on: Day | None = key("When it was signed.", None)
    notified_on: Day | None = key("When it was notified: it takes effect then.", None)
    ends_on: Day | None = key("Its last day.", "2029-12-31")
    denounced_on: Day | None = key("When notice of one party was received.", None)
    denounced_by: Text | None = key("Which party.", None)
    clause: Text | None = key("Which clause it says was broken.", None)
    evidence: Text | None = key("Where the evidence is.", None)
    withdrawn_on: Day | None = key("When the notice was taken back.", None)
    left_on: Day | None = key("The first day after the commune left the network.", None)

    def complaints(self) -> Iterator[Complaint]:
        """Yield what is wrong between the keys of this table."""
        yield from _ordered(self, "notified_on", "ends_on")
        yield from _ordered(self, "notified_on", "denounced_on")
        yield from _ordered(self, "denounced_on", "withdrawn_on")
        yield from _ordered(self, "notified_on", "left_on")


@attrs.frozen(kw_only=True)
class Commune(Checked):
    """A commune of the network's area."""

    code: Code | None = key("Its code in this file.")
    name: Text | None = key("Its name.")
    insee: Insee | None = key("Its INSEE code.", None)
    memberships: tuple[Membership, ...] = many("Its conventions with the network.")


@attrs.frozen(kw_only=True)
class Service(Checked):
    """A service that a library offers from a day on. A library without any of these offers all."""

    service: (
        Literal["catalogue", "circulation", "self-check", "holds-pickup", "holds-supply", "shuttle", "rfid", "portal"]
        | None
    ) = key("Which service.")
    from_on: Day | None = key("The first day of it.")
    to_on: Day | None = key("The first day without it.", None)

    def complaints(self) -> Iterator[Complaint]:
        """Yield what is wrong between the keys of this table."""
        yield from _ordered(self, "from_on", "to_on")


@attrs.frozen(kw_only=True)
class Referent(Checked):
    """Who answers for a library, and is told what it must know."""

    role: Literal["head", "computing", "network"] | None = key(
        "What for: the library as a whole, its computers, or its part in the network."
    )
    name: Text | None = key("Who it is.")
    contact: Text | None = key("How to reach them.", "", secret=True)
    from_on: Day | None = key("The first day.")
    to_on: Day | None = key("The first day after it.", None)

    def complaints(self) -> Iterator[Complaint]:
        """Yield what is wrong between the keys of this table."""
        yield from _ordered(self, "from_on", "to_on")


@attrs.frozen(kw_only=True)
class Library(Checked):
    """A place of the network, or an external lender."""

    code: Capitals | None = key("Its code: AO in SIP2, the agency's location elsewhere.")
    name: Text | None = key("Its name.")
    kind: Literal["network", "library", "hub", "vehicle", "external"] | None = key(
        "What it is; `external` is a lender that is not of the network.", "library"
    )
    commune: Code | None = key("The commune that it belongs to.", None, refers="communes")
    parent: Capitals | None = key("The library that it is a part of.", None, refers="libraries")
    isil: Isil | None = key("Its ISIL; in France `FR-` and the RCR.", None)
    timezone: Zone | None = key("Its time zone: days begin and end in it.", "Europe/Paris")
    namespace: Namespace | None = key(
        "The namespace of the card and item numbers that it gave out before it joined; empty: it uses the network's.",
        "",
    )
    services: tuple[Service, ...] = many("What it offers, from when to when.")
    referents: tuple[Referent, ...] = many("Who answers for it, from when to when.")


@attrs.frozen(kw_only=True)
class Week(Checked):
    """The opening hours of a week; on a day without hours the library is closed."""

    monday: tuple[Hours, ...] = many("Hours on Monday.")
    tuesday: tuple[Hours, ...] = many("Hours on Tuesday.")
    wednesday: tuple[Hours, ...] = many("Hours on Wednesday.")
    thursday: tuple[Hours, ...] = many("Hours on Thursday.")
    friday: tuple[Hours, ...] = many("Hours on Friday.")
    saturday: tuple[Hours, ...] = many("Hours on Saturday.")
    sunday: tuple[Hours, ...] = many("Hours on Sunday.")

    def days(self) -> Iterator[tuple[str, tuple[Hours, ...]]]:
        """Yield the name and the hours of each day, from Monday."""
        for day in keys_of(Week):
            yield day.name, getattr(self, day.name)

    def complaints(self) -> Iterator[Complaint]:
        """Yield what is wrong between the keys of this table."""
        for name, hours in self.days():
            if any(later[:5] < earlier[6:] for earlier, later in pairwise(sorted(hours))):
                yield name, "hours overlap"


@attrs.frozen(kw_only=True)
class Exceptional(Checked):
    """A day on which the calendar is not what the week says."""

    day: Day | None = key("Which day.")
    hours: Hours | None = key("From when to when it is open; without this key it is closed.", None, column="")
    reason: Text | None = key("Why, for people.", "")


@attrs.frozen(kw_only=True)
class Calendar(Checked):
    """The opening hours of one or more libraries: usual ones, or those of a season."""

    libraries: tuple[Capitals, ...] = many(
        "Whose hours these are; without this key, those of all libraries of the network."
    )
    from_on: Day | None = key("The first day of the season.", None)
    to_on: Day | None = key("The last day of the season.", None)
    week: Week | None = key(
        "The weekly hours. They take the place of those that the library had for the same season. Hours without season"
        " hold all year, so give the usual hours seasons too when others take their place in summer.",
        None,
        column="",
    )
    exceptions: tuple[Exceptional, ...] = many("Single days.")

    def complaints(self) -> Iterator[Complaint]:
        """Yield what is wrong between the keys of this table."""
        yield from _ordered(self, "from_on", "to_on")


@attrs.frozen(kw_only=True)
class Stop(Checked):
    """A stop of a route, in the order in which the van comes."""

    library: Capitals | None = key("Where.", refers="libraries")
    at: Clock | None = key("When the van comes, in the library's time.")
    handling: Minutes | None = key("Minutes from then until what it brought is on the shelf, or sorted.", 0)


@attrs.frozen(kw_only=True)
class Route(Checked):
    """A tour of the shuttle."""

    code: Code | None = key("Its code.")
    name: Text | None = key("Its name.", "")
    weekdays: tuple[Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"], ...] = many(
        "On which days the van goes; a new route needs them."
    )
    hub: Capitals | None = key("Where items are sorted from one run to another.", None, refers="libraries")
    capacity: Many | None = key("How many items the van takes; without this key, any number.", None)
    cut_off: Minutes | None = key("Minutes before the van comes after which an item misses it.", 0)
    from_on: Day | None = key("The first day of its season.", None)
    to_on: Day | None = key("The last day of its season.", None)
    stops: tuple[Stop, ...] = many(
        "Its stops: all of them, in order. They take the place of those that the route had. A van that comes back where"
        " it began has that stop twice."
    )

    def complaints(self) -> Iterator[Complaint]:
        """Yield what is wrong between the keys of this table."""
        yield from _ordered(self, "from_on", "to_on")
        if len(self.stops) == 1:
            yield "stops", "a route has two stops or more"
        for number, (before, after) in enumerate(pairwise(self.stops), start=1):
            if (before.at or "") >= (after.at or "99"):
                yield f"stops[{number}].at", "the van comes here no later than at the stop before"


@attrs.frozen(kw_only=True)
class Category(Checked):
    """A category of readers. Categories form a tree: a rule for one holds for those under it."""

    code: Code | None = key("Its code.")
    name: Text | None = key("Its name.")
    parent: Code | None = key("The category that it is under.", None, refers="patron_categories")


@attrs.frozen(kw_only=True)
class ItemType(Checked):
    """A type of items. Types form a tree: a rule for one holds for those under it."""

    code: Code | None = key("Its code.")
    name: Text | None = key("Its name.")
    parent: Code | None = key("The type that it is under.", None, refers="item_types")
    media_type: Media | None = key("Its media type in SIP2 (CK).", "001")


@attrs.frozen(kw_only=True)
class Rule(Checked):
    """One rule of a policy set: a value for an attribute, for what the other keys say; without them for everything."""

    attribute: Code | None = key("Which attribute, of the table below.")
    value: Setting | None = key("Its value.")
    owner: Capitals | None = key("For items of this library.", None, refers="libraries")
    item_type: Code | None = key("For items of this type and the types under it.", None, refers="item_types")
    category: Code | None = key(
        "For readers of this category and the categories under it.",
        None,
        refers="patron_categories",
        column="patron_category_id",
    )
    library: Capitals | None = key("For acts in this library.", None, refers="libraries")
    location: Text | None = key("For items at this shelving location.", None)
    channel: Literal["sip2", "ncip", "cli"] | None = key("For acts on this wire.", None)
    locked: bool | None = key(
        "Whether it beats every rule that is not locked, however special. No library can then have a rule of its own where"
        " this one holds.",
        False,
    )

    def complaints(self) -> Iterator[Complaint]:
        """Yield what is wrong between the keys of this table."""
        if self.attribute is None:
            return
        known = ATTRIBUTES.get(self.attribute)
        if known is None:
            yield "attribute", f"no such attribute; there are {', '.join(ATTRIBUTES)}"
        elif self.value is not None:
            try:
                known.check(self.value)
            except ValueError as error:
                yield "value", str(error)


@attrs.frozen(kw_only=True)
class PolicySet(Checked):
    """The rules that the libraries voted, in force from a day until the next set begins."""

    code: Code | None = key("Its code.")
    effective_from: Day | None = key("Its first day.")
    decision: Text | None = key("Who decided it, and when. A set that creates a fee must say so.", "")
    opened: Text | None = key(
        "The attributes that libraries may have rules of their own for, with blanks between, or `none`; without this key,"
        " all that no rule locks.",
        None,
    )
    rules: tuple[Rule, ...] = many("The rules; for each attribute the most special one that fits applies.")

    def complaints(self) -> Iterator[Complaint]:
        """Yield what is wrong between the keys of this table."""
        for name in (self.opened or "none").split():
            if name != "none" and name not in ATTRIBUTES:
                yield "opened", f"no such attribute: {name}"


@attrs.frozen(kw_only=True)
class Card(Checked):
    """A reader's card."""

    number: Number | None = key("The number that is scanned.", secret=True)
    namespace: Namespace | None = key("Who gave the number out: empty for the network, else a library's namespace.", "")
    status: Literal["stock", "active", "lost", "stolen", "replaced", "cancelled"] | None = key(
        "What became of it.", "active"
    )
    primary: bool | None = key(
        "Whether it is the reader's main card; only one active card may be.", True, column="is_primary"
    )
    issued_on: Day | None = key("When it was given out.", None)
    replaced_by: Number | None = key("The number of the reader's card that took its place.", None, secret=True)


@attrs.frozen(kw_only=True)
class Block(Checked):
    """A reason to refuse something to a reader. A reader has one of each kind."""

    kind: Code | None = key("Its kind, as `manual` or `unresolved-loss`.")
    acts: tuple[Literal["checkout", "renew", "hold", "capture", "fulfil"], ...] = many(
        "What is refused; without this key, everything."
    )
    from_on: Day | None = key("Its first day.", None)
    to_on: Day | None = key("Its last day.", None)
    note: Text | None = key("For staff.", "", secret=True)

    def complaints(self) -> Iterator[Complaint]:
        """Yield what is wrong between the keys of this table."""
        yield from _ordered(self, "from_on", "to_on")


@attrs.frozen(kw_only=True, repr=False)
class Patron(Checked):
    """A reader."""

    code: Number | None = key(
        "What the reader is known by in the store; without this key, the number of the first card."
    )
    category: Code | None = key("The category.", refers="patron_categories")
    home: Capitals | None = key("The reader's library.", refers="libraries")
    surname: Text | None = key("Surname.")
    forename: Text | None = key("Forename.", "")
    language: Language | None = key("Language of messages.", "fr")
    born_on: Day | None = key("Birth date.", None)
    valid_until: Day | None = key("The last day of the registration.", None)
    residence: Insee | None = key(
        "INSEE code of the commune of residence: for statistics alone, no rule reads it.", None
    )
    address: Text | None = key("Postal address.", None)
    email: Text | None = key("Mail address.", None)
    phone: Text | None = key("Telephone number.", None)
    pin: Secret | None = key("The PIN; the store keeps a keyed hash of it.", None, column="", secret=True)
    cards: tuple[Card, ...] = many("Cards.")
    blocks: tuple[Block, ...] = many("Blocks.")

    @property
    def known_as(self) -> str | None:
        """The reader's code, given or taken from the first card."""
        return self.code or (self.cards[0].number if self.cards else None)


@attrs.frozen(kw_only=True)
class Barcode(Checked):
    """A number that an item bore."""

    number: Number | None = key("The number.")
    namespace: Namespace | None = key("Who gave it out: empty for the network, else a library's namespace.", "")


@attrs.frozen(kw_only=True)
class Item(Checked):
    """An item. It is known by any of its barcodes."""

    barcode: Number | None = key("The barcode that is printed on it.", column="")
    namespace: Namespace | None = key(
        "Who gave that number out: empty for the network, else a library's namespace.", "", column=""
    )
    former_barcodes: tuple[Barcode, ...] = many("Other numbers by which it is found.")
    owner: Capitals | None = key("The library that owns it.", refers="libraries")
    home: Capitals | None = key("Where its shelf is; without this key, at its owner.", None, refers="libraries")
    type: Code | None = key("The item type.", refers="item_types", column="item_type_id")
    location: Text | None = key("The shelving location.", "")
    call_number: Text | None = key("The call number.", "")
    volume: Text | None = key("Which volume or issue it is.", "")
    title: Text | None = key("A short title; without this key, that of the record that the item is attached to.")
    author: Text | None = key("The author, in the same way.", "")
    isbn: Isbn | None = key("Attaches the item to the record that has this ISBN.", None, column="")
    source: Text | None = key("Attaches the item to a record: where the record came from.", None, column="")
    control: Text | None = key("Attaches the item to a record: its control number there.", None, column="")
    condition: Literal["good", "missing", "lost", "damaged", "repair", "in-process", "on-order", "withdrawn"] | None = (
        key("Its condition.", "good")
    )
    for_loan: bool | None = key("Whether it is lent.", True)
    temporary: bool | None = key("Whether it is here for one request alone.", False)
    added_on: Day | None = key("When it came into the collection.", None)
    due_back_on: Day | None = key("When a deposit goes back to its lender.", None)

    def complaints(self) -> Iterator[Complaint]:
        """Yield what is wrong between the keys of this table."""
        if (self.source is None) != (self.control is None):
            yield (
                ("control" if self.control is None else "source"),
                "missing: source and control name a record together",
            )
        if self.isbn is not None and self.control is not None:
            yield "isbn", "is one way to name a record, source and control are another: give one"


@attrs.frozen(kw_only=True)
class Device(Checked):
    """A SIP2 account: a kiosk, a sorter, a gate, a platform."""

    login: Number | None = key("The login (CN).", column="code")
    library: Capitals | None = key("Where it stands.", refers="libraries")
    password: Secret | None = key(
        "The password (CO); the store keeps an argon2 hash. A new device needs this or the next key.",
        None,
        column="",
        secret=True,
    )
    password_hash: Argon2 | None = key(
        "Its argon2 hash instead, so that the file needs no password.", None, column="", secret=True
    )
    profile: Options | None = key("How it speaks: the options of [device profiles](sip2.md).", None, column="")
    enabled: bool | None = key("Whether it may log in.", True)

    def complaints(self) -> Iterator[Complaint]:
        """Yield what is wrong between the keys of this table."""
        if self.password is not None and self.password_hash is not None:
            yield "password_hash", "password and password_hash are two ways to say one thing: give one"


@attrs.frozen(kw_only=True)
class Devices(Checked):
    """What devices have in common: those of a library, or all. A device's own profile counts for more."""

    library: Capitals | None = key("The library that they stand in; without this key, any.", None, column="")
    profile: Options | None = key("How they speak: the options of [device profiles](sip2.md).", None, column="")
