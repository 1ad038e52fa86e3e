"""The strict writer: a message to bytes that the 2.02 schema accepts, or LocalProtocolError.

Order, names and cardinality come from the table. `version` and `Scheme` are always in the namespace, as the schema demands, and
so need a prefix even where the elements, like the asker's, have none. Dates are in UTC to the second. What XML cannot
carry is left out of texts; a Scheme that is no URI is left out too, since partners do send such and we repeat them.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from protocols.ncip.envelope import LOOKUP_VERSION, Envelope, Form
from protocols.ncip.messages import Initiation, Message, OtherInitiation, OtherResponse, ProblemMessage, Response
from protocols.ncip.model import NAMESPACE, Child, Element, Kind, LocalProtocolError
from protocols.ncip.problems import SERVICES, Group

MEDIA_TYPE = "application/xml; charset=utf-8"
"""Content type of everything written."""

STANDARD = Envelope()
"""The envelope of what answers nobody's question."""

_SPECIAL = re.compile('[&<>"\r\0-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]')
_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\r": "&#13;"}
_PATH = r"(?:%[0-9A-Fa-f]{2}|[A-Za-z0-9._~:/?@!$&'()*+,;=-])"
_ABSOLUTE = rf"[A-Za-z][A-Za-z0-9+.-]*:(?://[A-Za-z0-9.-]+(?::[0-9]{{1,5}})?(?:[/?]{_PATH}*)?|(?!//){_PATH}+)"
_URI = re.compile(rf"{_ABSOLUTE}|[A-Za-z0-9._~-]+(?:/{_PATH}*)?", re.ASCII)


def write(message: Message, envelope: Envelope = STANDARD) -> bytes:
    """Write one document in *envelope*; raises LocalProtocolError when the schema forbids what the message holds."""
    out = ['<?xml version="1.0" encoding="UTF-8"?>\n<']
    if envelope.form is Form.VERSION:
        _Pen(out, "", "").root(envelope.form, f'version="{LOOKUP_VERSION}"', message)
    else:
        lead = envelope.prefix and envelope.prefix + ":"
        spaces = f'xmlns{lead and ":" + envelope.prefix}="{NAMESPACE}"'
        if not lead:
            spaces += f' xmlns:ns1="{NAMESPACE}"'
        marked = lead or "ns1:"
        _Pen(out, lead, marked).root(envelope.form, f'{spaces} {marked}version="{escape(envelope.version)}"', message)
    return "".join(out).encode()


def escape(text: str) -> str:
    """Make a text fit for content and for quoted attributes."""
    return _SPECIAL.sub(lambda char: _ESCAPES.get(char[0], ""), text) if _SPECIAL.search(text) else text


def moment(value: datetime) -> str:
    """Give a date as it is sent: `YYYY-MM-DDThh:mm:ssZ`. Raises LocalProtocolError for a date without a zone."""
    if value.tzinfo is None:
        raise LocalProtocolError("a date without a zone")
    return value.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


class _Pen:
    """One writing: where to, and the prefixes of elements and of attributes."""

    def __init__(self, out: list[str], lead: str, marked: str) -> None:
        self.out = out
        self.lead = lead
        self.marked = marked

    def root(self, form: Form, attributes: str, message: Message) -> None:
        self.out.append(f"{self.lead}{form.value} {attributes}>")
        if isinstance(message, ProblemMessage):
            self.content(message)
        else:
            if not _complete(message):
                raise LocalProtocolError(f"{message.service} has no model here: of it only problems can be sent")
            self.compound(message.service + ("Response" if isinstance(message, Response) else ""), message)
        self.out.append(f"</{self.lead}{form.value}>")

    def compound(self, tag: str, element: Element) -> None:
        self.out.append(f"<{self.lead}{tag}>")
        self.content(element)
        self.out.append(f"</{self.lead}{tag}>")

    def content(self, element: Element) -> None:
        for child, value in element.valid_children():
            if child.repeats:
                for each in value:
                    self.child(child, each)
            else:
                self.child(child, value)

    def child(self, child: Child, value: Any) -> None:
        if child.kind is Kind.COMPOUND:
            self.compound(child.tag, value)
        elif child.kind is Kind.FLAG:
            self.out.append(f"<{self.lead}{child.tag}/>")
        else:
            tag, attributes = child.tag, ""
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
            self.out.append(f"<{self.lead}{tag}{attributes}>{text}</{self.lead}{tag}>")


def _complete(message: Initiation | Response) -> bool:
    """Tell whether a message without a model is whole: a refusal, or the answer to a notification."""
    if isinstance(message, OtherResponse):
        return bool(message.problem) or SERVICES[message.service].group is Group.NOTIFICATION
    return not isinstance(message, OtherInitiation)


def _number(child: Child, value: int) -> str:
    if child.least is not None and value < child.least:
        raise LocalProtocolError(f"{child.tag} must be {child.least} or more")
    return str(value)
