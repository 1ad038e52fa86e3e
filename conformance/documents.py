"""What a kit found, as a page for people (HTML), a file for build servers (JUnit) or a document for programs (JSON)."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict
from html import escape
from pathlib import Path
from typing import Final
from xml.sax.saxutils import quoteattr

from conformance.results import Outcome, Result, report

_STYLE: Final = (
    "body{font:16px/1.4 sans-serif;max-width:70em;margin:2em auto;padding:0 1em}td,th{text-align:left;padding:.3em .6em;"
    "border-bottom:1px solid #ccc;vertical-align:top}.failed{background:#fdd}.passed td:first-child{color:#060}"
)


def as_html(title: str, results: Sequence[Result]) -> str:
    """Return a page with a table of all checks."""
    passed = sum(each.outcome is Outcome.PASSED for each in results)
    made = sum(each.outcome is not Outcome.NOT_APPLICABLE for each in results)
    rows = [
        f'<tr class="{escape(each.outcome.split()[0])}"><td>{escape(each.outcome)}</td><td>{escape(each.level)}</td>'
        f"<td>{escape(each.name)}</td><td>{escape(each.text)}<br><small>{escape(each.source)}</small></td>"
        f"<td>{escape(each.detail)}</td></tr>"
        for each in results
    ]
    head = "<tr><th>found</th><th>level</th><th>check</th><th>what is asked</th><th>detail</th></tr>"
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title><style>{_STYLE}</style>'
        f"<h1>{escape(title)}</h1><p>{passed} of {made} checks passed.</p><table>{head}{''.join(rows)}</table></html>\n"
    )


def _xml(text: str) -> str:
    """Return *text* as an attribute's value: XML 1.0 has no control characters."""
    return quoteattr("".join(character if character.isprintable() else "?" for character in text))


def as_junit(title: str, results: Sequence[Result]) -> str:
    """Return a JUnit file with a test case for each check."""
    failures = sum(each.outcome is Outcome.FAILED for each in results)
    skipped = sum(each.outcome is Outcome.NOT_APPLICABLE for each in results)
    cases = []
    for each in results:
        inner = ""
        if each.outcome is Outcome.FAILED:
            inner = f"<failure message={_xml(each.detail)} type={_xml(each.level)}/>"
        elif each.outcome is Outcome.NOT_APPLICABLE:
            inner = f"<skipped message={_xml(each.detail)}/>"
        cases.append(f"<testcase classname={_xml(each.source)} name={_xml(each.name)}>{inner}</testcase>")
    counts = f'tests="{len(results)}" failures="{failures}" skipped="{skipped}"'
    return (
        f'<?xml version="1.0" encoding="utf-8"?>\n<testsuite name={_xml(title)} {counts}>{"".join(cases)}</testsuite>\n'
    )


def as_json(title: str, results: Sequence[Result]) -> str:
    """Return a JSON document."""
    return json.dumps({"title": title, "results": [asdict(each) for each in results]}, indent=1) + "\n"


_WRITERS: Final[dict[str, Callable[[str, Sequence[Result]], str]]] = {
    ".html": as_html,
    ".xml": as_junit,
    ".json": as_json,
}
ENDINGS: Final = tuple(_WRITERS)
"""How the name of a report may end: that chooses its form."""


def write(path: Path, title: str, results: Sequence[Result]) -> None:
    """Write *results* to *path*, in the form that its name ends with (`ENDINGS`)."""
    path.write_text(_WRITERS[path.suffix](title, results), encoding="utf-8")


def _path(text: str) -> Path:
    path = Path(text)
    if path.suffix not in ENDINGS:
        raise argparse.ArgumentTypeError(f"its name ends in {' or '.join(ENDINGS)}")
    return path


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add `--report` and `--json`, which `tell` heeds."""
    parser.add_argument("--report", type=_path, metavar="FILE", help=f"write a report: {', '.join(ENDINGS)}")
    parser.add_argument("--json", action="store_true", help="write a JSON document to the screen")


def tell(title: str, results: Iterable[Result], chosen: argparse.Namespace) -> int:
    """Tell *results* on the screen as they are found, and in the file of `--report`; return a kit's exit code."""
    kept: list[Result] = []

    def keep() -> Iterator[Result]:
        for result in results:
            kept.append(result)
            yield result

    code = report(title, keep(), as_json=chosen.json)
    if chosen.report is not None:
        write(chosen.report, title, kept)
    return code
