"""What is written from tables: the reference pages, the French catalogue of the command line, the template of those of SIP2.

``python -m server.reference`` writes them in a source tree, with ``--check`` it tells which are stale instead; a test does that.
"""

from __future__ import annotations

import json
import os
import struct
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

import attrs
import click

# What is documented is English, whoever writes it; click's own words are looked up when they are needed.
os.environ["LANGUAGE"] = "en"

from devices.peers import page as moving_devices
from devices.profiles import reference as device_profiles
from protocols.marc.reference import reference as crosswalk
from protocols.ncip.reference import reference as ncip
from protocols.sip2.reference import reference as sip2
from protocols.sru.reference import reference as sru
from protocols.z3950.reference import reference as z3950
from protocols.z3950.rpn import spans
from server import config
from server.catalogue.indexes import CONTEXT_SETS, OFFERED
from server.catalogue.query import BOUNDS, KINDS, LIKE, MASKS, SHAPES
from server.catalogue.records import SCHEMAS
from server.cli import main as cli
from server.cli.common import MEANINGS
from server.department.scenario import page as department
from server.french import FRENCH
from server.ncip.profile import profile as ncip_profile
from server.ncip.refusals import REFUSALS
from server.sip2.polish import LINES
from server.sip2.tables import ALERTS, REASONS, SAID
from server.sru.facets import FACETS, MAX_WAITING
from server.words import DOMAIN, LOCALES
from storage.catalogue.access_points import ALL, SORT_POINTS, by_use, sort_by_use
from storage.catalogue.facets import MAX_RECORDS
from storage.catalogue.likeness import FAMILIES, SILENT, SOUNDS
from storage.catalogue.scan import MAX_SHOWN
from storage.catalogue.sorting import BY_USE
from storage.network.declare import reference as network_file
from storage.refusals import SENTENCES, Reason

ROOT: Final = Path(__file__).parent.parent
PAGES: Final = ROOT / "docs" / "reference"
CATALOGUE: Final = LOCALES / "fr" / "LC_MESSAGES" / f"{DOMAIN}.mo"


