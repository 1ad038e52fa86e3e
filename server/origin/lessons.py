"""What targets have taught: how each had to be asked last time, so that the next time begins there."""

from __future__ import annotations

from typing import NamedTuple

from protocols.sru import origin as sru
from protocols.z3950 import origin as z3950


class Lesson(NamedTuple):
    """How a target wants to be asked for an ISBN and with a query, which syntax it gives; and what it said that taught this.

    `isbn` and `query` are Z39.50's attribute types that are left out, or which of SRU's ways it takes (from 0); `syntax` is one
    of the target's `syntax`, by its object identifier or as its schema. `at` is in seconds since 1970 UTC.
    """

    isbn: tuple[int, ...] = ()
    query: tuple[int, ...] = ()
    syntax: str = ""
    told: str = ""
    at: int = 0

    def of_z3950(self, result: z3950.Retrieved, *, is_isbn: bool) -> Lesson:
        """Return what a search, which did not fail, has taught besides."""
        codes = {code for code, _ in result.diagnostics}
        lesson = self
        if codes & z3950.SIMPLER:
            # A Use attribute that one query asks for tells nothing of the next one's.
            left_out = result.left_out if is_isbn else result.left_out - {z3950.USE}
            way = tuple(sorted(left_out))
            lesson = lesson._replace(isbn=way) if is_isbn else lesson._replace(query=way)
        if z3950.SYNTAX_UNKNOWN in codes and result.syntax:
            lesson = lesson._replace(syntax=result.syntax)
        return lesson if lesson == self else lesson._replace(told=z3950.told(result.diagnostics))

    def of_sru(self, diagnostics: list[tuple[int, str]], *, way: int, schema: str, is_isbn: bool) -> Lesson:
        """Return what a search, which did not fail, has taught besides."""
        codes = {code for code, _ in diagnostics}
        lesson = self
        if codes & sru.SIMPLER and is_isbn:
            lesson = lesson._replace(isbn=(way,))
        if sru.SCHEMA_UNKNOWN in codes and schema:
            lesson = lesson._replace(syntax=schema)
        return lesson if lesson == self else lesson._replace(told=sru.told(diagnostics))
