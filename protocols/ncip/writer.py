"""The strict writer: a message to bytes that the schema of its release accepts, or LocalProtocolError.

Order, names and cardinality come from the table; see `pen` for 2.x and `first` for 1.0.
"""

from __future__ import annotations

from protocols.ncip.base import Message, ProblemMessage
from protocols.ncip.envelope import LOOKUP_VERSION, Envelope, Form
from protocols.ncip.first import DOCTYPE, FirstPen
from protocols.ncip.model import NAMESPACE
from protocols.ncip.pen import Pen, escape
from protocols.ncip.releases import EXTENSION, Release

MEDIA_TYPE = "application/xml; charset=utf-8"
"""Content type of everything written."""

STANDARD = Envelope()
"""The envelope of what answers nobody's question."""

_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
_ROOT = Form.NCIP.value


def write(message: Message, envelope: Envelope = STANDARD) -> bytes:
    """Write one document in *envelope*; raises LocalProtocolError when the schema forbids what the message holds.

    The DTD of 1.0 has no problem outside a service: such a message is written in 2.02.
    """
    out = [_HEAD]
    if envelope.form is Form.VERSION:
        out.append(f'<{envelope.form.value} version="{LOOKUP_VERSION}">')
        Pen(out, "", "", Release.V2_02).message(message)
        out.append(f"</{envelope.form.value}>")
    elif envelope.release is Release.V1_0 and not isinstance(message, ProblemMessage):
        out += (DOCTYPE, f'<{_ROOT} version="{escape(envelope.version)}">')
        FirstPen(out).message(message)
        out.append(f"</{_ROOT}>")
    else:
        _second(out, message, STANDARD if envelope.release is Release.V1_0 else envelope)
    return "".join(out).encode()


def _second(out: list[str], message: Message, envelope: Envelope) -> None:
    lead = envelope.prefix and envelope.prefix + ":"
    marked = lead or "ns1:"
    spaces = f'xmlns{lead and ":" + envelope.prefix}="{NAMESPACE}"'
    if not lead:
        spaces += f' xmlns:ns1="{NAMESPACE}"'
    foreign = None
    if envelope.foreign:
        foreign = "ext:" if lead != "ext:" else "x:"
        spaces += f' xmlns:{foreign[:-1]}="{EXTENSION}"'
    out.append(f'<{lead}{_ROOT} {spaces} {marked}version="{escape(envelope.version)}">')
    extends = envelope.form is Form.EXTENSION and not isinstance(message, ProblemMessage)
    out.append(f"<{lead}Ext>" if extends else "")
    Pen(out, lead, marked, envelope.release, foreign).message(message)
    out.append(f"</{lead}Ext></{lead}{_ROOT}>" if extends else f"</{lead}{_ROOT}>")
