"""The file of a network, read: TOML to `Declaration`, with every fault and where it is.

Reading goes on after a fault, without what is faulty, so that all faults of a file are told at once, those that only the
store can find included (`storage.network.declare.apply_declaration`).
"""

# ruff: noqa: RUF009 (`key` and `many` return attrs fields)

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any, Final, Literal, NamedTuple, get_args, get_origin

import attrs
from cattrs import (
    BaseValidationError,
    ClassValidationError,
    Converter,
    ForbiddenExtraKeysError,
    IterableValidationError,
    IterableValidationNote,
)
from cattrs.gen import make_dict_structure_fn, override

from storage.network.declaration_keys import (
    Calendar,
    Category,
    Commune,
    Device,
    Devices,
    Item,
    ItemType,
    Library,
    Network,
    Patron,
    PolicySet,
    Route,
    key,
    keys_of,
    many,
)
from storage.network.declaration_partners import Partner
from storage.network.declaration_values import VALUES
from storage.network.declaration_z3950 import Cataloguer, Database, Z3950Client

Step = str | int


class Problem(NamedTuple):
    """What is wrong, and where: *path* is as `libraries[3].commune` (counted from 0), or a line of the file."""

    path: str
    text: str

    def __str__(self) -> str:
        return f"{self.path}: {self.text}"


class DeclarationError(Exception):
    """The file cannot be applied. *problems* are all of them; nothing was written."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


@attrs.frozen(kw_only=True)
class Declaration:
    """A network, or a part of one. *problems* are what was found wrong while it was read."""

    network: Network | None = key("The network itself.", None)
    communes: tuple[Commune, ...] = many("Communes.")
    libraries: tuple[Library, ...] = many("Libraries.")
    calendars: tuple[Calendar, ...] = many("Opening hours.")
    routes: tuple[Route, ...] = many("Tours of the shuttle.")
    patron_categories: tuple[Category, ...] = many("Categories of readers.")
    item_types: tuple[ItemType, ...] = many("Types of items.")
    policies: tuple[PolicySet, ...] = many("Policy sets.")
    patrons: tuple[Patron, ...] = many("Readers.")
    items: tuple[Item, ...] = many("Items.")
    devices: tuple[Device, ...] = many("SIP2 accounts.")
    device_profiles: tuple[Devices, ...] = many("What SIP2 accounts have in common.")
    partners: tuple[Partner, ...] = many("NCIP agencies.")
    databases: tuple[Database, ...] = many("Z39.50 databases.")
    cataloguers: tuple[Cataloguer, ...] = many("Z39.50 accounts.")
    z3950_clients: tuple[Z3950Client, ...] = many("Programs that speak Z39.50.")
    problems: tuple[Problem, ...] = attrs.field(default=(), eq=False)


CheckProfile = Callable[[Mapping[str, str]], Iterable[tuple[str, str]]]
"""Gives what is wrong with a device's profile: option and fault."""


def read_declaration(text: bytes, check_profile: CheckProfile | None = None) -> Declaration:
    """Read a file in TOML.

    Raises DeclarationError when it is no TOML at all; any other fault is in `Declaration.problems`, for
    `apply_declaration` to raise with those that it finds itself.
    """
    try:
        tables = tomllib.loads(text.decode().removeprefix("\ufeff"))
    except (ValueError, RecursionError) as error:
        raise DeclarationError([_not_toml(error)]) from None
    return declaration_of(tables, check_profile)


def declaration_of(tables: dict[str, Any], check_profile: CheckProfile | None = None) -> Declaration:
    """Read *tables* as TOML has them, and take out of them what is faulty; see `read_declaration`."""
    problems: list[Problem] = []
    while True:
        try:
            declaration = _CONVERTER.structure(tables, Declaration)
        except BaseValidationError as error:
            for steps, fault in _faults(error, ()):
                problems.append(Problem(_path(steps), fault))
                _remove(tables, steps)
        else:
            break
    for name in ("devices", "device_profiles") if check_profile is not None else ():
        for number, device in enumerate(getattr(declaration, name)):
            faults = check_profile(device.profile or {}) if check_profile is not None else ()
            problems += [Problem(f"{name}[{number}].profile.{option}", fault) for option, fault in faults]
    return attrs.evolve(declaration, problems=tuple(problems))


_WHERE: Final = re.compile(r"(.*) \(at (line \d+, column \d+|end of document)\)", re.DOTALL)


