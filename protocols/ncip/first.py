"""NCIP 1.0 in the models of 2.x: what its DTD calls and nests otherwise, both ways.

A pair is two children, `Scheme` and `Value`; identifiers are called unique or visible; loans and requests of a user are a transaction; a
problem is a path of element names. `upgrade` makes of a tree of 1.0 one of 2.x; `FirstPen` writes a message of 2.x as 1.0.
What 1.0 does not have at all is in `protocols.ncip.releases`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from protocols.ncip.base import Initiation, Message, PlainResponse, Response
from protocols.ncip.elements import Problem, UserId
from protocols.ncip.model import Child, Element, Kind, SchemeValue
from protocols.ncip.pen import Pen, escape
from protocols.ncip.problems import SERVICES, Group
from protocols.ncip.releases import Release
from protocols.ncip.schemes import SCHEMES, UserIdentifierType
from protocols.xmlsafe import Node

RENAMED: Final = {
    "UniqueAgencyId": "AgencyId",
    "UniqueUserId": "UserId",
    "UniqueItemId": "ItemId",
    "UniqueRequestId": "RequestId",
    "UniqueBibliographicId": "BibliographicId",
    "VisibleUserId": "UserId",
    "VisibleUserIdentifierType": "UserIdentifierType",
    "VisibleUserIdentifier": "UserIdentifierValue",
    "VisibleItemId": "ItemId",
    "VisibleItemIdentifierType": "ItemIdentifierType",
    "VisibleItemIdentifier": "ItemIdentifierValue",
    "AuthenticateUser": "LookupUser",
    "MessagingError": "Problem",
}
"""Element of 1.0 -> element of 2.x."""
_ERRORS: Final = ("ProcessingError", "MessagingError")
_NAMED: Final = {
    "AgencyId": "UniqueAgencyId",
    "UserId": "UniqueUserId",
    "ItemId": "UniqueItemId",
    "RequestId": "UniqueRequestId",
    "BibliographicId": "UniqueBibliographicId",
}
_UNIQUE: Final = frozenset({"AgencyId", "UserIdentifierValue", "ItemIdentifierValue", "RequestIdentifierValue"})
_LOCAL: Final = "local"
"""The scheme of what has none: 1.0 cannot do without."""
_NOBODY: Final = SchemeValue("unknown", _LOCAL)
DOCTYPE: Final = '<!DOCTYPE NCIPMessage PUBLIC "-//NISO//NCIP DTD Version 1.0//EN" "http://www.niso.org/ncip/v1_0/imp1/dtd/ncip_v1_0.dtd">\n'


# --- from 1.0 --------------------------------------------------------------------------------------------------------------


def upgrade(node: Node) -> Node:
    """Give a tree of 1.0 as one of 2.x. The depth of *node* is bounded by its parser."""
    name = node.name
    if name == "LookupVersion":  # its own document, whose notation is that of 1.0 in every release
        return node
    parts = {child.name: child for child in node.children}
    if "Value" in parts:
        scheme = parts["Scheme"].text.strip() if "Scheme" in parts else ""
        return Node(RENAMED.get(name, name), {"Scheme": scheme}, parts["Value"].text)
    children = [made for child in node.children for made in _upgraded(child)]
    return Node(RENAMED.get(name, name), node.attributes, node.text, children)


def _upgraded(node: Node) -> Iterator[Node]:
    if node.name == "UserTransaction":
        yield from map(upgrade, node.children)
    elif node.name == "Problem" and any(child.name in _ERRORS for child in node.children):
        yield from map(_problem, node.children)
    elif node.name in _ERRORS:
        yield _problem(node)
    else:
        yield upgrade(node)


def _problem(node: Node) -> Node:
    """Make a problem of an error: its type, and the end of the path to the element."""
    children = []
    for child in node.children:
        if child.name.endswith("Type"):
            children.append(Node("ProblemType", *_pair(upgrade(child))))
        elif child.name.endswith("Element"):
            children += _path(child)
    return Node("Problem", {}, "", children)


def _pair(node: Node) -> tuple[dict[str, str], str]:
    return node.attributes, node.text


def _path(node: Node) -> list[Node]:
    name, value = "", ""
    while True:
        deeper = None
        for child in node.children:
            if child.name == "ElementName":
                name = child.text
            elif child.name.endswith("Value"):
                value = child.text
            else:
                deeper = child
        if deeper is None:
            return [Node("ProblemElement", {}, name), Node("ProblemValue", {}, value)]
        node = deeper


# --- to 1.0 ----------------------------------------------------------------------------------------------------------------


class FirstPen(Pen):
    """Writes in the notation of 1.0."""

    def __init__(self, out: list[str]) -> None:
        super().__init__(out, "", "", Release.V1_0)
        self._agency = _NOBODY

    def message(self, message: Message) -> None:
        """Write a message; what is headed by nobody is headed all the same."""
        header = getattr(message, "initiation_header", None) or getattr(message, "response_header", None)
        agency = header and header.from_agency_id and header.from_agency_id.agency_id
        self._agency = agency or _NOBODY
        super().message(message)

    def content(self, element: Element) -> None:
        """Write children, in the order of 1.0 where it is another."""
        rows = self.rows(element)
        tags = {child.tag for child, _ in rows}
        if isinstance(element, (Initiation, Response)) and not tags & {"InitiationHeader", "ResponseHeader"}:
            self._header("InitiationHeader" if isinstance(element, Initiation) else "ResponseHeader")
        if tags & {"LoanedItem", "RequestedItem"}:
            self._account(rows)
        elif type(element).__name__ == "UserOptionalFields":
            self.children(sorted(rows, key=lambda row: row[0].tag != "UserId"))
        elif "Problem" in tags:
            self._problems(element, rows)
        else:
            self.children(rows)

    def _header(self, tag: str) -> None:
        agency = self._two("UniqueAgencyId", _NOBODY)
        self.out.append(f"<{tag}><FromAgencyId>{agency}</FromAgencyId><ToAgencyId>{agency}</ToAgencyId></{tag}>")

    def _account(self, rows: list[tuple[Child, Any]]) -> None:
        """Write a user's loans and requests as a transaction, before what is optional."""
        last = [row for row in rows if row[0].tag == "UserOptionalFields"]
        things = {row[0].tag: row for row in rows}
        self.children([row for row in rows if row[0].tag not in {"LoanedItem", "RequestedItem", "UserOptionalFields"}])
        self.out.append("<UserTransaction>")
        self.children([things[tag] for tag in ("RequestedItem", "LoanedItem") if tag in things])
        self.out.append("</UserTransaction>")
        self.children(last)

    def _problems(self, element: Element, rows: list[tuple[Child, Any]]) -> None:
        """Write problems as errors: of messages when all are, else of processing."""
        for child, value in rows:
            if child.tag != "Problem":
                self.children([(child, value)])
                continue
            told = isinstance(element, PlainResponse) and SERVICES[element.service].group is Group.NOTIFICATION
            messaging = told or all("messaging" in ((p.problem_type and p.problem_type.scheme) or "") for p in value)
            errors = "".join(_error("Messaging" if messaging else "Processing", each) for each in value)
            self.out.append(errors if told else f"<Problem>{errors}</Problem>")

    def child(self, child: Child, value: Any) -> None:
        """Write one child under its name of 1.0."""
        if child.kind is Kind.PAIR:
            self.out.append(self._two(_NAMED.get(child.tag, child.tag), value))
        elif isinstance(value, UserId) and child.repeats:
            self._visible(value)
        else:
            super().child(child, value)

    def compound(self, tag: str, element: Element) -> None:
        """Write an element; identifiers have an agency and a value, and nothing else."""
        name = _NAMED.get(tag, tag)
        if tag in {name, "BibliographicId"}:
            super().compound(name, element)
            return
        self.out.append(f"<{name}>")
        if getattr(element, "agency_id", None) is None:
            self.out.append(self._two("UniqueAgencyId", self._agency))
        self.children([row for row in self.rows(element) if row[0].tag in _UNIQUE])
        self.out.append(f"</{name}>")

    def _visible(self, user: UserId) -> None:
        self.rows(user)
        agency = self._two("UniqueAgencyId", user.agency_id) if user.agency_id else ""
        kind = self._two("VisibleUserIdentifierType", user.user_identifier_type or UserIdentifierType.BARCODE.pair)
        value = escape(user.user_identifier_value or "")
        self.out.append(
            f"<VisibleUserId>{agency}{kind}<VisibleUserIdentifier>{value}</VisibleUserIdentifier></VisibleUserId>"
        )

    def _two(self, tag: str, pair: SchemeValue) -> str:
        scheme = pair.scheme or (SCHEMES[tag].uri if tag in SCHEMES else _LOCAL)
        return f"<{tag}><Scheme>{escape(scheme)}</Scheme><Value>{escape(pair.value)}</Value></{tag}>"


def _error(kind: str, problem: Problem) -> str:
    told = problem.problem_type or _NOBODY
    value = problem.problem_value
    shown = f"<{kind}ErrorValue>{escape(value)}</{kind}ErrorValue>" if value else ""
    return (
        f"<{kind}Error><{kind}ErrorType><Scheme>{escape(told.scheme or _LOCAL)}</Scheme><Value>{escape(told.value)}</Value>"
        f"</{kind}ErrorType><{kind}ErrorElement><ElementName>{escape(problem.problem_element or 'NCIPMessage')}</ElementName>"
        f"{shown}</{kind}ErrorElement></{kind}Error>"
    )
