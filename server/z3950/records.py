"""Records in Z39.50: the shape for each record syntax, in a NamePlusRecord."""

from __future__ import annotations

from typing import Final, NamedTuple

from protocols.z3950 import oids
from protocols.z3950.diagnostics import Refused
from protocols.z3950.records import retrieval_record, surrogate_diagnostic
from server.catalogue.records import (
    GRS_1,
    MARC21_MARC8,
    MARCXML,
    OPAC,
    SUTRS,
    UNIMARC,
    UNIMARC_5426,
    USMARC,
    Schema,
    Shape,
)

SYNTAXES: Final[dict[str, Shape]] = {
    oids.UNIMARC: UNIMARC,
    oids.USMARC: USMARC,
    oids.XML: MARCXML,
    oids.SUTRS: SUTRS,
    oids.OPAC: OPAC,
    oids.GRS_1: GRS_1,
}
"""Record syntax -> what a record is made into."""
EIGHT_BIT: Final[dict[str, Shape]] = {oids.UNIMARC: UNIMARC_5426, oids.USMARC: MARC21_MARC8}
"""The same for those who read no UTF-8; the other syntaxes are in UTF-8 for them too."""


class Form(NamedTuple):
    """In which syntax and element set a record is sent, and the version of the protocol that says why it is not.

    XML may be asked for in a schema, ISO 2709 in *eight_bit* characters.
    """

    syntax: str
    element_set: str
    version: int
    schema: Schema | None = None
    eight_bit: bool = False

    @property
    def shape(self) -> Shape:
        """What the record is made into."""
        if self.eight_bit and self.syntax in EIGHT_BIT:
            return EIGHT_BIT[self.syntax]
        return SYNTAXES[self.syntax] if self.schema is None else self.schema.shape

    def record(self, database: str, contents: bytes) -> bytes:
        """Return *contents* as a NamePlusRecord."""
        return retrieval_record(database, self.syntax, contents)

    def diagnostic(self, database: str, refused: Refused) -> bytes:
        """Return the NamePlusRecord that stands for a record that cannot be sent."""
        return surrogate_diagnostic(database, refused, self.version)
