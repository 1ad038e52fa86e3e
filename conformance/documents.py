"""What a kit found: lines on the screen, a page for people (HTML), a file for build servers (JUnit), a document for programs (JSON)."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from html import escape
from pathlib import Path
from typing import Final, TextIO
from xml.sax.saxutils import quoteattr

from conformance.results import Level, Outcome, Result

_MARKS: Final = {Outcome.PASSED: "ok  ", Outcome.FAILED: "FAIL", Outcome.NOT_APPLICABLE: "  - "}
_STYLE: Final = (
    "body{font:16px/1.4 sans-serif;max-width:70em;margin:2em auto;padding:0 1em}td,th{text-align:left;padding:.3em .6em;"
    "border-bottom:1px solid #ccc;vertical-align:top}.failed{background:#fdd}.passed td:first-child{color:#060}"
)


def to_html(title: str, results: Sequence[Result]) -> str:
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
        f"<h1>{escape(title)}</h1><p>{passed} of {made} checks passed.</p><table>{head}{''.join(rows)}</table></html>"
    )


def _xml(text: str) -> str:
    """Return *text* as an attribute's value: XML 1.0 has no control characters."""
    return quoteattr("".join(character if character.isprintable() else "?" for character in text))


def to_junit(title: str, results: Sequence[Result]) -> str:
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
        f'<?xml version="1.0" encoding="utf-8"?>\n<testsuite name={_xml(title)} {counts}>{"".join(cases)}</testsuite>'
    )


def to_json(title: str, results: Sequence[Result]) -> str:
    """Return a JSON document."""
    return json.dumps({"title": title, "results": [asdict(each) for each in results]}, indent=1)


_WRITERS: Final[dict[str, Callable[[str, Sequence[Result]], str]]] = {
    ".html": to_html,
    ".xml": to_junit,
    ".json": to_json,
}
ENDINGS: Final = tuple(_WRITERS)
"""How the name of a report may end: that chooses its form."""


def path(text: str) -> Path:
    """Read the name of a report's file, for argparse."""
    found = Path(text)
    if found.suffix not in ENDINGS:
        raise argparse.ArgumentTypeError(f"its name ends in {' or '.join(ENDINGS)}")
    if not found.parent.is_dir():  # said now: the run that it tells of may take minutes
        raise argparse.ArgumentTypeError(f"there is no folder {found.parent}")
    return found


def tell(
    title: str, results: Iterable[Result], *, as_json: bool = False, file: Path | None = None, out: TextIO | None = None
) -> int:
    """Write what was found, as it is found, and in a file in the form that its name ends with (`ENDINGS`); return a kit's exit code."""
    out = out or sys.stdout
    kept: list[Result] = []
    for result in results:
        kept.append(result)
        if not as_json:
            print(f"{_MARKS[result.outcome]} {result.level:6} {result.name}: {result.text}", file=out)
            if result.detail:
                print(f"            {result.detail}", file=out)
    print(to_json(title, kept) if as_json else _summary(title, kept), file=out)
    if file is not None:
        file.write_text(_WRITERS[file.suffix](title, kept) + "\n", encoding="utf-8")
    return int(any(each.outcome is Outcome.FAILED and each.level is Level.MUST for each in kept))


def _summary(title: str, results: Sequence[Result]) -> str:
    parts = []
    for level in Level:
        made = [each for each in results if each.level is level and each.outcome is not Outcome.NOT_APPLICABLE]
        passed = sum(each.outcome is Outcome.PASSED for each in made)
        parts.append(f"{level} {passed}/{len(made)}")
    return f"{title}: {', '.join(parts)}"
