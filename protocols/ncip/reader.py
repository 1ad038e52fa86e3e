"""The tolerant reader: bytes to a message or a fault, never an exception.

A quarter of what real partners send is invalid, so nothing is refused that can be understood: any prefix, no namespace at all,
attributes with or without it, children in any order, strange children, missing headers and missing mandatory children. An
element without content is absent. What was passed over is told in `Received.defects`; what a service cannot do without is the
service's to ask for.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, tzinfo
from typing import Any

from protocols.ncip.envelope import Defect, Envelope, Fault, Form, Received, problem
from protocols.ncip.messages import MESSAGES, Message, OtherInitiation, OtherResponse, ProblemMessage
from protocols.ncip.model import NAMESPACE, Child, Element, Kind, SchemeValue
from protocols.ncip.problems import SERVICES, ProblemType
from protocols.xmlsafe import LIMITS, SEPARATOR, Limits, Node, UnsafeXMLError, parse

_QUALIFIED = NAMESPACE + SEPARATOR
_INTEGER = re.compile(r"[+-]?[0-9]{1,18}")
_MOST_DEFECTS = 20
_SHOWN = 80


class _Walk:
    """One reading: the zone of dates without one, and the defects met."""

    def __init__(self, zone: tzinfo) -> None:
        self.zone = zone
        self.defects: list[tuple[Defect, str]] = []

    def note(self, defect: Defect, name: str) -> None:
        if len(self.defects) < _MOST_DEFECTS:
            self.defects.append((defect, name[:_SHOWN]))

    def element(self, cls: type[Element], node: Node, **also: Any) -> Any:
        """Read a compound: what is there of it."""
        rows = _rows(cls)
        values: dict[str, Any] = also
        for sub in node.children:
            child = rows.get(sub.tag)
            if child is None:
                if sub.name != "Ext":
                    self.note(Defect.UNKNOWN_ELEMENT, sub.name)
                continue
            value = self.value(child, sub)
            if value is None:
                continue
            if child.repeats:
                values.setdefault(child.field, []).append(value)
            elif child.field in values:
                self.note(Defect.REPEATED_ELEMENT, child.tag)
            else:
                values[child.field] = value
        for name, value in values.items():
            if isinstance(value, list):
                values[name] = tuple(value)
        return cls(**values)

    def value(self, child: Child, node: Node) -> Any:
        """Read a child by its kind; None when it is empty or unreadable."""
        if child.model is not None:
            return self.element(child.model, node)
        if child.kind is Kind.FLAG:
            return True
        text = node.text.strip()
        if not text:
            return None
        if child.kind is Kind.TEXT:
            return text
        if child.kind is Kind.PAIR:
            attributes = node.attributes
            return SchemeValue(text, attributes.get(_QUALIFIED + "Scheme") or attributes.get("Scheme") or None)
        if child.kind is Kind.DATE:
            moment = self.moment(text)
            if moment is None:
                self.note(Defect.INVALID_DATE, child.tag)
            return moment
        if _INTEGER.fullmatch(text) and (child.least is None or int(text) >= child.least):
            return int(text)
        self.note(Defect.INVALID_NUMBER, child.tag)
        return None

    def moment(self, text: str) -> datetime | None:
        """Read a date as partners write it, in UTC to the second: without a zone it is ours, without a time the day's end."""
        try:
            if len(text) == len("2026-11-22"):
                moment = datetime.combine(date.fromisoformat(text), time(23, 59, 59), self.zone)
            else:
                moment = datetime.fromisoformat(text)
            if moment.tzinfo is None:
                moment = moment.replace(tzinfo=self.zone)
            return moment.astimezone(UTC).replace(microsecond=0)
        except (ValueError, OverflowError):
            return None


_ROWS: dict[type[Element], dict[str, Child]] = {}


def _rows(cls: type[Element]) -> dict[str, Child]:
    """Give a class' children by tag, with the namespace and without."""
    rows = _ROWS.get(cls)
    if rows is None:
        rows = {lead + child.tag: child for child in cls.TABLE for lead in ("", _QUALIFIED)}
        _ROWS[cls] = rows
    return rows


def read(data: bytes, *, zone: tzinfo = UTC, charset: str | None = None, limits: Limits = LIMITS) -> Received | Fault:
    """Understand one document. Raises nothing.

    *zone*: where a date without a zone was written; *charset*: what the transport says of the encoding.
    """
    try:
        document = parse(data, charset=charset, limits=limits)
    except UnsafeXMLError as error:
        return Fault(problem(None, ProblemType.INVALID_MESSAGE_SYNTAX_ERROR, str(error), "NCIPMessage"))
    root = document.root
    version = root.attributes.get(_QUALIFIED + "version") or root.attributes.get("version") or ""
    if root.tag == Form.VERSION.value:
        return _message(root, Envelope.like(Form.VERSION, version, ""), zone)
    envelope = Envelope.like(Form.NCIP, version, document.prefix)
    if root.tag not in {Form.NCIP.value, _QUALIFIED + Form.NCIP.value}:
        return _fault(envelope, ProblemType.UNKNOWN_ELEMENT, "this is no NCIP message", root.name)
    if (
        root.tag == Form.NCIP.value and "v2_" not in version
    ):  # without the namespace it is 1.0, unless it says otherwise
        detail = "NCIP 2.0, 2.01 and 2.02 are spoken here; this is another version"
        return _fault(Envelope(), ProblemType.PROTOCOL_ERROR, detail, "NCIPMessage")
    return _message(root, envelope, zone)


def _message(root: Node, envelope: Envelope, zone: tzinfo) -> Received | Fault:
    walk = _Walk(zone)
    for node in root.children:
        name = node.name if node.tag in {node.name, _QUALIFIED + node.name} else ""
        message: Message
        if name in MESSAGES:
            message = walk.element(MESSAGES[name], node)
        elif name in SERVICES:
            message = walk.element(OtherInitiation, _known(OtherInitiation, node), name=name)
        elif name.removesuffix("Response") in SERVICES:
            message = walk.element(OtherResponse, _known(OtherResponse, node), name=name.removesuffix("Response"))
        elif name == "Problem":
            message = walk.element(ProblemMessage, root)
        else:
            continue
        return Received(message, envelope, tuple(walk.defects))
    if not root.children:
        return _fault(envelope, ProblemType.NEEDED_DATA_MISSING, "the message is empty", root.name)
    return _fault(envelope, ProblemType.UNSUPPORTED_SERVICE, "no service of NCIP", root.name, root.children[0].name)


def _known(cls: type[Element], node: Node) -> Node:
    """Leave out what a message without a model holds beyond the children that all messages share."""
    return Node(node.tag, node.attributes, "", [sub for sub in node.children if sub.tag in _rows(cls)])


def _fault(envelope: Envelope, kind: ProblemType, detail: str, element: str, value: str = "") -> Fault:
    return Fault(problem(None, kind, detail, element[:_SHOWN], value[:_SHOWN] or None), envelope)
