"""`bibliobus-department`: a departmental library to lend with, for tests of a connection before there is a partner.

A real second daemon: a store of its own in a directory, our own responder, machine and outbox, and behind its desk nobody. It lends what it is
asked for and takes back what comes, after the pauses that it was given. A script makes it late, refuse, break off, answer twice or
not at all, so that what one's own side makes of it can be seen. It is not for readers: nobody there is anybody.
"""

from __future__ import annotations

import sys
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import click
from sqlalchemy import Connection, select, update
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.task import LoopingCall, deferLater
from twisted.logger import Logger, globalLogBeginner, textFileLogObserver

from protocols.marc.canonical import canonical
from protocols.marc.display import short
from protocols.marc.format import Format
from protocols.marc.record import Field, Record, Subfield
from protocols.ncip import Received, problem, read, write
from protocols.ncip.base import Initiation, PlainResponse, response_header
from protocols.ncip.problems import GENERAL, SERVICES, ProblemType
from server.listeners import Listener, listen
from server.ncip.outbox import Outbox
from server.ncip.partners import Peer
from server.ncip.responder import NOBODY, Responder
from server.ncip.web import TOO_LARGE, TOO_MANY, NcipPage, NoAnswer
from server.passwords import HASHER
from server.web import make_site
from storage import database, schema
from storage.catalogue.records import NewRecord, save_records
from storage.circulation.checkin import CHECKIN, CheckinRequest
from storage.circulation.holdings import HoldingRow, by_record, holdings
from storage.circulation.ill.events import ILL_EVENT, IllEvent
from storage.circulation.ill.machine import Event, Role, State
from storage.circulation.ill.requests import ILL_REQUEST, IllRequest, new_number
from storage.circulation.ill.rows import OPEN_AFTER, IllRow, row_of
from storage.circulation.ill.watch import WATCH_ILL
from storage.database import Location
from storage.jobs.job import RunRequest, usecase_of
from storage.network.declare import Passwords, apply_declaration, declaration_of
from storage.statements import Row, Steps
from storage.store import Store, open_store
from storage.usecase import Origin

HOME: Final = "DEPARTMENT"
"""Code of the library that lends, of the external one that stands for the partner, and of the reader that does."""
AWAY: Final = "PARTNER"
ACCOUNT: Final = "ACCOUNT"
READER: Final = "READER"
_LEADER: Final = "00000nam  22000003  450 "
TICK: Final = 0.25
_WATCH: Final = usecase_of(WATCH_ILL)


@dataclass(frozen=True, slots=True)
class Step:
    """What is done to the *nth* message of *service* (0: to each): ``delay``, ``refuse``, ``break``, ``lose`` or ``twice``.

    *seconds* is how long a delay is; *problem* the type that a refusal gives.
    """

    service: str
    action: str
    nth: int = 0
    seconds: float = 0.0
    problem: str = ProblemType.TEMPORARY_PROCESSING_FAILURE.value


@dataclass(frozen=True, slots=True)
class Script:
    """How the department behaves. Pauses are in seconds; None never does it. *outages* are (from, to), since the start."""

    ship_after: float | None = 0.5
    home_after: float | None = 0.5
    recall_after: float | None = None
    receive_after: float | None = 0.5
    return_after: float | None = 0.5
    outages: tuple[tuple[float, float], ...] = ()
    steps: tuple[Step, ...] = ()
    asks: tuple[str, ...] = field(default=())


def script_of(text: str) -> Script:
    """Read a script in TOML. Raises ValueError with what is wrong."""
    try:
        told = tomllib.loads(text)
        steps = tuple(Step(**step) for step in told.pop("steps", ()))
        outages = tuple((float(begin), float(end)) for begin, end in told.pop("outages", ()))
        script = Script(steps=steps, outages=outages, asks=tuple(told.pop("asks", ())), **told)
    except (TypeError, tomllib.TOMLDecodeError) as error:
        raise ValueError(str(error)) from None
    for step in script.steps:
        if step.action not in ACTIONS or (step.service != "*" and step.service not in SERVICES):
            raise ValueError(f"no such step: {step.service} {step.action}")
    return script


