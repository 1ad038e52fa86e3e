"""Z39.50 (ANSI/NISO Z39.50-2003, ISO 23950), versions 2 and 3, sans-I/O.

`session.Association` turns octets into PDUs and back and knows what may be sent when; `apdu` and `elements` declare
every PDU once, and readers (`schema`, `asn1`, `ber`), reference page and test strategies come from these tables.
`negotiation` answers an Init, `rpn` reads queries, `records` writes the records of a response, `diagnostics` has every
reason for a no.
"""

from __future__ import annotations

from protocols.z3950.reference import reference

__all__ = ["reference"]
