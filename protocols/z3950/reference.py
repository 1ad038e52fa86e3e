"""The reference page of what is read and written here, made of the tables: PDUs, their parts, attributes, diagnostics."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator

from protocols.z3950 import apdu, elements, ext1
from protocols.z3950.apdu import Options, Pdu
from protocols.z3950.bib1 import ATTRIBUTES
from protocols.z3950.diagnostics import Bib1
from protocols.z3950.schema import Choice, Sequence, table


def reference() -> str:
    """Return the page, in Markdown."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield "# Z39.50: PDUs, attributes and diagnostics\n"
    yield "Generated from the tables of `protocols.z3950`. Tags are context tags, implicit where nothing else is said.\n"
    yield "## PDUs\n"
    for pdu in sorted(Pdu.BY_IDENTIFIER.values(), key=lambda pdu: pdu.TAG):
        yield from _type(pdu, f"{pdu.__name__} [{pdu.TAG}]")
    yield "## Parts of PDUs\n"
    for name, cls in sorted({**vars(elements), **vars(apdu)}.items()):
        if inspect.isclass(cls) and issubclass(cls, Sequence | Choice) and not issubclass(cls, Pdu) and table(cls):
            yield from _type(cls, f"{name} ({'CHOICE' if issubclass(cls, Choice) else 'SEQUENCE'})")
    yield "## Options of an Init\n"
    yield from _rows(("bit", "option"), ((option.bit_length() - 1, _words(option.name)) for option in Options))
    yield "## Bib-1 attributes\n"
    for kind, row in ATTRIBUTES.items():
        yield f"### {kind.value} {_words(kind.name)}\n"
        yield f"A value that is not supported is refused with diagnostic {row.diagnostic.value}.\n"
        yield from _rows(("value", "name"), row.values.items())
    yield "## Ext-1 attributes\n"
    yield "How task packages are asked for in the database IR-Extend-1: Use (1), and Relation (2) as in Bib-1.\n"
    yield from _rows(("Use", "name"), ((use.value, _words(use.name)) for use in ext1.Use))
    yield "## Bib-1 diagnostics\n"
    rows = ((row.value, row.meaning, row.addinfo) for row in Bib1)
    yield from _rows(("condition", "meaning", "addinfo"), rows)


def _type(cls: type[Sequence | Choice], title: str) -> Iterator[str]:
    yield f"### {title}\n"
    yield f"{inspect.getdoc(cls)}\n"
    rows = table(cls)
    optional = issubclass(cls, Choice)
    shown = ((row.asn1_name, row.codec.label, "" if optional or not row.optional else "optional") for row in rows)
    yield from _rows(("field", "type", ""), shown)


def _words(name: str | None) -> str:
    return (name or "").lower().replace("_", " ")


def _rows(head: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield "|" + "---|" * len(head)
    for row in rows:
        yield f"| {' | '.join(map(str, row))} |"
    yield ""
