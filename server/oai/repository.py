"""The OAI-PMH repository: the catalogue's records as they change, with deletions, whole or by database.

A set is a database of the network; a record that was deleted is in none any more, and so its deletion is told to the harvesters
of every set.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from pyroaring import BitMap
from twisted.internet.defer import Deferred
from twisted.logger import Logger

from protocols.oai import responses
from protocols.oai.requests import Error, Harvest, Refused, Request, Verb, read
from protocols.oai.responses import Header, Identity, MetadataFormat, Set
from protocols.z3950.diagnostics import Refused as Bib1Refused
from server.catalogue.identifiers import domain, identifier, number_of
from server.catalogue.records import MARC21_XML, MODS, OAI_DC, UNIMARC_XML, Shape
from server.catalogue.shared import Catalogue
from server.metrics import METRICS, Metrics
from storage.catalogue.harvest import Change, change, changes, earliest, memberships
from storage.network.network import Database, Network
from storage.store import StoreUnavailable

RECORDS: Final = 100
"""Records of one part of a list; identifiers are so small that there are more of them."""
IDENTIFIERS: Final = 1_000
SLICE: Final = 10
SETTLED: Final = 60
"""Seconds in which a change that has its date already may still be on its way to the disk. Answers are dated so much earlier:
who harvests on from the date of the last one misses nothing."""


class Offered(NamedTuple):
    """A metadata format, and the shape that makes it."""

    format: MetadataFormat
    shape: Shape


_FORMATS: Final = (
    Offered(
        MetadataFormat(
            "oai_dc", "http://www.openarchives.org/OAI/2.0/oai_dc.xsd", "http://www.openarchives.org/OAI/2.0/oai_dc/"
        ),
        OAI_DC,
    ),
    Offered(
        MetadataFormat(
            "marcxchange",
            "http://www.loc.gov/standards/iso25577/marcxchange-2-0.xsd",
            "info:lc/xmlns/marcxchange-v2",
        ),
        UNIMARC_XML,
    ),
    Offered(
        MetadataFormat(
            "marc21",
            "http://www.loc.gov/standards/marcxml/schema/MARC21slim.xsd",
            "http://www.loc.gov/MARC21/slim",
        ),
        MARC21_XML,
    ),
    Offered(
        MetadataFormat("mods", "http://www.loc.gov/standards/mods/v3/mods-3-7.xsd", "http://www.loc.gov/mods/v3"), MODS
    ),
)
FORMATS: Final = {each.format.prefix: each for each in _FORMATS}


class Form(NamedTuple):
    """A record as it is put into a response: the XML alone; empty where it cannot be made."""

    prefix: str
    element_set: str = "F"

    @property
    def shape(self) -> Shape:
        """What the record is made into."""
        return FORMATS[self.prefix].shape

    def record(self, database: str, contents: bytes) -> bytes:
        """Return *contents*."""
        return contents

    def diagnostic(self, database: str, refused: Bib1Refused) -> bytes:
        """Return nothing: there is no place for a diagnostic of one record."""
        return b""


class Repository:
    """Answers OAI-PMH from a catalogue."""

    log = Logger()

    def __init__(self, catalogue: Catalogue, metrics: Metrics = METRICS) -> None:
        self._catalogue = catalogue
        self._metrics = metrics

    def answer(self, pairs: Sequence[tuple[str, str]], base_url: str) -> Deferred[bytes | None]:
        """Return the document of the answer, None while the store does not answer; it never fails."""
        return Deferred.fromCoroutine(self._answered(pairs, base_url))

    async def _answered(self, pairs: Sequence[tuple[str, str]], base_url: str) -> bytes | None:
        now = int(self._catalogue.clock.seconds())
        arguments = dict(pairs)
        try:
            request = read(pairs)
            answer = await self._verb(request, base_url, now)
        except Refused as refused:
            self._metrics.count("refusals", "oai", refused.error.name)
            return responses.failure(now - SETTLED, base_url, arguments, refused)
        except StoreUnavailable:
            return None
        except Exception:  # noqa: BLE001 (whatever goes wrong, a harvester is told to come again)
            self.log.failure("No answer could be made to a harvester")
            return None
        return responses.response(now - SETTLED, base_url, arguments, answer)

    async def _verb(self, request: Request, base_url: str, now: int) -> str:
        if request.harvest is not None and request.verb is not Verb.LIST_SETS:
            return await self._list(request.verb, request.harvest, now)
        if request.verb is Verb.IDENTIFY:
            return await self._identify(base_url)
        if request.verb is Verb.GET_RECORD:
            return await self._get(request.arguments)
        if request.verb is Verb.LIST_METADATA_FORMATS:
            if "identifier" in request.arguments:
                await self._known(request.arguments["identifier"])
            return responses.list_metadata_formats([each.format for each in FORMATS.values()])
        if request.harvest is not None:
            raise Refused(Error.BAD_RESUMPTION_TOKEN, "the sets are few, and listed at once")
        sets = _sets(self._catalogue.store.network)
        if not sets:
            raise Refused(Error.NO_SET_HIERARCHY, "there are no sets")
        return responses.list_sets([Set(spec, each.title or each.name) for spec, each in sets.items()])

    # --- verbs ----------------------------------------------------------------------------------------------------------

    async def _identify(self, base_url: str) -> str:
        store = self._catalogue.store
        return responses.identify(
            Identity(
                name=store.network.name,
                base_url=base_url,
                email=f"postmaster@{urlsplit(base_url).hostname}",
                earliest=await store.read(earliest()),
                domain=domain(store.network),
            )
        )

    async def _get(self, arguments: dict[str, str]) -> str:
        form = _form(arguments["metadataPrefix"])
        found = await self._known(arguments["identifier"])
        record = "".join(await self._records([found], form))
        if not record:
            raise Refused(Error.CANNOT_DISSEMINATE_FORMAT, "this record cannot be given in this format")
        return f"<{Verb.GET_RECORD.value}>{record}</{Verb.GET_RECORD.value}>"

    async def _known(self, named: str) -> Change:
        """Return the record that an identifier names. Raises Refused."""
        number = number_of(self._catalogue.store.network, named)
        found = None if number is None else await self._catalogue.store.read(change(number))
        if found is None:
            raise Refused(Error.ID_DOES_NOT_EXIST, "there is no record of this identifier")
        return found

    async def _list(self, verb: Verb, harvest: Harvest, now: int) -> str:
        form = _form(harvest.prefix)
        until = now if harvest.until is None else harvest.until
        members = await self._members(harvest.set)
        wanted = RECORDS if verb is Verb.LIST_RECORDS else IDENTIFIERS
        found, more = await self._changed(harvest, until, wanted, members)
        if not found and not harvest.given:
            raise Refused(Error.NO_RECORDS_MATCH, "no record was changed in this time, or there is none in this set")
        if verb is Verb.LIST_RECORDS:
            written = await self._records(found, form)
        else:
            written = [responses.header(each) for each in await self._headers(found)]
        left = harvest.following(found[-1].at, found[-1].number, len(found)) if more else None
        return responses.listed(verb, written, harvest.given, left) or f"<{verb.value}/>"

    async def _changed(
        self, harvest: Harvest, until: int, wanted: int, members: BitMap | None
    ) -> tuple[list[Change], bool]:
        """Return the next changes of a list, *wanted* if there are as many, and whether more come; others have their turn."""
        found: list[Change] = []
        at, number, more = harvest.at, harvest.number, True
        while more:
            # One more than is wanted tells whether there is more.
            asked = changes(harvest.since, until, at, number, wanted + 1 - len(found), members)
            part = await self._catalogue.store.read(asked)
            found += part.found
            if len(found) > wanted:
                return found[:wanted], True
            at, number, more = part.at, part.number, part.more
            await self._catalogue.rest()
        return found, False

    async def _members(self, spec: str) -> BitMap | None:
        if not spec:
            return None
        sets = _sets(self._catalogue.store.network)
        if not sets:
            raise Refused(Error.NO_SET_HIERARCHY, "there are no sets")
        database = sets.get(spec)
        if database is None:
            raise Refused(Error.NO_RECORDS_MATCH, "there is no such set")
        return (await self._catalogue.store.read(memberships([database.id])))[database.id]

    # --- records --------------------------------------------------------------------------------------------------------

    async def _headers(self, found: Sequence[Change]) -> list[Header]:
        store = self._catalogue.store
        sets = _sets(store.network)
        members = await store.read(memberships([database.id for database in sets.values()]))
        return [
            Header(
                identifier(store.network, each.number),
                each.at,
                [spec for spec, database in sets.items() if each.number in members[database.id]],
                each.deleted,
            )
            for each in found
        ]

    async def _records(self, found: Sequence[Change], form: Form) -> list[str]:
        catalogue, store = self._catalogue, self._catalogue.store
        headers = await self._headers(found)
        alive = [each.number for each in found if not each.deleted]
        default = store.network.default_database()
        named = (default,) if default is not None else tuple(store.network.databases.values())[:1]
        made: dict[int, bytes] = {}
        for at in range(0, len(alive), SLICE):
            if at:
                await catalogue.rest()
            part = alive[at : at + SLICE]
            read = catalogue.shelf.read(store.network, part, named, form)
            made.update(zip(part, await store.read(read), strict=True))
        # One that cannot be made, which a diagnostic would say elsewhere, is left out: a record has its metadata or is deleted.
        return [
            responses.record(header, made.get(each.number, b"").decode())
            for header, each in zip(headers, found, strict=True)
            if each.deleted or made[each.number]
        ]


def _form(prefix: str) -> Form:
    if prefix not in FORMATS:
        raise Refused(Error.CANNOT_DISSEMINATE_FORMAT, f"the formats are {', '.join(FORMATS)}")
    return Form(prefix)


def _sets(network: Network) -> dict[str, Database]:
    """Return the databases that are sets, by setSpec: all but the one that is the whole."""
    return {
        re.sub(r"[^A-Za-z0-9\-_.!~*'()]", "_", database.name): database
        for database in network.databases.values()
        if not database.is_default
    }
