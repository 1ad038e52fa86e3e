"""NISO Circulation Interchange Protocol (ANSI/NISO Z39.83) 1.0, 2.0, 2.01 and 2.02, sans-I/O.

`reader.read` turns bytes into a `Received` message or a `Fault`; `writer.write` turns a message into bytes. The messages are in
`lookups`, `circulation`, `upkeep` and `notifications`, what they are made of in `elements`, `items`, `users`, `agencies`, `changes`
and `sets`, the lists in `schemes`, services and problems in `problems`, the releases' differences in `releases` and `first`.
"""

from __future__ import annotations

from protocols.ncip.envelope import Defect, Envelope, Fault, Form, Received, problem
from protocols.ncip.model import LocalProtocolError, SchemeValue
from protocols.ncip.reader import read
from protocols.ncip.reference import reference
from protocols.ncip.releases import Release
from protocols.ncip.writer import MEDIA_TYPE, write

__all__ = [
    "MEDIA_TYPE",
    "Defect",
    "Envelope",
    "Fault",
    "Form",
    "LocalProtocolError",
    "Received",
    "Release",
    "SchemeValue",
    "problem",
    "read",
    "reference",
    "write",
]
