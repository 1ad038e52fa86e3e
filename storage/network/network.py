"""The network as one immutable value: libraries, calendars, policies, devices, partners.

A decision never queries these; it is handed a `Network`, loaded whole when a daemon starts and replaced when the
journal says that something of it changed. `revision` tells one from the next.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, literal_column, select

from storage import schema
from storage.circulation.pins import Pins
from storage.circulation.shuttle.eta import Timetable
from storage.circulation.shuttle.routes import Route, load_routes
from storage.network.attributes import ATTRIBUTES, BROAD, FEES
from storage.network.calendars import Calendar, Opening
from storage.network.conventions import Exit, Membership, exit_of
from storage.network.policies import PolicySet, Rule, Scope
from storage.statements import Statement

REVISION: Final = Statement(
    "network revision",
    select(schema.setting.c.value).where(schema.setting.c.name == literal_column("'network.revision'")),
)

PROFILES: Final = "sip2.profile:"
"""Prefix of the settings that hold the profiles of devices, for a library (by its code) or for all."""

CLIENTS: Final = "z3950.client:"
"""Prefix of the settings that hold what is known of programs that speak Z39.50, by name."""

_BY_NOTIFICATION: Final = (schema.membership.c.notified_on, schema.membership.c.id)


@dataclass(frozen=True, slots=True)
class Library:
    """A place of the network, or an external lender (``kind`` is ``external``)."""

    id: int
    code: str
    name: str
    kind: str
    commune: str
    isil: str
    namespace: str
    zone: ZoneInfo
    calendar: Calendar
    services: Mapping[str, tuple[tuple[str, str | None], ...]]

    def offers(self, service: str, day: str) -> bool:
        """Tell whether *service* is active here on *day* (ISO). A library that declares no service offers all."""
        if not self.services:
            return self.kind != "external"
        return any(start <= day and (end is None or day < end) for start, end in self.services.get(service, ()))


@dataclass(frozen=True, slots=True)
class Kind:
    """A node of a tree of kinds: an item type or a patron category. *path* is itself, its parent, and so on up."""

    id: int
    code: str
    name: str
    path: tuple[int, ...]
    media_type: str = ""


@dataclass(frozen=True, slots=True)
class Device:
    """A SIP2 account: a kiosk, sorter, gate or platform, at one library. *password_hash* is argon2."""

    id: int
    code: str
    library_id: int
    password_hash: str = field(repr=False)
    profile: Mapping[str, Any]
    enabled: bool


@dataclass(frozen=True, slots=True)
class Partner:
    """An NCIP agency, and the external library that stands for it here. *secret_hash* is argon2, or empty.

    *endpoint* is the URL to which it wants messages; empty, none are sent.
    """

    id: int
    agency: str
    name: str
    library_id: int
    secret_hash: str = field(repr=False)
    profile: Mapping[str, Any]
    enabled: bool
    endpoint: str = ""


@dataclass(frozen=True, slots=True)
class Cataloguer:
    """Someone with a name on Z39.50, who catalogues in a library. *password_hash* is argon2."""

    id: int
    code: str
    library_id: int
    password_hash: str = field(repr=False)
    updates: bool
    enabled: bool


@dataclass(frozen=True, slots=True)
class Database:
    """A Z39.50 database. Names are compared without case. One that is lenient replaces attributes that are not taken.

    *variant* is the end of the alias by which it was named, if it was: how its records are sent.
    """

    id: int
    name: str
    title: str
    is_default: bool
    lenient: bool = False
    variant: str = ""


@dataclass(frozen=True, slots=True)
class Client:
    """What is known of a program that speaks Z39.50: by what it is recognised, and how it wants to be spoken to.

    What is empty says nothing. Names are parts of those that the program gives, in any case; addresses are networks.
    """

    name: str
    implementation_id: str = ""
    implementation_name: str = ""
    addresses: tuple[str, ...] = ()
    terms: str = ""
    records: str = ""
    syntax: str = ""
    language: str = ""
    message_size: int = 0
    piggyback: bool = True


@dataclass(frozen=True, slots=True)
class Commune:
    """A town, with its conventions with the network in the order of their notification."""

    code: str
    name: str
    insee: str
    memberships: tuple[Membership, ...]

    @property
    def exit(self) -> Exit | None:
        """The days of the exit that its latest notified convention leads to."""
        notified = [each for each in self.memberships if each.notified_on is not None]
        return exit_of(notified[-1]) if notified else None


@dataclass(frozen=True)
class Network:
    """Everything a decision may know that is not about one reader or one item."""

    revision: int
    name: str
    libraries: Mapping[int, Library]
    categories: Mapping[int, Kind]
    item_types: Mapping[int, Kind]
    policy_sets: tuple[PolicySet, ...]
    devices: Mapping[str, Device]
    partners: Mapping[str, Partner]
    databases: Mapping[str, Database]
    pins: Pins
    routes: tuple[Route, ...] = ()
    communes: Mapping[str, Commune] = field(default_factory=dict)
    profiles: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """What is declared for the devices of a library, by its code; for all devices by the empty one."""
    cataloguers: Mapping[str, Cataloguer] = field(default_factory=dict)
    clients: tuple[Client, ...] = ()

    @cached_property
    def by_code(self) -> Mapping[str, Library]:
        """Libraries by their code, in upper case."""
        return {library.code.upper(): library for library in self.libraries.values()}

    @cached_property
    def timetable(self) -> Timetable:
        """The runs of the shuttle to come; see `storage.circulation.shuttle.eta`."""
        return Timetable(self.routes, self.libraries)

    @cached_property
    def exits(self) -> Mapping[int, Exit]:
        """The days of exit of the libraries whose commune's convention ends; empty in most networks at most times."""
        ends = {code: town.exit for code, town in self.communes.items()}
        return {
            library.id: leaving
            for library in self.libraries.values()
            if (leaving := ends.get(library.commune)) is not None
        }

    def exit_cap(self, owner: int, library: int, day: str, *, renewal: bool = False) -> str | None:
        """Return the last possible due day of an item of *owner* that is lent or renewed at another *library* on *day*.

        None as long as its owner does not leave, or leaves later than that matters (domain.md 8.2).
        """
        leaving = self.exits.get(owner)
        if leaving is None or self.libraries[owner].commune == self.libraries[library].commune:
            return None
        return leaving.gather if (leaving.recall if renewal else leaving.freeze) <= day else None

    def deviates(self, rule: Rule) -> bool:
        """Tell whether *rule* is one library's own: for acts there, or for items of one that is of the network (S-26)."""
        owner = rule.scope.owner
        own = owner is not None and self.libraries[owner].kind not in {"external", "network"}
        return own or rule.scope.library is not None

    @cached_property
    def counts_broadly(self) -> bool:
        """Whether any rule counts more than the reader's own loans: those of one place, or those of a household."""
        return any(
            rule.attribute in BROAD and rule.value != "none" for policy in self.policy_sets for rule in policy.rules
        )

    @cached_property
    def charges(self) -> bool:
        """Whether any rule makes readers pay for anything (S-13)."""
        return any(
            rule.attribute in FEES and rule.value != "none" for policy in self.policy_sets for rule in policy.rules
        )

    def policy(self, day: str) -> PolicySet:
        """Return the set in force on *day*: the latest that has begun, else the first there is."""
        found = self.policy_sets[0]
        for candidate in self.policy_sets:
            if candidate.effective_from > day:
                break
            found = candidate
        return found

    def default_database(self) -> Database | None:
        """Return the database that ``Default`` names."""
        return next((database for database in self.databases.values() if database.is_default), None)


