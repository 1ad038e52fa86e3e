"""One way to choose, run, list and report, for the kits of all wires."""

from __future__ import annotations

import argparse
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from conformance import documents
from conformance.checks import PATIENCE, Row
from conformance.results import Result

_HEAD: Final = ("| check | level | what is asked | where that is said |", "|---|---|---|---|")
_LAST_PORT: Final = 0xFFFF


@dataclass(frozen=True, slots=True)
class Kit:
    """One wire's kit.

    *word* is its name on the command line, *title* that of what it speaks; *about* and *more* stand in its help, *server* says there how
    a server is named. *tables* are its checks, by the heading of their part of the page, "" where they are all of it. *options* adds
    the kit's own options to a parser; *judge* makes the checks that were chosen, and tells the parser what is wrong with the choice.
    *patience* is how many seconds the clients of this wire wait for an answer.
    """

    word: str
    title: str
    about: str
    more: str
    server: str
    tables: Mapping[str, Sequence[Row[Any]]]
    options: Callable[[argparse.ArgumentParser], None]
    judge: Callable[[argparse.ArgumentParser, argparse.Namespace], Iterable[Result]]
    patience: float = PATIENCE

    def main(self, arguments: Sequence[str]) -> int:
        """Run the kit; return 0 when no MUST failed, 1 when one did, 2 when the command line is wrong."""
        parser = self._parser()
        chosen = _chosen(parser, arguments)
        if chosen.list:
            print(self.page())  # noqa: T201 (a command)
            return 0
        if not any(chosen.only in row.name for rows in self.tables.values() for row in rows):
            parser.error(f"no check has {chosen.only!r} in its name")
        title = f"{self.title} {chosen.server or ''}".rstrip()
        return documents.tell(title, self.judge(parser, chosen), as_json=chosen.json, file=chosen.report)

    def page(self) -> str:
        """Return the list of all checks as a page of the documentation."""
        command = f"python -m conformance {self.word}"
        lines = [
            f"# Checks of {self.title}\n",
            f"What [`{command}`](../how-to/judge-a-server.md#{self.word}) asks, check by check. Generated: `{command} --list`.",
        ]
        for heading, rows in self.tables.items():
            lines += [f"\n## {heading}\n" if heading else "", *_HEAD]
            lines += [f"| {row.name} | {row.level} | {row.text} | {row.source} |" for row in rows]
        return "\n".join(lines)

    def _parser(self) -> argparse.ArgumentParser:
        parser = argparse.ArgumentParser(
            prog=f"python -m conformance {self.word}", description=self.about, epilog=self.more,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )  # fmt: skip
        add = parser.add_argument
        add("server", nargs="?", metavar=self.server, help="where the server listens")
        self.options(parser)
        add("--settings", type=Path, metavar="FILE", help="read options, and `server`, from a TOML file")
        add("--only", default="", metavar="TEXT", help="make the checks with this in their names")
        patience = f"how long an answer may take ({self.patience:g})"
        add("--patience", type=float, default=self.patience, metavar="SECONDS", help=patience)
        add("--report", type=documents.path, metavar="FILE", help=f"write a report: {', '.join(documents.ENDINGS)}")
        add("--json", action="store_true", help="write a JSON document to the screen")
        add("--list", action="store_true", help="print the list of checks, and make none")
        return parser


def address(parser: argparse.ArgumentParser, text: str) -> tuple[str, int]:
    """Read HOST:PORT, with or without the brackets of IPv6; tell the parser what is none."""
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdecimal() or int(port) > _LAST_PORT:
        parser.error("the server is HOST:PORT")
    return host.strip("[]"), int(port)


def _chosen(parser: argparse.ArgumentParser, arguments: Sequence[str]) -> argparse.Namespace:
    """Return the options: those of the command line, before those of the file of settings."""
    chosen = parser.parse_args(arguments)
    if chosen.settings is None:
        return chosen
    try:
        found = tomllib.loads(chosen.settings.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        parser.error(f"{chosen.settings}: {error}")
    parser.set_defaults(server=str(found.pop("server", "")))
    told = [option for key, value in found.items() for option in _said(key.replace("_", "-"), value)]
    read, unknown = parser.parse_known_args([*told, *arguments])
    if unknown:  # without their values, which may be secrets
        parser.error(f"{chosen.settings}: no options: {', '.join(each.partition('=')[0] for each in unknown)}")
    return read


def _said(option: str, value: object) -> list[str]:
    """Return an option of a file of settings as it is written on the command line, so that the same is asked of it."""
    if isinstance(value, bool):
        return [f"--{option}"] if value else []
    return [f"--{option}={each}" for each in (value if isinstance(value, list) else [value])]
