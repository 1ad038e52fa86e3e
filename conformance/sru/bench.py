"""What the SRU kit makes its checks with."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from typing import Final

from conformance.checks import Bench, want
from conformance.results import Failed, NotApplicable
from conformance.sru.client import Client, Reply, children
from protocols.xmlsafe import Node

SPEC_1: Final = "SRU 1.1/1.2"
SPEC_2: Final = "searchRetrieve part 3 (SRU 2.0)"
CQL: Final = "searchRetrieve part 5 (CQL)"


@dataclass(slots=True)
class Session(Bench):
    """One judgement: the client, and what was learned on the way."""

    client: Client
    term: str
    index: str = "dc.title"
    version: str = "1.2"
    _explained: Node | None = None
    _terms: list[tuple[str, int]] = field(default_factory=list)

    def search(self, query: str, **more: object) -> Reply:
        """Search in the version that the server answers."""
        return self.client.get(operation="searchRetrieve", version=self.version, query=query, **more)

    def count(self, query: str) -> int:
        """Return how many records a query finds. Raises Failed when it is refused."""
        reply = self.search(query, maximumRecords=0)
        if reply.told:
            raise Failed(f"{query}: diagnostic {reply.told[0].number} {reply.told[0].details}")
        return reply.count

    def terms(self) -> list[tuple[str, int]]:
        """Return terms of the index with their counts, by scan. Raises NotApplicable."""
        if not self._terms:
            clause = f'{self.index} = "{self.term}"'
            reply = self.client.get(operation="scan", version=self.version, scanClause=clause, maximumTerms=20)
            if reply.told:
                raise NotApplicable(f"scan is refused with {reply.told[0].number}")
            found = children(reply.root, "terms", "term")
            self._terms = [(one(each, "value"), int(one(each, "numberOfRecords") or 0)) for each in found]
        if not self._terms:
            raise NotApplicable("scan gives no terms")
        return self._terms

    def explain(self) -> Node:
        """Return the ZeeRex record. Raises NotApplicable."""
        if self._explained is None:
            data = children(self.client.get().root, "record", "recordData")
            if not data or not data[0].children:
                raise NotApplicable("there is no explain record")
            self._explained = data[0].children[0]
        return self._explained


def one(node: Node, name: str) -> str:
    """Return the text of the first child of this name; "" where there is none."""
    return next((each.text.strip() for each in node.children if each.name == name), "")


def want_refused(reply: Reply, *numbers: int) -> None:
    """Raise Failed when a reply has none of these diagnostics."""
    told = [each.number for each in reply.told]
    want(set(told) & set(numbers), f"diagnostic {' or '.join(map(str, numbers))} is due, and {told or 'none'} came")
    want(reply.status == 200, f"a diagnostic came with HTTP {reply.status}")


def want_order(reply: Reply, *names: str) -> None:
    """Show that the children of a response stand in the order of its schema."""
    places = [names.index(each.name) if each.name in names else -1 for each in reply.root.children]
    want(-1 not in places, f"elements that the schema does not know: {[each.name for each in reply.root.children]}")
    want(places == sorted(places), f"the order is {[each.name for each in reply.root.children]}")


def folded(text: str) -> str:
    """Return a text without case, accents and ligatures."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(each for each in plain if not unicodedata.combining(each))
    return plain.replace("œ", "oe").replace("æ", "ae")


def some_query(session: Session) -> tuple[str, int]:
    """Return a query that finds something, and how much."""
    query = f'{session.index} = "{session.term}"'
    count = session.count(query)
    if not count:
        value, _ = max(session.terms(), key=lambda each: each[1])
        session.term = value
        query = f'{session.index} = "{value}"'
        count = session.count(query)
    if not count:
        raise NotApplicable("no term was found that finds a record; give one by --term")
    return query, count
