"""The tables of a declaration as rows of the store: what each class of `declaration_keys` becomes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, Final

import attrs
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import select

from storage import schema
from storage.network.declaration import Declaration
from storage.network.declaration_keys import (
    REQUIRED,
    Calendar,
    Checked,
    Device,
    Library,
    keys_of,
)
from storage.network.declaration_partners import Partner, PartnerProfile
from storage.network.declaration_plan import Kind, Plan, Row
from storage.network.declaration_z3950 import Cataloguer, Database, Z3950Client
from storage.network.network import CLIENTS, PROFILES

COMMUNES: Final = Kind("communes", schema.commune, ("code",), named=True)
MEMBERSHIPS: Final = Kind(
    "memberships", schema.membership, ("commune_id", "convention"), unique=("commune_id", "notified_on")
)
LIBRARIES: Final = Kind("libraries", schema.library, ("code",), named=True, unique=("isil",))
SERVICES: Final = Kind("services", schema.service_activation, ("library_id", "service", "from_on"))
REFERENTS: Final = Kind("referents", schema.referent, ("library_id", "role", "name", "from_on"))
HOURS: Final = Kind("opening hours", schema.opening, ("library_id", "weekday", "opens", "closes", "from_on", "to_on"))
EXCEPTIONS: Final = Kind("exceptions", schema.calendar_exception, ("library_id", "day"))
CATEGORIES: Final = Kind("patron_categories", schema.patron_category, ("code",), named=True)
ITEM_TYPES: Final = Kind("item_types", schema.item_type, ("code",), named=True)
CATALOGUERS: Final = Kind("cataloguers", schema.cataloguer, ("code",))
DEVICES: Final = Kind("devices", schema.device, ("code",))
PARTNERS: Final = Kind("partners", schema.partner, ("agency",))
DATABASES: Final = Kind("databases", schema.database, ("name",))
SETTINGS: Final = Kind("settings", schema.setting, ("name",))


@cache
def _fill(declared: type) -> Mapping[str, Any]:
    """Return the columns of a new thing of which nothing is given."""
    return {
        key.column: int(key.default) if isinstance(key.default, bool) else key.default
        for key in keys_of(declared)
        if key.column
    }


@cache
def _keys(declared: type) -> Mapping[str, str]:
    return {key.column: key.name for key in keys_of(declared)}


def row_of(plan: Plan, thing: Checked, path: str, own: Mapping[str, Any] | None = None) -> Row:
    """Return *thing* as a row; *own* are columns that its place in the file gives. Complains of what is wrong in it."""
    for name, text in thing.complaints():
        plan.problem(f"{path}.{name}", text)
    values: dict[str, Any] = dict(own or ())
    declared: Any = type(thing)
    for key in keys_of(declared):
        if not key.column:
            continue
        value = getattr(thing, key.name)
        if value is None:
            continue
        if key.refers:
            value = plan.refer(key.refers, value, f"{path}.{key.name}")
        values[key.column] = int(value) if isinstance(value, bool) else value
    return Row(path, values, _fill(declared), _keys(declared))


def rows_of(plan: Plan, things: Iterable[Checked], path: str, own: Mapping[str, Any] | None = None) -> list[Row]:
    """Return *things* as rows; *path* is that of their list."""
    return [row_of(plan, thing, f"{path}[{number}]", own) for number, thing in enumerate(things)]


def named_rows(plan: Plan, kind: Kind, things: Sequence[Any]) -> list[Row]:
    """Return *things*, which have codes, as rows; from here on what is declared may refer to them."""
    plan.know(kind)
    for thing in things:
        plan.expect(kind, thing.code)
    rows = rows_of(plan, things, kind.name)
    for row, thing in zip(rows, things, strict=True):
        row.name = thing.code
    return rows


def _named(plan: Plan, kind: Kind, things: Sequence[Any]) -> list[Row]:
    """Put *things*, which have codes."""
    rows = named_rows(plan, kind, things)
    plan.put(kind, rows)
    if "parent_id" in kind.table.c:
        plan.check_tree(kind, rows)
    return rows


def plan_parts(
    plan: Plan, kind: Kind, part: Kind, column: str, things: Sequence[Any], attribute: str
) -> Iterator[list[Row]]:
    """Put the things of *kind*, and the lists in them that *attribute* names; each part has its whole in *column*.

    Yields the rows of the parts between the two, for who has more to say about them.
    """
    rows = _named(plan, kind, things)
    parts = [
        row
        for whole, thing in zip(rows, things, strict=True)
        for row in rows_of(
            plan,
            getattr(thing, attribute),
            f"{whole.path}.{attribute}",
            {column: plan.expect(kind, thing.code)},
        )
    ]
    yield parts
    plan.put(part, parts)


def _parts(plan: Plan, kind: Kind, part: Kind, column: str, things: Sequence[Any], attribute: str) -> None:
    for _rows in plan_parts(plan, kind, part, column, things, attribute):
        pass


def _referents(plan: Plan, libraries: Sequence[Library]) -> list[Row]:
    return [
        row
        for number, library in enumerate(libraries)
        for row in rows_of(
            plan,
            library.referents,
            f"libraries[{number}].referents",
            {"library_id": plan.expect(LIBRARIES, library.code)},
        )
    ]


def plan_network(plan: Plan, declaration: Declaration) -> None:
    """Plan everything that is neither a reader nor an item nor an account, each kind after those that it refers to."""
    network = declaration.network
    if network is not None and network.name is not None:
        plan.put(SETTINGS, [Row("network.name", {"name": "network.name", "value": network.name})])
    _parts(plan, COMMUNES, MEMBERSHIPS, "commune_id", declaration.communes, "memberships")
    _parts(plan, LIBRARIES, SERVICES, "library_id", declaration.libraries, "services")
    plan.put(REFERENTS, _referents(plan, declaration.libraries))
    _named(plan, CATEGORIES, declaration.patron_categories)
    _named(plan, ITEM_TYPES, declaration.item_types)
    _plan_calendars(plan, declaration)
    _plan_databases(plan, declaration.databases)


# --- calendars -----------------------------------------------------------------------------------------------------------


def _plan_calendars(plan: Plan, declaration: Declaration) -> None:
    ours = _open_libraries(plan, declaration)
    hours: list[Row] = []
    exceptions: list[Row] = []
    seasons: dict[Any, str] = {}
    for number, calendar in enumerate(declaration.calendars):
        path = f"calendars[{number}]"
        for name, text in calendar.complaints():
            plan.problem(f"{path}.{name}", text)
        named = [
            plan.refer("libraries", code, f"{path}.libraries[{place}]") for place, code in enumerate(calendar.libraries)
        ]
        for library in dict.fromkeys(named if calendar.libraries else ours):
            exceptions += _exceptions(plan, calendar, path, library)
            if calendar.week is not None:
                season = (library, calendar.from_on, calendar.to_on)
                if seasons.setdefault(season, path) != path:
                    plan.problem(f"{path}.week", f"declared already, at {seasons[season]}")
                hours += _hours(calendar, path, library)
        if calendar.week is not None:
            for name, text in calendar.week.complaints():
                plan.problem(f"{path}.week.{name}", text)
    wanted = {tuple(row.values.values()) for row in hours}
    gone = [
        found
        for found in plan.stored(HOURS, "library_id", (season[0] for season in seasons))
        if (found["library_id"], found["from_on"], found["to_on"]) in seasons
        and tuple(found[column] for column in HOURS.key) not in wanted
    ]
    plan.put(HOURS, hours, gone)
    plan.put(EXCEPTIONS, exceptions)


def _open_libraries(plan: Plan, declaration: Declaration) -> list[Any]:
    """Return the libraries that a calendar without names is for."""
    query = select(schema.library.c.code, schema.library.c.kind)
    kinds: dict[str | None, str] = dict(plan.connection.execute(query).all())
    for library in declaration.libraries:
        kinds[library.code] = library.kind or kinds.get(library.code, "library")
    return [plan.expect(LIBRARIES, code) for code, kind in kinds.items() if kind == "library" and code is not None]


def _hours(calendar: Calendar, path: str, library: Any) -> Iterator[Row]:
    assert calendar.week is not None
    for weekday, (name, all_hours) in enumerate(calendar.week.days(), start=1):
        for number, hours in enumerate(all_hours):
            opens, closes = hours.split("-")
            values = (library, weekday, opens, closes, calendar.from_on, calendar.to_on)
            yield Row(f"{path}.week.{name}[{number}]", dict(zip(HOURS.key, values, strict=True)))


def _exceptions(plan: Plan, calendar: Calendar, path: str, library: Any) -> Iterator[Row]:
    for number, exception in enumerate(calendar.exceptions):
        opens, closes = exception.hours.split("-") if exception.hours is not None else (None, None)
        own = {"library_id": library, "opens": opens, "closes": closes}
        yield row_of(plan, exception, f"{path}.exceptions[{number}]", own)


# --- databases -----------------------------------------------------------------------------------------------------------


def _plan_databases(plan: Plan, databases: Sequence[Database]) -> None:
    """Plan databases: names differ by more than case, and one at most is the default."""
    plan.know(DATABASES)
    names = {name.casefold(): name for name in plan.names("databases")}
    rows = rows_of(plan, databases, "databases")
    for row in rows:
        if "name" in row.values:
            row.values["name"] = names.setdefault(row.values["name"].casefold(), row.values["name"])
    chosen = [row for row in rows if row.values.get("is_default")]
    for row in chosen[1:]:
        plan.problem(f"{row.path}.default", f"{chosen[0].path} is the default")
    if chosen:
        declared = {row.values.get("name"): row for row in rows}
        for found in plan.stored(DATABASES, "is_default", [1]):
            other = declared.get(found["name"])
            if other is None:
                rows.append(Row(f"databases.{found['name']}", {"name": found["name"], "is_default": 0}))
            else:
                other.values.setdefault("is_default", 0)
    plan.put(DATABASES, rows)


# --- accounts ------------------------------------------------------------------------------------------------------------


class Passwords:
    """Makes and checks argon2 hashes, each password once a load: one hash costs 40 ms."""

    def __init__(self, hash_password: Callable[[str], str]) -> None:
        self._hash_password = hash_password
        self._made: dict[str, str] = {}
        self._checked: dict[tuple[str, str], bool] = {}

    def kept(self, old: str | None, password: str) -> str:
        """Return *old* when it is a hash of *password*, else a new hash."""
        if old and self._verifies(old, password):
            return old
        if password not in self._made:
            self._made[password] = self._hash_password(password)
            self._checked[self._made[password], password] = True
        return self._made[password]

    def _verifies(self, old: str, password: str) -> bool:
        if (old, password) not in self._checked:
            try:
                self._checked[old, password] = PasswordHasher().verify(old, password)
            except (VerificationError, InvalidHashError):
                self._checked[old, password] = False
        return self._checked[old, password]


def plan_accounts(plan: Plan, declaration: Declaration, passwords: Passwords) -> None:
    """Plan devices, cataloguers and partners."""
    needed = {"password_hash": REQUIRED, "profile": "{}"}
    _plan_accounts(plan, DEVICES, declaration.devices, passwords, "password", needed)
    _plan_accounts(plan, CATALOGUERS, declaration.cataloguers, passwords, "password", {"password_hash": REQUIRED})
    _plan_profiles(plan, declaration)
    _plan_clients(plan, declaration.z3950_clients)
    _plan_accounts(plan, PARTNERS, declaration.partners, passwords, "secret", {"secret_hash": None, "profile": "{}"})


def _plan_profiles(plan: Plan, declaration: Declaration) -> None:
    rows = []
    for number, devices in enumerate(declaration.device_profiles):
        path = f"device_profiles[{number}]"
        if devices.library is not None:
            plan.refer("libraries", devices.library, f"{path}.library")
        name = f"{PROFILES}{devices.library or ''}"
        old: dict[str, str] = next((json.loads(found["value"]) for found in plan.stored(SETTINGS, "name", [name])), {})
        rows.append(Row(path, {"name": name, "value": json.dumps(old | (devices.profile or {}), sort_keys=True)}))
    plan.put(SETTINGS, rows)


def _plan_clients(plan: Plan, clients: Sequence[Z3950Client]) -> None:
    rows = []
    for number, client in enumerate(clients):
        path = f"z3950_clients[{number}]"
        if client.name is None:
            plan.problem(f"{path}.name", "is missing")
            continue
        for key, fault in client.complaints():
            plan.problem(f"{path}.{key}", fault)
        told = attrs.asdict(client, filter=lambda each, value: each.name != "name" and value not in (None, ()))
        rows.append(Row(path, {"name": f"{CLIENTS}{client.name}", "value": json.dumps(told, sort_keys=True)}))
    plan.put(SETTINGS, rows)


def _given(profile: PartnerProfile | Mapping[str, str]) -> Mapping[str, Any]:
    if isinstance(profile, PartnerProfile):
        return attrs.asdict(profile, filter=lambda _, value: value not in (None, ()))
    return profile


def _plan_accounts(
    plan: Plan,
    kind: Kind,
    accounts: Sequence[Device | Cataloguer | Partner],
    passwords: Passwords,
    secret: str,
    fill: Mapping[str, Any],
) -> None:
    rows = rows_of(plan, accounts, kind.name)
    hashed = f"{secret}_hash"
    code = kind.key[0]
    stored = {found[code]: found for found in plan.stored(kind, code, (row.values.get(code) for row in rows))}
    for row, account in zip(rows, accounts, strict=True):
        old = stored.get(row.values.get(code))
        row.fill = {**row.fill, **fill}
        row.keys = {**row.keys, hashed: secret}
        if getattr(account, hashed) is not None:
            row.values[hashed] = getattr(account, hashed)
        elif getattr(account, secret) is not None:
            row.values[hashed] = passwords.kept(old[hashed] if old else None, getattr(account, secret))
        if not isinstance(account, Cataloguer) and account.profile is not None:
            profile = json.loads(old["profile"]) if old else {}
            profile.update(_given(account.profile))
            row.values["profile"] = json.dumps(profile, sort_keys=True)
    plan.put(kind, rows)
