"""What can go wrong on a Z39.50 association.

::

    Z3950Error
    ├─ LocalProtocolError     we tried to send something illegal: a bug of ours
    └─ RemoteProtocolError    the peer sent something illegal
       ├─ FramingError        octets that begin no PDU: the stream cannot be followed any further
       ├─ LimitExceeded       more than we are willing to hold or to walk through
       ├─ MalformedPdu        a whole BER value that is not the PDU its tag says
       └─ UnexpectedPdu       a PDU that the present state does not allow

A *refusal* is none of these: a search that cannot be made is answered by a diagnostic (`diagnostics.Refused`).
"""

from __future__ import annotations


class Z3950Error(Exception):
    """The rules of the protocol were broken, by us or by the peer."""


class LocalProtocolError(Z3950Error):
    """We tried to send something illegal."""


class RemoteProtocolError(Z3950Error):
    """The peer sent something illegal."""


class FramingError(RemoteProtocolError):
    """Octets that begin no PDU."""


class LimitExceeded(RemoteProtocolError):
    """A PDU that is larger, or made of more elements, than we accept."""


class MalformedPdu(RemoteProtocolError):
    """A whole BER value that is not the PDU its tag says."""


class UnexpectedPdu(RemoteProtocolError):
    """A PDU that the present state does not allow."""