def _tree(rows: list[Any]) -> dict[int, Kind]:
    parents = {row.id: row.parent_id for row in rows}

    def path(node: int | None) -> tuple[int, ...]:
        found: list[int] = []
        while node is not None and node not in found:
            found.append(node)
            node = parents.get(node)
        return tuple(found)

    return {row.id: Kind(row.id, row.code, row.name, path(row.id), getattr(row, "media_type", "")) for row in rows}


def _libraries(connection: Connection) -> dict[int, Library]:
    openings: dict[int, list[Opening]] = {}
    for row in connection.execute(select(schema.opening)):
        opening = Opening(row.weekday, row.opens, row.closes, row.from_on, row.to_on)
        openings.setdefault(row.library_id, []).append(opening)
    exceptions: dict[int, dict[str, tuple[str, str] | None]] = {}
    for row in connection.execute(select(schema.calendar_exception)):
        exceptions.setdefault(row.library_id, {})[row.day] = (row.opens, row.closes) if row.opens else None
    services: dict[int, dict[str, tuple[tuple[str, str | None], ...]]] = {}
    for row in connection.execute(select(schema.service_activation)):
        spans = services.setdefault(row.library_id, {})
        spans[row.service] = (*spans.get(row.service, ()), (row.from_on, row.to_on))
    statement = select(schema.library, schema.commune.c.code.label("commune")).join_from(
        schema.library, schema.commune, isouter=True
    )
    return {
        row.id: Library(
            id=row.id,
            code=row.code,
            name=row.name,
            kind=row.kind,
            commune=row.commune or "",
            isil=row.isil or "",
            namespace=row.namespace,
            zone=ZoneInfo(row.timezone),
            calendar=Calendar(tuple(openings.get(row.id, ())), exceptions.get(row.id, {})),
            services=services.get(row.id, {}),
        )
        for row in connection.execute(statement)
    }


