"""Scan: the terms of an index around a term, each with how many records it finds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from protocols.z3950 import apdu, oids, rpn
from protocols.z3950.apdu import ScanStatus
from protocols.z3950.bib1 import AttributeType, Completeness, Position, Structure
from protocols.z3950.diagnostics import Bib1, Refused
from protocols.z3950.elements import AttributeElement, AttributeValue, Term
from protocols.z3950.records import term_entry
from protocols.z3950.schema import alternative_of
from server.catalogue.query import LISTS, listing, refused
from server.catalogue.shared import Catalogue, databases
from server.z3950 import packages
from server.z3950.clients import Manners
from server.z3950.control import Cancellation
from storage.catalogue import scan as scanning
from storage.catalogue.query import QueryError
from storage.catalogue.scan import MAX_SHOWN, Entry, scan

MAX_TERMS: Final = 1_000
"""Terms of one response, and of the steps between them."""


async def answer(
    catalogue: Catalogue, request: apdu.ScanRequest, cancellation: Cancellation, manners: Manners
) -> apdu.ScanResponse:
    """Return the response to a Scan. Raises Refused, StoreUnavailable."""
    if packages.asked(request.database_names):
        raise Refused(Bib1.SERVICE_NOT_SUPPORTED, packages.DATABASE)
    number, position, step = _shape(request)
    sent = request.term_list_and_start_point
    attributes = rpn.resolve(sent.attributes, request.attribute_set or oids.BIB_1, LISTS)
    points, text, headings = listing(attributes, manners.start(_octets(sent.term)))
    # At position 0 the term itself is left out, so one more is looked for.
    before, after = max(0, position - 1), number - max(0, position - 1) + (position == 0)
    store = catalogue.store
    asked = tuple(database.id for database in databases(store.network, request.database_names))
    every = step + 1
    try:
        steps = scan(catalogue.hits, points, text, asked, before * every, after * every, headings=headings)
        found = await cancellation.watch(store.read(steps), steps)
    except QueryError as error:
        raise refused(error) from error
    rest = found.after
    if position == 0 and rest and rest[0].term == found.start:
        rest = rest[1:]
    entries = [*found.before[::-1][step::every][::-1], *rest[::every]][:number]
    suggested = b""
    shown = [""] * len(entries)
    if headings and entries:
        suggested = _exactly(attributes)
        if len(entries) <= MAX_SHOWN:
            shown = await store.read(scanning.shown(points, [entry.term for entry in entries]))
    return apdu.ScanResponse(
        reference_id=request.reference_id,
        step_size=request.step_size,
        scan_status=_status(len(entries), number, cut=found.cut),
        number_of_entries_returned=len(entries),
        position_of_term=min(position, len(found.before) // every + 1),
        entries=apdu.ListEntries(entries=_encoded(entries, shown, suggested, manners)) if entries else None,
        attribute_set=oids.BIB_1 if suggested else None,
    )


def _shape(request: apdu.ScanRequest) -> tuple[int, int, int]:
    """Return how many terms are asked for, the position of the start term among them, and the step between them."""
    number = request.number_of_terms_requested
    if number < 0:
        raise Refused(Bib1.MALFORMED_SCAN, number)
    step = request.step_size or 0
    if step < 0:
        raise Refused(Bib1.STEP_SIZE, step)
    if number * (step + 1) > MAX_TERMS:
        raise Refused(Bib1.SCAN_TOO_MANY_TERMS, MAX_TERMS // (step + 1))
    position = 1 if request.preferred_position_in_response is None else request.preferred_position_in_response
    if not 0 <= position <= number + 1:
        raise Refused(Bib1.SCAN_POSITION, position)
    return number, position, step


def _octets(term: Term) -> bytes:
    """Return the start term; none at all stands before all terms."""
    name, sent = alternative_of(term)
    if name == "null":
        return b""
    if name not in rpn.READABLE_TERMS:
        raise Refused(Bib1.TERM_TYPE, name)
    return sent if isinstance(sent, bytes) else str(sent).encode()


def _status(found: int, asked: int, *, cut: bool) -> ScanStatus:
    if found >= asked:
        return ScanStatus.SUCCESS
    return ScanStatus.PARTIAL_4 if cut else ScanStatus.PARTIAL_5


def _encoded(entries: Sequence[Entry], shown: Sequence[str], suggested: bytes, manners: Manners) -> tuple[bytes, ...]:
    write = manners.written
    return tuple(
        term_entry(write(entry.term), entry.records, write(text), suggested)
        for entry, text in zip(entries, shown, strict=True)
    )


def _exactly(attributes: rpn.Attributes) -> bytes:
    """Return the attributes that find the records of a whole field, and no others, as an AttributeList."""
    found = {
        AttributeType.USE: attributes.use,
        AttributeType.POSITION: Position.FIRST_IN_FIELD,
        AttributeType.STRUCTURE: Structure.PHRASE,
        AttributeType.COMPLETENESS: Completeness.COMPLETE_FIELD,
    }
    return rpn.encoded_attributes(
        tuple(
            AttributeElement(attribute_type=kind, attribute_value=AttributeValue(numeric=value))
            for kind, value in found.items()
        )
    )
