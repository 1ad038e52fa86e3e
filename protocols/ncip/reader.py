"""The tolerant reader: bytes to a message or a fault, never an exception.

A quarter of what real partners send is invalid, so nothing is refused that can be understood: any prefix, no namespace at all,
attributes with or without it, children in any order, strange children, missing headers and missing mandatory children. An
element without content is absent. What was passed over is told in `Received.defects`; what a service cannot do without is the
service's to ask for.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime, time, tzinfo
from typing import Any, Final

from protocols.ncip.base import Message, PlainResponse, ProblemMessage
from protocols.ncip.envelope import Defect, Envelope, Fault, Form, Received, problem
from protocols.ncip.first import upgrade
from protocols.ncip.messages import MESSAGES
from protocols.ncip.model import NAMESPACE, Child, Element, Kind, SchemeValue
from protocols.ncip.problems import SERVICES, Group, ProblemType
from protocols.ncip.releases import EXTENDED, EXTENSION, Release
from protocols.xmlsafe import LIMITS, SEPARATOR, Limits, Node, UnsafeXMLError, parse

_QUALIFIED = NAMESPACE + SEPARATOR
_TOLD = frozenset(name for name, service in SERVICES.items() if service.group is Group.NOTIFICATION)
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
        if len(text) > _LONGEST_KEY and (len(text) > _LONGEST or child.tag.endswith(_KEYS)):
            self.note(Defect.TOO_LONG, child.tag)
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
            return moment.astimezone(UTC).replace(microsecond=0) if moment.year in _YEARS else None
        except (ValueError, OverflowError):
            return None


_YEARS: Final = range(1800, 3000)
"""Years of dates: what lies beyond is what a program says that knows none (0001, 9999), and overflows in some zone."""
_LONGEST_KEY: Final = 250
_LONGEST: Final = 8_000
"""Characters of a number, a pair of a scheme or a date, and of any other text."""
_KEYS: Final = ("Value", "Identifier", "Id", "Type")

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
    envelope = Envelope.like(Form.NCIP, version, document.prefix, namespace=root.tag != Form.NCIP.value)
    if root.tag not in {Form.NCIP.value, _QUALIFIED + Form.NCIP.value}:
        return _fault(envelope, ProblemType.UNKNOWN_ELEMENT, "this is no NCIP message", root.name)
    if envelope.release is Release.V1_0:
        root = upgrade(root)
    elif root.children and root.children[0].tag in {_QUALIFIED + "Ext", "Ext"}:
        return _extension(root.children[0], envelope, zone)
    return _message(root, envelope, zone)


def _extension(ext: Node, envelope: Envelope, zone: tzinfo) -> Received | Fault:
    """Read a service that its partner's release has under Ext, in the namespace of NCIP or in one of its own."""
    foreign = any(node.tag.startswith(EXTENSION + SEPARATOR) for node in ext.children)
    envelope = replace(envelope, form=Form.EXTENSION, foreign=foreign)
    return _message(_domestic(ext) if foreign else ext, envelope, zone)


def _domestic(node: Node) -> Node:
    """Take the elements of the extension into the namespace of NCIP."""
    own = node.tag.startswith(EXTENSION + SEPARATOR) and node.name in EXTENDED
    children = [_domestic(child) for child in node.children]
    return Node(_QUALIFIED + node.name if own else node.tag, node.attributes, node.text, children)


def _message(root: Node, envelope: Envelope, zone: tzinfo) -> Received | Fault:
    walk = _Walk(zone)
    for node in root.children:
        name = node.name if node.tag in {node.name, _QUALIFIED + node.name} else ""
        message: Message
        if name in MESSAGES:
            message = walk.element(MESSAGES[name], node)
        elif name.endswith("Response") and name.removesuffix("Response") in _TOLD:
            message = walk.element(PlainResponse, node, name=name.removesuffix("Response"))
        elif name == "Problem":
            message = walk.element(ProblemMessage, root)
        else:
            continue
        return Received(message, envelope, tuple(walk.defects))
    if not root.children:
        return _fault(envelope, ProblemType.NEEDED_DATA_MISSING, "the message is empty", root.name)
    return _fault(envelope, ProblemType.UNSUPPORTED_SERVICE, "no service of NCIP", root.name, root.children[0].name)


def _fault(envelope: Envelope, kind: ProblemType, detail: str, element: str, value: str = "") -> Fault:
    return Fault(problem(None, kind, detail, element[:_SHOWN], value[:_SHOWN] or None), envelope)