def defaults() -> tuple[Rule, ...]:
    """Return the rules that are under every set."""
    return tuple(Rule(f"default:{name}", name, attribute.default, Scope()) for name, attribute in ATTRIBUTES.items())


def _policies(connection: Connection) -> tuple[PolicySet, ...]:
    base = defaults()
    rules: dict[int, list[Rule]] = {}
    for row in connection.execute(select(schema.rule)):
        scope = Scope(row.owner_id, row.item_type_id, row.patron_category_id, row.library_id, row.location, row.channel)
        rule = Rule(f"rule:{row.id}", row.attribute, row.value, scope, locked=bool(row.locked))
        rules.setdefault(row.policy_set_id, []).append(rule)
    statement = select(schema.policy_set).order_by(schema.policy_set.c.effective_from, schema.policy_set.c.id)
    declared = tuple(
        PolicySet(
            row.code,
            row.effective_from,
            base + tuple(rules.get(row.id, ())),
            row.decision,
            None if row.opened is None else tuple(row.opened.split()),
        )
        for row in connection.execute(statement)
    )
    return declared or (PolicySet("default", "0001-01-01", base),)


def _communes(connection: Connection) -> dict[str, Commune]:
    names = [each.name for each in fields(Membership)]
    conventions: dict[int, list[Membership]] = {}
    statement = select(schema.membership).order_by(schema.membership.c.notified_on.is_(None), *_BY_NOTIFICATION)
    for row in connection.execute(statement).mappings():
        membership = Membership(**{name: row[name] for name in names})
        conventions.setdefault(row["commune_id"], []).append(membership)
    return {
        row.code: Commune(row.code, row.name, row.insee or "", tuple(conventions.get(row.id, ())))
        for row in connection.execute(select(schema.commune).order_by(schema.commune.c.code))
    }


def _client(name: str, stored: dict[str, Any]) -> Client:
    return Client(name=name, **{**stored, "addresses": tuple(stored.get("addresses", ()))})


def load_network(connection: Connection, pins: Pins, revision: int = 0) -> Network:
    """Read the network from the database: one pass at start and after each change, never on the way of a message."""

    def all_of(table: Any) -> list[Any]:
        return list(connection.execute(select(table)))

    settings = {row.name: row.value for row in all_of(schema.setting)}
    return Network(
        revision=revision,
        name=settings.get("network.name", "Bibliobus"),
        libraries=_libraries(connection),
        categories=_tree(all_of(schema.patron_category)),
        item_types=_tree(all_of(schema.item_type)),
        policy_sets=_policies(connection),
        cataloguers={
            row.code: Cataloguer(
                row.id, row.code, row.library_id, row.password_hash, bool(row.updates), bool(row.enabled)
            )
            for row in all_of(schema.cataloguer)
        },
        devices={
            row.code: Device(
                row.id, row.code, row.library_id, row.password_hash, json.loads(row.profile), bool(row.enabled)
            )
            for row in all_of(schema.device)
        },
        partners={
            row.agency: Partner(
                row.id,
                row.agency,
                row.name,
                row.library_id,
                row.secret_hash or "",
                json.loads(row.profile),
                bool(row.enabled),
                row.endpoint or "",
            )
            for row in all_of(schema.partner)
        },
        databases={
            row.name.casefold(): Database(row.id, row.name, row.title, bool(row.is_default), bool(row.lenient))
            for row in all_of(schema.database)
        },
        clients=tuple(
            _client(name.removeprefix(CLIENTS), json.loads(value))
            for name, value in sorted(settings.items())
            if name.startswith(CLIENTS)
        ),
        pins=pins,
        routes=load_routes(connection),
        communes=_communes(connection),
        profiles={
            name.removeprefix(PROFILES): json.loads(value)
            for name, value in settings.items()
            if name.startswith(PROFILES)
        },
    )
