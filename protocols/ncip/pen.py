"""How elements become text: one writing of 2.x, which that of 1.0 builds upon.

`version` and `Scheme` are always in the namespace, as the schema demands, and so need a prefix even where the elements, like the
asker's, have none. Dates are in UTC to the second. What XML cannot carry is left out of texts; a Scheme that is no URI is left out
too, since partners do send such and we repeat them.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from protocols.ncip.base import Initiation, Message, PlainResponse, ProblemMessage
from protocols.ncip.model import Child, Element, Kind, LocalProtocolError
from protocols.ncip.problems import SERVICES, Group
from protocols.ncip.releases import EXTENDED, Release, of_release

_SPECIAL = re.compile('[&<>"\r\0-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]')
_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\r": "&#13;"}
_PATH = r"(?:%[0-9A-Fa-f]{2}|[A-Za-z0-9._~:/?@!$&'()*+,;=-])"
_ABSOLUTE = rf"[A-Za-z][A-Za-z0-9+.-]*:(?://[A-Za-z0-9.-]+(?::[0-9]{{1,5}})?(?:[/?]{_PATH}*)?|(?!//){_PATH}+)"
_URI = re.compile(rf"{_ABSOLUTE}|[A-Za-z0-9._~-]+(?:/{_PATH}*)?", re.ASCII)


def escape(text: str) -> str:
    """Make a text fit for content and for quoted attributes."""
    return _SPECIAL.sub(lambda char: _ESCAPES.get(char[0], ""), text) if _SPECIAL.search(text) else text


def moment(value: datetime) -> str:
    """Give a date as it is sent: `YYYY-MM-DDThh:mm:ssZ`. Raises LocalProtocolError for a date without a zone."""
    if value.tzinfo is None:
        raise LocalProtocolError("a date without a zone")
    return value.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


class Pen:
    """One writing: where to, the prefixes of elements and of attributes, the release, and the prefix of an extension's elements."""

    def __init__(self, out: list[str], lead: str, marked: str, release: Release, foreign: str | None = None) -> None:
        self.out = out
        self.lead = lead
        self.marked = marked
        self.release = release
        self.foreign = foreign

    def message(self, message: Message) -> None:
        """Write a message; raises LocalProtocolError when it is not whole."""
        if isinstance(message, ProblemMessage):
            self.content(message)
            return
        silent = isinstance(message, PlainResponse) and not message.problem
        if silent and SERVICES[message.service].group is not Group.NOTIFICATION:
            raise LocalProtocolError(f"{message.service} is answered by more than silence")
        self.compound(message.service + ("" if isinstance(message, Initiation) else "Response"), message)

    def compound(self, tag: str, element: Element) -> None:
        """Write an element with children."""
        lead = self.lead if self.foreign is None or tag not in EXTENDED else self.foreign
        self.out.append(f"<{lead}{tag}>")
        self.content(element)
        self.out.append(f"</{lead}{tag}>")

    def content(self, element: Element) -> None:
        """Write an element's children."""
        self.children(self.rows(element))

    def rows(self, element: Element) -> list[tuple[Child, Any]]:
        """Give an element's children as the release has them."""
        found = element.valid_children()
        return found if self.release is Release.V2_02 else of_release(element, found, self.release)

    def children(self, rows: list[tuple[Child, Any]]) -> None:
        """Write children, each as often as it is there."""
        for child, value in rows:
            if child.repeats:
                for each in value:
                    self.child(child, each)
            else:
                self.child(child, value)

    def child(self, child: Child, value: Any) -> None:
        """Write one child."""
        if child.kind is Kind.COMPOUND:
            self.compound(child.tag, value)
            return
        tag, attributes = child.tag, ""
        lead = self.lead if self.foreign is None or tag not in EXTENDED else self.foreign
        if child.kind is Kind.FLAG:
            self.out.append(f"<{lead}{tag}/>")
            return
        if child.kind is Kind.TEXT:
            text = escape(value)
        elif child.kind is Kind.PAIR:
            text = escape(value.value)
            if value.scheme and _URI.fullmatch(value.scheme):
                attributes = f' {self.marked}Scheme="{escape(value.scheme)}"'
        elif child.kind is Kind.DATE:
            text = moment(value)
        else:
            text = _number(child, value)
        self.out.append(f"<{lead}{tag}{attributes}>{text}</{lead}{tag}>")


def _number(child: Child, value: int) -> str:
    if child.least is not None and value < child.least:
        raise LocalProtocolError(f"{child.tag} must be {child.least} or more")
    return str(value)