ACTIONS: Final = ("delay", "refuse", "break", "lose", "twice")


class Scripted:
    """A responder that does what the script says, and else what ours does."""

    def __init__(self, responder: Responder, script: Script, reactor: Any) -> None:
        self._responder = responder
        self._script = script
        self._reactor = reactor
        self._began = reactor.seconds()
        self._counts: dict[str, int] = {}

    @property
    def out(self) -> bool:
        """Whether there is an outage now."""
        now = self._reactor.seconds() - self._began
        return any(begin <= now < end for begin, end in self._script.outages)

    @property
    def ready(self) -> bool:
        """Whether questions are answered."""
        return not self.out and self._responder.ready

    def answer(self, body: bytes, charset: str | None = None, peer: Peer = NOBODY) -> Deferred[bytes]:
        """Answer one document, or fail with `NoAnswer`."""
        return Deferred.fromCoroutine(self._answer(body, charset, peer))

    async def _answer(self, body: bytes, charset: str | None, peer: Peer) -> bytes:
        if self.out:
            raise NoAnswer
        received = read(body, charset=charset)
        message = received.message if isinstance(received, Received) else None
        service = message.service if isinstance(message, Initiation) else ""
        count = self._counts[service] = self._counts.get(service, 0) + 1
        steps = [s for s in self._script.steps if s.service in {"*", service} and s.nth in {0, count}]
        for step in steps:
            if step.action == "delay":
                await deferLater(self._reactor, step.seconds)
            elif step.action == "break":
                raise NoAnswer
            elif step.action == "refuse" and isinstance(message, Initiation) and isinstance(received, Received):
                return write(_refused(message, step.problem), received.envelope)
        answer = await self._responder.answer(body, charset, peer)
        if any(step.action == "twice" for step in steps):
            answer = await self._responder.answer(body, charset, peer)
        if any(step.action == "lose" for step in steps):
            raise NoAnswer
        return answer


def _refused(message: Initiation, kind: str) -> PlainResponse:
    allowed = SERVICES[message.service].own | GENERAL
    found = next((each for each in allowed if each.value == kind), ProblemType.TEMPORARY_PROCESSING_FAILURE)
    told = problem(message.service, found, "the script says so", "NCIPMessage")
    return PlainResponse(
        name=message.service, response_header=response_header(message.initiation_header), problem=(told,)
    )


def network_tables(agency: str, partner: str, endpoint: str, items: int) -> dict[str, Any]:
    """Give the declaration of a department that lends *items*, D000001 and on, to *partner*."""
    profile = {"account": ACCOUNT, "our_agency": agency, "language": "fr"}
    return {
        "network": {"name": f"Département {agency}"},
        "libraries": [
            {"code": HOME, "name": "Bibliothèque départementale", "kind": "library"},
            {"code": AWAY, "name": "Partenaire", "kind": "external"},
        ],
        "patron_categories": [{"code": "ALL", "name": "Tous"}],
        "item_types": [{"code": "DOC", "name": "Document"}],
        "patrons": [
            {"code": code, "category": "ALL", "home": HOME, "surname": code.title(), "cards": [{"number": code}]}
            for code in (ACCOUNT, READER)
        ],
        "databases": [{"name": "department", "title": "Département", "default": True}],
        "partners": [
            {"agency": partner, "name": "Partenaire", "library": AWAY, "endpoint": endpoint, "profile": profile}
        ],
        "items": [
            {"barcode": f"D{n:06}", "owner": HOME, "home": HOME, "type": "DOC", "title": f"Titre {n}", "call_number": f"R {n}"}
            for n in range(1, items + 1)
        ],
    }  # fmt: skip