def _rows(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield "|" + "---|" * len(head)
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |"
    yield ""


# --- commands ------------------------------------------------------------------------------------------------------------


def commands() -> str:
    """Return the page of all commands, their options and exit codes."""
    return "\n".join([*_commands(), *_exit_codes()])


def _commands() -> Iterator[str]:
    yield "# Commands\n"
    yield "Generated from the command line itself. It speaks French or English, as `LANG` asks.\n"
    yield from _command("bibliobus", cli.main)


def _command(name: str, command: click.Command) -> Iterator[str]:
    yield f"## `{name}`\n"
    yield f"{command.help}\n"
    if isinstance(command, click.Group):
        for inner in sorted(command.commands):
            yield from _command(f"{name} {inner}", command.commands[inner])
        return
    context = click.Context(command, info_name=name)
    yield f"    {name} {' '.join(command.collect_usage_pieces(context))}\n"
    records = [
        param.get_help_record(context) or ("", "") for param in command.params if isinstance(param, click.Option)
    ]
    yield from _rows(("option", "meaning"), [(f"`{option}`", meaning) for option, meaning in records])


def _exit_codes() -> Iterator[str]:
    yield "## Exit codes\n"
    yield from _rows(("code", "meaning"), [(str(int(code)), meaning) for code, meaning in MEANINGS.items()])


# --- the configuration ---------------------------------------------------------------------------------------------------


def configuration() -> str:
    """Return the page of all tables and keys of the configuration file."""
    return "\n".join(_configuration())


def _configuration() -> Iterator[str]:
    yield "# The configuration file\n"
    yield "Generated from the classes in `server/config.py`. Every key has a default, so that a file says only what differs;"
    yield "`bibliobus show-config --defaults` prints one to start from. The file is the one named by `-c`, else by the"
    yield f"environment variable `{config.ENVIRONMENT}`, else `{config.FILE}` in the working directory. Options of `bibliobus serve` come"
    yield "before the file. `bibliobus check-config` tells everything that is wrong with it.\n"
    yield 'A span of time is a number of seconds or a text: `"30s"`, `"5m"`, `"1h"`. No secret is in the file.\n'
    one = (config.TargetTable(name=""),)
    for name, table in config.tables(config.Config(targets=one)):
        yield f"## `[[{name}]]`\n" if isinstance(table, config.TargetTable) else f"## `[{name}]`\n"
        yield f"{type(table).__doc__}\n"
        yield from _rows(
            ("key", "value", "default", "meaning"), [_key(field, table) for field in attrs.fields(type(table))]
        )


def _key(field: Any, table: Any) -> Sequence[str]:
    value = getattr(table, field.name)
    return (f"`{field.name}`", _kind(value), f"`{config.literal(value)}`", field.metadata["doc"])


def _kind(value: Any) -> str:
    if isinstance(value, StrEnum):
        return " ".join(f"`{member.value}`" for member in type(value))
    if isinstance(value, tuple):
        return "list of texts"
    return {float: "span of time", int: "number"}.get(type(value), "path" if isinstance(value, Path) else "text")


# --- reasons and access points -------------------------------------------------------------------------------------------


def reasons() -> str:
    """Return the page of all reasons for which the store says no, with what each wire makes of them."""
    return "\n".join(_reasons())


def _reasons() -> Iterator[str]:
    yield "# Reasons of refusals\n"
    yield "Generated from `storage/refusals.py` and from the adapters' tables. The code is stable: it is in `--json` output, in the"
    yield "journal and in `/metrics`. SIP2 shows the sentence on the screen (AF) and sets the patron status positions; NCIP answers with"
    yield "the first of the problem types that the service may use.\n"
    yield from _rows(
        ("code", "French", "English", "SIP2 patron status", "NCIP problem types"),
        [_reason(reason) for reason in Reason],
    )


def _reason(reason: Reason) -> Sequence[str]:
    french, english = SENTENCES[reason]
    flags = sorted(flag.name.lower().replace("_", " ") for flag in REASONS[reason].flags)
    types = " · ".join(problem.value for problem in REFUSALS[reason].types)
    return (f"`{reason.value}`", french, english, ", ".join(flags), types)


def access_points() -> str:
    """Return the page of what can be searched, and where it is in a record."""
    return "\n".join(_access_points())


def _access_points() -> Iterator[str]:
    yield "# Access points\n"
    yield "Generated from `storage/catalogue/access_points.py`. Places are tag and subfields: `700-702$ab` is three tags, `4--$t`"
    yield "all tags that begin with 4, `100$a/9-12` characters of a coded field, `000` the leader, `?` what else a field must have.\n"
    yield from _rows(
        ("access point", "terms", "UNIMARC", "MARC 21"),
        [(point.name, point.kind.value, f"`{point.unimarc.words}`", f"`{point.marc21.words}`") for point in ALL],
    )
    yield "## What the other Bib-1 attributes mean\n"
    yield "Structure, where neither Position (first in field) nor Completeness says more; other structures are of numbers and dates only:\n"
    yield from _rows(
        ("Structure", "words are looked for as"),
        [("none" if structure is None else str(int(structure)), shape.value) for structure, shape in SHAPES.items()],
    )
    yield "Position 1 asks for the first words of a field, Completeness 2 and 3 for a whole field. With Truncation:\n"
    yield from _rows(
        ("words", "Truncation", "what is found"),
        [(shape.value, str(int(truncation)), kind.value) for (shape, truncation), kind in KINDS.items()],
    )
    yield f"Truncation {spans(MASKS)} (left, both sides, `#`, regular expressions, Z39.58) is taken for words anywhere. Relation"
    yield f"{spans(BOUNDS)} is taken for numbers and dates; 6 (not equal) and 103 (has anything there) for all.\n"
    yield f"Relation {spans(LIKE)} is taken for words, not truncated: 100 (phonetic) finds words that sound alike, 101 (stem) words of the"
    yield "same family. 102 (relevance) finds records with some of the words, those with most of them first. What goes for the same:\n"
    yield from _rows(("endings of a family",), [(family,) for family in FAMILIES])
    yield "A word keeps three letters; those of the last family may also have no ending. How a sound may be written:\n"
    yield from _rows(("sound", "spelling"), [(sound.name, f"`{sound.spelt}`") for sound in SOUNDS])
    yield f"Nothing of `{SILENT}` is heard at the end of a word.\n"
    yield "## Bib-1 Use attributes\n"
    rows = [(str(use), ", ".join(point.name for point in points)) for use, points in sorted(by_use.items())]
    yield from _rows(("Use", "access points"), rows)
    yield "## Sorting\n"
    yield "A record has one key at most: that of the first field named here that holds one. A key has neither case nor accents, nor the"
    yield "points, elided articles and (of a title) leading articles of the field.\n"
    uses = {by: ", ".join(str(use) for use, its in sort_by_use.items() if its is by) for by in SORT_POINTS}
    fields = ("name", "Use", "UNIMARC", "MARC21")
    yield from _rows(fields, [(by.name, uses[by], f"`{by.unimarc}`", f"`{by.marc21}`") for by in SORT_POINTS])
    yield f"`{BY_USE.name}` is how often the items were lent of late. Keys that are equal keep the order of the set, unless the sort is to"
    yield "respect accents, case, or both. Accents are looked at before case, and at the first letter where two headings differ a bare letter"
    yield "stands before one with a mark (those in the order of Unicode; a ligature is two letters with one), a small letter before its"
    yield "capital: *cote, Cote, coté, côte, Côte*. Case sensitivity of Z39.50 and of SRU 1.1 respects case alone. Numbers and years have"
    yield "no case: `a1` and `A1` are one number.\n"


def cql_indexes() -> str:
    """Return what the page of SRU says of context sets, indexes and schemas."""
    return "\n".join(_cql_indexes())


def _cql_indexes() -> Iterator[str]:
    yield "## Indexes\n"
    yield "Names are compared without case, and without a prefix looked for in all sets. An index is there when the Use attribute is.\n"
    yield from _rows(("prefix", "context set"), [(f"`{name}`", f"`{uri}`") for name, uri in CONTEXT_SETS.items()])
    rows = [(", ".join(f"`{name}`" for name in row.names.split()), row.title, str(row.use)) for row in OFFERED]
    yield from _rows(("names", "what", "Use"), rows)
    yield "## Facets\n"
    yield f"Of SRU 2.0, by any name of their index; at most {MAX_SHOWN} terms of each at once. Those of whole fields and of items are not"
    yield f"worked out for more than {MAX_RECORDS} records (60), nor while {MAX_WAITING} of them wait for their turn (2).\n"
    yield from _rows(("facet", "its terms"), [(f"`{row.name}`", row.terms) for row in FACETS])
    yield "## Schemas\n"
    schemas = [(", ".join(f"`{n}`" for n in each.names), f"`{each.identifier}`", each.title) for each in SCHEMAS]
    yield from _rows(("names", "identifier", "what"), schemas)


# --- the French catalogue ------------------------------------------------------------------------------------------------


def catalogue(texts: Mapping[str, str]) -> bytes:
    """Return *texts* (English to French) as gettext's MO file (GNU gettext manual, 10.3)."""
    header = "Content-Type: text/plain; charset=UTF-8\nPlural-Forms: nplurals=2; plural=n > 1;\n"
    pairs = sorted((text.encode(), french.encode()) for text, french in {"": header, **texts}.items())
    offset = 28 + 16 * len(pairs)
    tables, strings = [], b""
    for column in (0, 1):
        for pair in pairs:
            tables += [len(pair[column]), offset + len(strings)]
            strings += pair[column] + b"\0"
    count = len(pairs)
    head = struct.pack("<7I", 0x950412DE, 0, count, 28, 28 + 8 * count, 0, 0)
    return head + struct.pack(f"<{4 * count}I", *tables) + strings


def sip2_texts() -> str:
    """Return the template of the catalogues of what SIP2 terminals show and print: the English, with the French beside it."""
    return "\n".join(_sip2_texts())


def _sip2_texts() -> Iterator[str]:
    alerts = [(french, english) for _, french, english in ALERTS.values()]
    yield 'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n'
    for french, english in {text[1]: text for text in (*SENTENCES.values(), *alerts, *SAID, *LINES)}.values():
        yield f'#. {french}\nmsgid {json.dumps(english, ensure_ascii=False)}\nmsgstr ""\n'


# --- all of it -----------------------------------------------------------------------------------------------------------

FILES: Final[dict[Path, Callable[[], Any]]] = {
    PAGES / "sip2.md": lambda: f"{sip2()}\n{device_profiles()}",
    PAGES.parent / "how-to" / "move-a-kiosk.md": moving_devices,
    PAGES / "ncip.md": ncip,
    PAGES / "ncip-profile.md": ncip_profile,
    PAGES / "department.md": department,
    PAGES / "z3950.md": z3950,
    PAGES / "crosswalk.md": crosswalk,
    PAGES / "sru.md": lambda: f"{sru()}\n{cql_indexes()}",
    PAGES / "network-file.md": network_file,
    PAGES / "configuration.md": configuration,
    PAGES / "commands.md": commands,
    PAGES / "reasons.md": reasons,
    PAGES / "access-points.md": access_points,
    CATALOGUE: lambda: catalogue(FRENCH),
    LOCALES / "sip2.pot": sip2_texts,
}
"""Every file that is written from tables, and what makes it."""


def stale() -> list[Path]:
    """Return the files that are not what the tables say."""
    return [path for path, made in _made() if not path.exists() or path.read_bytes() != made]


def _made() -> Iterator[tuple[Path, bytes]]:
    for path, make in FILES.items():
        made = make()
        yield path, made.encode() if isinstance(made, str) else made


def main(arguments: Sequence[str]) -> int:
    """Write every file, or with ``--check`` name the stale ones."""
    if "--check" in arguments:
        found = stale()
        for path in found:
            click.echo(f"stale: {path.relative_to(ROOT)} (run 'make docs')")
        return 1 if found else 0
    for path, made in _made():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(made)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