def _not_toml(error: Exception) -> Problem:
    if isinstance(error, UnicodeDecodeError):
        return Problem(f"octet {error.start}", "not UTF-8")
    if isinstance(error, RecursionError):
        return Problem("file", "tables within tables too deep")
    found = _WHERE.fullmatch(str(error))
    return Problem(found[2], f"not TOML: {found[1]}") if found else Problem("file", f"not TOML: {error}")


def _path(steps: tuple[Step, ...]) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps).lstrip(".")


def _faults(error: BaseValidationError, steps: tuple[Step, ...]) -> Iterator[tuple[tuple[Step, ...], str]]:
    """Yield every fault in *error* with the steps that lead to it."""
    assert isinstance(error, (ClassValidationError, IterableValidationError))
    noted, others = error.group_exceptions()
    for inner, note in noted:
        here = (*steps, note.name if hasattr(note, "name") else note.index)
        if isinstance(inner, BaseValidationError):
            yield from _faults(inner, here)
        else:
            yield here, str(inner)
    for inner in others:
        assert isinstance(inner, ForbiddenExtraKeysError)
        known = [each.name for each in keys_of(inner.cl)]
        for name in sorted(inner.extra_fields):
            yield (*steps, name), f"unknown key{did_you_mean(name, known)}"


def did_you_mean(given: str, known: Iterable[str]) -> str:
    """Return a hint at what may have been meant, or nothing."""
    near = get_close_matches(given, known, 1)
    return f" (did you mean {near[0]}?)" if near else ""


def _remove(raw: Any, steps: tuple[Step, ...]) -> None:
    """Take what is faulty out. An element of a list leaves None, so that the others keep their numbers."""
    *way, last = steps
    for step in way:
        raw = raw[step]
    if isinstance(last, int):
        raw[last] = None
    else:
        del raw[last]


# --- the converter -------------------------------------------------------------------------------------------------------


def _value_hook(write: str, parse: Callable[[Any], Any]) -> Callable[[Any, Any], Any]:
    def hook(value: Any, _type: Any) -> Any:
        try:
            return parse(value)
        except ValueError:
            raise ValueError(f"write {write}") from None

    return hook


def _choice_hook(choices: Any) -> Callable[[Any, Any], Any]:
    allowed = get_args(choices)

    def hook(value: Any, _type: Any) -> Any:
        if value not in allowed:
            raise ValueError(f"write one of {', '.join(allowed)}, in quotes")
        return value

    return hook


def _table_hook(declared: Any) -> Callable[[Any, Any], Any]:
    no_keys: Any = {each.name: override(omit=True) for each in attrs.fields(declared) if not each.metadata}
    structure = make_dict_structure_fn(declared, _CONVERTER, _cattrs_forbid_extra_keys=True, **no_keys)

    def hook(value: Any, kind: Any) -> Any:
        if not isinstance(value, dict):
            raise TypeError("write a table")
        return structure(value, kind)

    return hook


def _list_hook(listed: Any) -> Callable[[Any, Any], Any]:
    """Structure a list; None stands where a faulty element was (see `_remove`)."""
    element = get_args(listed)[0]
    structure = _CONVERTER.get_structure_hook(element)
    tables = attrs.has(element)

    def hook(value: Any, kind: Any) -> Any:
        if not isinstance(value, list):
            raise TypeError("write a list")
        found, faults = [], []
        for number, part in enumerate(value):
            if part is None and not tables:
                continue
            try:
                found.append(structure({} if part is None else part, element))
            except Exception as error:  # noqa: BLE001 (gathered, and told together)
                error.add_note(IterableValidationNote(_path((number,)), number, element))
                faults.append(error)
        if faults:
            raise IterableValidationError("list", faults, kind)
        return tuple(found)

    return hook


def _origin(kind: Any) -> Any:
    return get_origin(kind)


def _converter() -> Converter:
    converter = Converter()
    for kind, value in VALUES.items():
        converter.register_structure_hook(kind, _value_hook(value.write, value.parse))
    converter.register_structure_hook_factory(lambda kind: _origin(kind) is Literal, _choice_hook)
    converter.register_structure_hook_factory(lambda kind: _origin(kind) is tuple, _list_hook)
    converter.register_structure_hook_factory(attrs.has, _table_hook)
    return converter


_CONVERTER: Final = _converter()