def provide(location: Location, tables: dict[str, Any], now: int) -> None:
    """Make the store of a department, or bring it to what is declared."""
    location.create_directory()
    engine = location.engine()
    database.upgrade(engine)
    with engine.begin() as connection:
        apply_declaration(connection, declaration_of(tables), location.pins(), Passwords(HASHER.hash), now)
        _provide_titles(connection, len(tables["items"]), now)
    engine.dispose()


def _provide_titles(connection: Connection, count: int, now: int) -> None:
    """Give each item a record of its own: title n has item n, so that it can be asked for by either number."""
    if connection.execute(select(schema.record.c.id).limit(1)).first() is not None:
        return
    records = [_title(n) for n in range(1, count + 1)]
    databases = [row.id for row in connection.execute(select(schema.database.c.id))]
    ids = save_records(connection, records, databases, now).ids
    for number, record in enumerate(ids, start=1):
        named = select(schema.barcode.c.item_id).where(schema.barcode.c.number == f"D{number:06}").scalar_subquery()
        connection.execute(update(schema.item).where(schema.item.c.id == named).values(record_id=record))


def _title(number: int) -> NewRecord:
    name = Field("200", "", "1 ", [Subfield("a", f"Titre {number}")])
    record = Record(_LEADER, [Field("001", f"d{number}"), name])
    made = canonical(_LEADER.encode(), record.raw_fields(), Format.UNIMARC)
    brief = short(made.fields, Format.UNIMARC)
    return NewRecord("DEPARTMENT", f"d{number}", Format.UNIMARC, made.to_iso2709(), brief.title, brief.author)


class Department:
    """The daemon: *listening* is a Twisted endpoint description."""

    events = Logger()

    def __init__(self, location: Location, agency: str, partner: str, script: Script, reactor: Any) -> None:
        self._reactor = reactor
        self._agency = agency
        self._partner = partner
        self._script = script
        self.store: Store = open_store(location, reactor)
        self._home = self.store.network.by_code[HOME].id
        self.responder = Scripted(Responder(self.store, reactor), script, reactor)
        page = NcipPage(self.responder)
        self.site = make_site(
            {"ncip": page}, lambda: self.responder.ready, reactor, limit=1 << 20, too_large=TOO_LARGE, too_many=TOO_MANY
        )
        self.outbox = Outbox(self.store, reactor)
        self._loop = LoopingCall(lambda: Deferred.fromCoroutine(self._turn()))
        self._loop.clock = reactor
        self._asked = False
        self.listener: Listener | None = None

    def start(self, listening: str) -> None:
        """Listen, and begin to work."""
        self.listener = listen(self._reactor, listening, self.site)
        self.outbox.start()
        self._loop.start(TICK, now=False)

    async def stop(self) -> None:
        """Stop working, and close."""
        if self._loop.running:
            self._loop.stop()
        if self.listener is not None:
            await maybeDeferred(self.listener.port.stopListening)
        await self.outbox.stop()
        await self.store.close()

    def _origin(self) -> Origin:
        return Origin("department", self._agency, self._home)

    async def _act(self, usecase: Any, request: Any) -> Any:
        return (await self.store.transact(usecase, request, int(self._reactor.seconds()))).answer

    async def _turn(self) -> None:
        """Do at the desk what is due."""
        try:
            await self._ask()
            for row in await self.store.read(_open()):
                await self._work(row)
            now = int(self._reactor.seconds())
            await self.store.transact(_WATCH, RunRequest(self._origin(), now), now)
        except Exception:  # noqa: BLE001 (a loop that fails is never called again)
            self.events.failure("The department stumbled")

    async def _ask(self) -> None:
        """Ask the partner for what the script names, once."""
        if self._asked:
            return
        self._asked = True
        for identifier in self._script.asks:
            request = IllRequest(
                Role.BORROWING, self._partner, self._origin(), self._home, READER, self._agency, new_number(), identifier=identifier
            )  # fmt: skip
            await self._act(ILL_REQUEST, request)

    async def _work(self, row: IllRow) -> None:
        """Do the next thing with one request, once its pause is over."""
        waited = self._reactor.seconds() - row.since_at
        script, key = self._script, (row.role, row.state)
        if key == (Role.LENDING, State.ACCEPTED) and _over(script.ship_after, waited):
            await self._ship(row)
        elif key == (Role.LENDING, State.RECEIVED) and row.recalled_on is None and _over(script.recall_after, waited):
            await self._happens(row, Event.RECALLED)
        elif (key == (Role.LENDING, State.SENT_BACK) and _over(script.home_after, waited)) or (
            key == (Role.BORROWING, State.SHIPPED) and _over(script.receive_after, waited)
        ):
            await self._scan(row)
        elif key == (Role.BORROWING, State.RECEIVED) and _over(script.return_after, waited):
            await self._happens(row, Event.SENT_BACK)

    async def _ship(self, row: IllRow) -> None:
        """Fetch a copy from the shelf, which its scan puts aside for the partner, and send it."""
        if row.hold_state == "waiting" and row.record_id is not None:
            found = by_record(await self.store.read(_copies(row.record_id)))
            copies = [HoldingRow._make(each) for each in found.get(row.record_id, [])]
            free = [copy.barcode for copy in copies if copy.loan_state is None and copy.hold_state is None]
            if not free:
                await self._happens(row, Event.REFUSED)
                return
            await self._act(CHECKIN, CheckinRequest(free[0], self._origin()))
        else:
            await self._scan(row)
        await self._happens(row, Event.SHIPPED)

    async def _scan(self, row: IllRow) -> None:
        if row.shown_barcode is not None:
            await self._act(CHECKIN, CheckinRequest(row.shown_barcode, self._origin()))

    async def _happens(self, row: IllRow, event: Event) -> None:
        await self._act(ILL_EVENT, IllEvent(event, self._partner, self._origin(), row.agency, row.number))


