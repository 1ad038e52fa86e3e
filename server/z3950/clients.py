"""Programs that are known: which one an Init comes from, and how it is spoken to; what is agreed on in the Init counts for more."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address, ip_network
from typing import Final, NamedTuple

from protocols.marc.charsets import Charset, decode, encode_nearest
from protocols.z3950 import oids, rpn
from protocols.z3950.apdu import InitializeRequest, InitializeResponse
from protocols.z3950.diagnostics import Refused, ascii_text
from protocols.z3950.french import in_french
from protocols.z3950.negotiation import UTF_8, agreement
from server.catalogue.query import recoded
from server.catalogue.shared import EIGHT_BIT, LATIN_1, UTF8
from storage.network.network import Client, Database, Network

SYNTAXES: Final = {
    "unimarc": oids.UNIMARC,
    "usmarc": oids.USMARC,
    "xml": oids.XML,
    "sutrs": oids.SUTRS,
    "opac": oids.OPAC,
    "grs-1": oids.GRS_1,
}
"""Syntax as a network declares it -> its object identifier."""
FRENCH: Final = "fr"
_ANYONE: Final = Client("")
_LATIN: Final = frozenset({Charset.LATIN1, Charset.CP1252})


class Manners(NamedTuple):
    """How an association is spoken to. None and the empty text are: as everybody is.

    *terms* is what its terms are in, *agreed* what was agreed on for all names and texts; *promised* the variant of all its records, *preferred* that where no alias is named.
    """

    terms: Charset | None = None
    agreed: Charset | None = None
    promised: str | None = None
    preferred: str = ""
    syntax: str | None = None
    language: str = ""
    message_size: int = 0
    piggyback: bool = True

    @property
    def sends(self) -> bool:
        """Whether records differ from those that others get."""
        return self.promised is not None or bool(self.preferred)

    def database(self, named: Database) -> Database:
        """Return a database with the variant that its records are sent in."""
        if self.promised is not None and named.variant in {"", UTF8, EIGHT_BIT}:
            return replace(named, variant=self.promised)
        return named if named.variant or not self.preferred else replace(named, variant=self.preferred)

    def query(self, sent: rpn.Query) -> rpn.Query:
        """Return a query whose terms are in UTF-8."""
        return sent if self.terms is None else recoded(sent, self.terms)

    def told(self, refused: Refused) -> Refused:
        """Return a refusal in the language and the characters of the association."""
        said = in_french(refused) if self.language == FRENCH else refused
        return said if self.agreed is None else Refused(said.condition, ascii_text(said.addinfo))

    def start(self, term: bytes) -> bytes:
        """Return the term at which a list begins, in UTF-8."""
        return term if self.terms is None else decode(term, self.terms).encode()

    def written(self, text: str) -> bytes:
        """Return a text of a list in the characters that were agreed on."""
        return text.encode() if self.agreed is None else encode_nearest(text, self.agreed)


def manners(network: Network, request: InitializeRequest, response: InitializeResponse, address: str) -> Manners:
    """Return how an accepted association is spoken to."""
    client = known(network, request, address) or _ANYONE
    agreed = agreement(response)
    charset = Charset(agreed.charset or client.terms or UTF_8)
    promised = None
    if agreed.records:
        promised = "" if agreed.charset == UTF_8 else EIGHT_BIT
    preferred = LATIN_1 if agreed.charset and charset in _LATIN else client.records.removeprefix(UTF8)
    return Manners(
        None if charset is Charset.UTF8 else charset,
        charset if agreed.charset not in {"", UTF_8} else None,
        promised,
        preferred,
        SYNTAXES.get(client.syntax),
        agreed.language or client.language,
        client.message_size,
        client.piggyback,
    )


def known(network: Network, request: InitializeRequest, address: str) -> Client | None:
    """Return the program that an Init comes from, if the network declares it."""
    return next((each for each in network.clients if _is(each, request, address)), None)


def _is(client: Client, request: InitializeRequest, address: str) -> bool:
    names = (
        (client.implementation_id, request.implementation_id),
        (client.implementation_name, request.implementation_name),
    )
    if not all(part.casefold() in (sent or "").casefold() for part, sent in names):
        return False
    if not client.addresses:
        return True
    try:
        sender = ip_address(address)
    except ValueError:
        return False
    return any(sender in ip_network(each) for each in client.addresses)
