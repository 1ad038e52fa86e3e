"""Records in SRU: a schema and a way of escaping for each, in a `record` of the response."""

from __future__ import annotations

from typing import NamedTuple

from protocols.sru import responses
from protocols.sru.requests import Escaping, Version
from protocols.z3950.diagnostics import Refused
from server.catalogue.diagnostics import translated
from server.catalogue.records import Schema, Shape


class Form(NamedTuple):
    """In which schema a record is sent, how it is escaped, and in the response of which version."""

    schema: Schema
    escaping: Escaping
    version: Version
    element_set: str = "F"

    @property
    def shape(self) -> Shape:
        """What the record is made into."""
        return self.schema.shape

    def record(self, database: str, contents: bytes) -> bytes:
        """Return *contents* as a record of a response, up to its identifier."""
        return responses.record(self.version, self.schema.identifier, self.escaping, contents)

    def diagnostic(self, database: str, refused: Refused) -> bytes:
        """Return the surrogate diagnostic that stands for a record that cannot be sent."""
        return responses.surrogate(self.version, self.escaping, translated(refused))