def _over(pause: float | None, waited: float) -> bool:
    return pause is not None and waited >= pause


def _copies(record_id: int) -> Steps[list[list[Row]]]:
    found = yield holdings([record_id])
    return [list(rows) for rows in found]


def _open() -> Steps[list[IllRow]]:
    (found,) = yield [OPEN_AFTER(0, 500)]
    return [row_of(row) for row in found]


@click.command(name="bibliobus-department")
@click.option("--data", type=click.Path(path_type=Path), required=True, help="The department's own directory.")
@click.option("--listen", "listening", default="tcp:8090:interface=127.0.0.1", show_default=True)
@click.option("--agency", default="FR-DEPARTMENT", show_default=True, help="The department's agency id.")
@click.option("--partner", required=True, help="The agency id of who connects: yours.")
@click.option("--endpoint", default="", help="Where your own responder answers.")
@click.option("--items", default=100, show_default=True, help="How many items the department lends.")
@click.option("--script", type=click.Path(exists=True, path_type=Path), help="What goes wrong, in TOML.")
def main(data: Path, listening: str, agency: str, partner: str, endpoint: str, items: int, script: Path | None) -> None:
    """Run a departmental library to try a connection with. Items are D000001 and on."""
    from twisted.internet import reactor  # noqa: PLC0415 (importing it installs it)

    running: Any = reactor
    try:
        told = script_of(script.read_text("utf-8")) if script is not None else Script()
    except ValueError as error:
        raise click.ClickException(str(error)) from None
    globalLogBeginner.beginLoggingTo([textFileLogObserver(sys.stderr)], redirectStandardIO=False)
    location = Location(data)
    provide(location, network_tables(agency, partner, endpoint, items), int(running.seconds()))
    department = Department(location, agency, partner, told, running)
    department.start(listening)
    running.addSystemEventTrigger("before", "shutdown", lambda: Deferred.fromCoroutine(department.stop()))
    click.echo(f"{agency} answers at http://{department.listener.address}/ncip" if department.listener else "")
    running.run()


if __name__ == "__main__":
    main()
