"""Records in Z39.50: the shape for each record syntax, in a NamePlusRecord."""

from __future__ import annotations

from typing import Final, NamedTuple

from protocols.z3950 import oids
from protocols.z3950.diagnostics import Refused
from protocols.z3950.french import in_french
from protocols.z3950.records import retrieval_record, surrogate_diagnostic
from server.catalogue.records import (
    GRS_1,
    MARC21_MARC8,
    MARCXML,
    OPAC,
    OPAC_5426,
    OPAC_MARC21,
    SUTRS,
    SUTRS_LATIN1,
    UNIMARC,
    UNIMARC_5426,
    USMARC,
    Schema,
    Shape,
)
from server.catalogue.shared import EIGHT_BIT, LATIN_1, MARC21

SYNTAXES: Final[dict[str, Shape]] = {
    oids.UNIMARC: UNIMARC,
    oids.USMARC: USMARC,
    oids.XML: MARCXML,
    oids.SUTRS: SUTRS,
    oids.OPAC: OPAC,
    oids.GRS_1: GRS_1,
}
"""Record syntax -> what a record is made into."""
VARIANTS: Final[dict[tuple[str, str], Shape]] = {
    (EIGHT_BIT, oids.UNIMARC): UNIMARC_5426,
    (EIGHT_BIT, oids.USMARC): MARC21_MARC8,
    (EIGHT_BIT, oids.OPAC): OPAC_5426,
    (MARC21, oids.OPAC): OPAC_MARC21,
    (LATIN_1, oids.SUTRS): SUTRS_LATIN1,
}
"""What differs for who reads no UTF-8, or no UNIMARC: XML says its characters itself, and GRS-1 has those of its strings."""


class Form(NamedTuple):
    """In which syntax and element set a record is sent, and the version of the protocol that says why it is not.

    Why it is not is said in *french* where that was agreed on. XML may be asked for in a schema, others in a *variant* of `server.catalogue.shared`.
    """

    syntax: str
    element_set: str
    version: int
    schema: Schema | None = None
    variant: str = ""
    french: bool = False

    @property
    def shape(self) -> Shape:
        """What the record is made into."""
        if self.schema is not None:
            return self.schema.shape
        return VARIANTS.get((self.variant, self.syntax)) or SYNTAXES[self.syntax]

    def record(self, database: str, contents: bytes) -> bytes:
        """Return *contents* as a NamePlusRecord."""
        return retrieval_record(database, self.syntax, contents)

    def diagnostic(self, database: str, refused: Refused) -> bytes:
        """Return the NamePlusRecord that stands for a record that cannot be sent."""
        return surrogate_diagnostic(database, in_french(refused) if self.french else refused, self.version)
