"""Checks of what a server must refuse, and by which diagnostic."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from conformance.checks import Checks, want
from conformance.results import Level
from conformance.sru.bench import Session, some_query, want_refused
from conformance.sru.client import SRW_DIAGNOSTIC, children
from protocols.xmlsafe import SEPARATOR

check = Checks[Session]()


REFUSED: Final[tuple[tuple[str, Level, str, dict[str, str | None], tuple[int, ...]], ...]] = (
    ("no-query", Level.MUST, "a search without a query is refused (7)", {"query": None}, (7,)),
    ("bad-version", Level.MUST, "a version that is not supported is refused (5)", {"version": "9.9"}, (5,)),
    ("bad-operation", Level.MUST, "an operation that is not supported is refused (4)", {"operation": "nosuch"}, (4,)),
    ("start-zero", Level.MUST, "startRecord=0 is refused (6, 61)", {"startRecord": "0"}, (6, 61)),
    ("start-text", Level.MUST, "startRecord=x is refused (6)", {"startRecord": "x"}, (6,)),
    ("start-beyond", Level.SHOULD, "a first record beyond the last is refused (61)", {"startRecord": "999999999"}, (61,)),
    ("maximum-negative", Level.MUST, "a negative maximumRecords is refused (6, 62)", {"maximumRecords": "-1"}, (6, 62)),
    ("bad-schema", Level.MUST, "a schema that is not known is refused (66)", {"recordSchema": "nosuch"}, (66,)),
    ("bad-packing", Level.MUST, "a record packing that is not known is refused (6, 71)", {"recordPacking": "nosuch"}, (6, 71)),
    ("cql-end", Level.MUST, "a query that ends early is refused (10)", {"query": "x and"}, (10,)),
    ("cql-parentheses", Level.MUST, "an open parenthesis is refused (10, 13)", {"query": "(x"}, (10, 13)),
    ("cql-quotes", Level.MUST, "an open quotation is refused (10, 14)", {"query": '"x'}, (10, 14)),
    ("cql-boolean", Level.MUST, "two terms without a Boolean are refused (10)", {"query": "x y"}, (10,)),
    ("cql-set", Level.MUST, "a context set that is not known is refused (15, 16)", {"query": "nosuchset.title = x"}, (15, 16)),
    ("cql-index", Level.MUST, "an index that is not known is refused (16)", {"query": "dc.nosuchindex = x"}, (16,)),
    ("cql-relation", Level.MUST, "a relation that is not supported is refused (19, 22)",
     {"query": "dc.title encloses x"}, (19, 22)),
    ("cql-modifier", Level.MUST, "a relation modifier that is not known is refused (20)",
     {"query": "dc.title =/nosuchmodifier x"}, (20,)),
    ("cql-boolean-modifier", Level.SHOULD, "a Boolean modifier that is not known is refused (46)",
     {"query": "x and/nosuchmodifier y"}, (46,)),
    ("cql-empty", Level.SHOULD, "an empty term is refused, if it is not answered (27)", {"query": 'dc.title = ""'}, (27,)),
    ("result-set", Level.SHOULD, "a result set that is not there is refused (50, 51)",
     {"query": 'cql.resultSetId = "nosuchset"'}, (50, 51)),
)  # fmt: skip
"""Name, level, text, what is changed in a good request (None: left out), the diagnostics that are due."""


def _refusal(changes: dict[str, str | None], numbers: tuple[int, ...]) -> Callable[[Session], None]:
    def made(session: Session) -> None:
        if "startRecord" in changes:
            some_query(session)
        good = {"operation": "searchRetrieve", "version": session.version, "query": session.term}
        asked = {name: value for name, value in {**good, **changes}.items() if value is not None}
        reply = session.client.get(**asked)
        want_refused(reply, *numbers)
        nodes = children(reply.root, "diagnostics", "diagnostic")
        want(
            nodes[0].tag.rpartition(SEPARATOR)[0] == SRW_DIAGNOSTIC, f"it is in {nodes[0].tag.rpartition(SEPARATOR)[0]}"
        )

    return made


for _name, _level, _text, _changes, _numbers in REFUSED:
    check(f"refuses-{_name}", _level, _text, "info:srw/diagnostic/1")(_refusal(_changes, _numbers))
