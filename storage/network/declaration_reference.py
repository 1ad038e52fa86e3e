"""The reference page of the network's file, from the classes that declare its keys."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, Literal, get_args, get_origin, get_type_hints

import attrs

from storage.network.attributes import ATTRIBUTES
from storage.network.declaration import Declaration
from storage.network.declaration_keys import REQUIRED, Key, keys_of
from storage.network.declaration_values import VALUES

_HEAD: Final = """# The file of a network

Generated from the tables in `storage/network`; do not edit. `bibliobus load FILE.toml` reads this file
([how to](../how-to/declare-a-network.md)). It is TOML in UTF-8.

A file adds and corrects. What it does not name stays as it is: a thing that the store has keeps the keys that are not given,
a new one gets their defaults. Loading a file twice writes nothing the second time. Nothing is ever deleted, except opening
hours that others take the place of. All that is wrong with a file is told at once, each with its place, as
`libraries[3].commune` (counted from 0); then nothing is written.
"""


def reference() -> str:
    """Return the Markdown page of all tables, keys and values."""
    return "\n".join([_HEAD, *_tables(), *_values(), *_attributes()]) + "\n"


def _tables() -> Iterator[str]:
    hints = get_type_hints(Declaration)
    for each in keys_of(Declaration):
        declared = _inner(hints[each.name])
        yield from _table(f"[[{each.name}]]" if each.lists else f"[{each.name}]", declared)


def _table(title: str, declared: type) -> Iterator[str]:
    yield f"## `{title}`\n"
    yield f"{declared.__doc__}\n"
    yield "| key | value | default | meaning |\n|---|---|---|---|"
    hints = get_type_hints(declared)
    inner = []
    for each in keys_of(declared):
        kind = _inner(hints[each.name])
        yield f"| `{each.name}` | {_value(kind, each)} | {_default(each)} | {each.meaning} |"
        if attrs.has(kind):
            name = title.strip("[]") + "." + each.name
            inner.append((f"[[{name}]]" if each.lists else f"[{name}]", kind))
    yield ""
    for name, kind in inner:
        yield from _table(name, kind)


def _inner(hint: Any) -> Any:
    """Return what an annotation is about: `X` of `X | None` and of `tuple[X, ...]`."""
    return next(part for part in get_args(hint) if part is not type(None))


def _value(kind: Any, each: Key) -> str:
    if attrs.has(kind):
        return "tables" if each.lists else "table"
    if get_origin(kind) is Literal:
        text = " ".join(f"`{choice}`" for choice in get_args(kind))
        return f"list of {text}" if each.lists else text
    name = f"[{VALUES[kind].name}](#values)"
    if each.refers:
        name += f" of `{each.refers}`"
    return f"list of {name}" if each.lists else name


def _default(each: Key) -> str:
    if each.default is REQUIRED:
        return "**required**"
    if each.default in {None, ()}:
        return ""
    return f"`{str(each.default).lower()}`" if isinstance(each.default, bool) else f'`"{each.default}"`'


def _values() -> Iterator[str]:
    yield "## Values\n"
    yield "| value | write |\n|---|---|"
    for value in VALUES.values():
        yield f"| {value.name} | {value.write.replace('|', chr(92) + '|')} |"
    yield ""


def _attributes() -> Iterator[str]:
    yield "## Attributes of rules\n"
    yield "| attribute | value | without any rule | meaning |\n|---|---|---|---|"
    for attribute in ATTRIBUTES.values():
        yield f"| `{attribute.name}` | {attribute.syntax.text} | `{attribute.default}` | {attribute.meaning} |"
