"""How commands change a store: the same operations, on the store itself or through the daemon that has it.

An operation is a plain function of an `Access` and of arguments that JSON can hold. It reads beside the traffic and asks for the
write turn only for what it has prepared, so that it may run in a daemon's thread while kiosks go on. `Writing` hides where it
runs: the command takes the store's lock and runs it itself, or, when a daemon has the lock, sends it over the control socket.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager, suppress
from functools import partial
from typing import Any, Final, NamedTuple, Protocol, TypeVar, cast

from sqlalchemy import Engine
from twisted.internet.defer import Deferred
from twisted.internet.threads import blockingCallFromThread, deferToThread

from devices.profiles import check_profile
from server import control
from server.control import Refused
from server.operations import commune as operations_commune
from server.operations import holds as operations_holds
from server.operations import ill as operations_ill
from server.operations import jobs as operations_jobs
from server.operations import loans as operations_loans
from server.operations import origin as operations_origin
from server.operations import patrons as operations_patrons
from server.operations import shuttle as operations_shuttle
from server.passwords import HASHER
from storage import database, direct
from storage.database import Location
from storage.drivers.base import StoreUnavailable
from storage.intake.marc_import import UnknownLibrary, import_json
from storage.network.declare import (
    DeclarationError,
    Passwords,
    apply_declaration,
    compare_declaration,
    read_declaration,
)
from storage.network.network import Network, load_network
from storage.statements import Steps
from storage.store import Store
from storage.usecase import Request, UseCase

TRIES: Final = 10
"""How often an act that others overtake is decided anew (PostgreSQL, beside daemons)."""

T = TypeVar("T")
Q = TypeVar("Q", bound=Request)
A = TypeVar("A")


class Access(Protocol):
    """A store, for an operation: each call is one transaction, ``function(connection, *args)``."""

    location: Location

    def read(self, function: Callable[..., T], *args: Any) -> T:
        """Run *function* on a connection that only reads, and keeps nobody from writing."""
        ...

    def write(self, function: Callable[..., T], *args: Any) -> T:
        """Run *function* in the write turn."""
        ...

    @property
    def network(self) -> Network:
        """The network as it is now."""
        ...

    def now(self) -> int:
        """Return the seconds since 1970 UTC."""
        ...

    def ask(self, steps: Callable[[Network], Steps[T]]) -> T:
        """Run a read of the store's."""
        ...

    def act(self, usecase: UseCase[Q, Any, A], request: Q) -> A:
        """Have a use case decided and applied, now; return its answer once it is on disk."""
        ...


# --- operations ----------------------------------------------------------------------------------------------------------


def load(access: Access, *, text: str, dry_run: bool) -> dict[str, Any]:
    """Declare the network that *text* describes. Returns how many things of each kind were added, changed, unchanged.

    Passwords are hashed before the write turn begins. Raises `Refused` with all problems; then nothing was written.
    """
    passwords = Passwords(HASHER.hash)
    pins = access.location.pins()
    try:
        declaration = read_declaration(text.encode(), check_profile)
        report = access.read(compare_declaration, declaration, pins, passwords)
        if report.wrote and not dry_run:
            report = access.write(apply_declaration, declaration, pins, passwords)
    except DeclarationError as error:
        raise Refused("declaration", str(error), [problem._asdict() for problem in error.problems]) from None
    return {kind: count._asdict() for kind, count in report.counts.items()}


def import_records(access: Access, **arguments: Any) -> dict[str, Any]:
    """Import a batch of records with their items; arguments and report as `storage.intake.marc_import.import_json` has them.

    Raises `Refused` when the network has no such library.
    """
    try:
        return import_json(access.write, **arguments)
    except UnknownLibrary as error:
        raise operations_patrons.unknown("library", str(error)) from None


OPERATIONS: Final[Mapping[str, Callable[..., Any]]] = {
    "load": load,
    "import": import_records,
    **operations_holds.OPERATIONS,
    **operations_ill.OPERATIONS,
    **operations_jobs.OPERATIONS,
    **operations_loans.OPERATIONS,
    **operations_commune.OPERATIONS,
    **operations_origin.OPERATIONS,
    **operations_patrons.OPERATIONS,
    **operations_shuttle.OPERATIONS,
}
DECLARE: Final = frozenset({"load", *operations_commune.OPERATIONS, *operations_shuttle.DECLARE})
"""Operations that change the network itself, which the daemon then reads again."""


# --- on the store itself -------------------------------------------------------------------------------------------------


def provide_schema(location: Location) -> None:
    """Make the schema where there is none. Raises `MigrationNeeded` where there is another one."""
    engine = location.engine()
    present, _wanted = database.revisions(engine)
    if present is None:
        database.upgrade(engine)
    database.check(engine)


def _within(engine: Engine, function: Callable[..., T], args: tuple[Any, ...]) -> T:
    with engine.begin() as connection:
        return function(connection, *args)


class Direct:
    """The store as a command has it that holds its write lock. Daemons elsewhere on the database hear of every change."""

    def __init__(self, location: Location) -> None:
        self.location = location
        self._engine = location.engine()
        self._reading = location.engine(reads=True)

    @property
    def network(self) -> Network:
        """See `Access`."""
        return _within(self._reading, load_network, (self.location.pins(),))

    def now(self) -> int:
        """See `Access`."""
        return int(time.time())

    def ask(self, steps: Callable[[Network], Steps[T]]) -> T:
        """See `Access`."""
        found: T = _within(self._reading, direct.read, (steps(self.network),))
        return found

    def act(self, usecase: UseCase[Q, Any, A], request: Q) -> A:
        """See `Access`. Raises `direct.Overtaken` when others write so much that it never came to its turn."""
        network, now = self.network, self.now()
        for _ in range(TRIES):
            with suppress(direct.Overtaken):
                answer: A = _within(self._engine, direct.transact, (network, usecase, request, now))
                return answer
        raise direct.Overtaken(usecase.name)

    def read(self, function: Callable[..., T], *args: Any) -> T:
        """See `Access`."""
        return _within(self._reading, function, args)

    def write(self, function: Callable[..., T], *args: Any) -> T:
        """See `Access`."""

        def announced(connection: Any) -> T:
            result = function(connection, *args)
            database.announce(connection)
            return result

        return _within(self._engine, announced, ())


# --- in the daemon -------------------------------------------------------------------------------------------------------


class Shared:
    """The store as an operation has it in a thread of the daemon."""

    def __init__(self, location: Location, store: Store, reactor: Any) -> None:
        self.location = location
        self.closing = False
        self._store = store
        self._reactor = reactor
        self._reading = location.engine(reads=True)

    @property
    def network(self) -> Network:
        """See `Access`."""
        return self._store.network

    def now(self) -> int:
        """See `Access`."""
        return int(self._reactor.seconds())

    def ask(self, steps: Callable[[Network], Steps[T]]) -> T:
        """See `Access`."""
        return cast("T", self._call(self._store.read, steps(self.network)))

    def act(self, usecase: UseCase[Q, Any, A], request: Q) -> A:
        """See `Access`."""
        return cast("A", self._call(self._store.transact, usecase, request, self.now()).answer)

    def read(self, function: Callable[..., T], *args: Any) -> T:
        """See `Access`."""
        return _within(self._reading, function, args)

    def write(self, function: Callable[..., T], *args: Any) -> T:
        """See `Access`."""
        return cast("T", self._call(self._store.work, function, *args))

    def _call(self, asked: Callable[..., Any], *args: Any) -> Any:
        """Ask the store in the reactor. Raises `StoreUnavailable` when the daemon stops: its reactor would not answer."""
        if self.closing:
            raise StoreUnavailable("the daemon stops")
        return blockingCallFromThread(self._reactor, asked, *args)

    def run(self, operation: str, arguments: Mapping[str, Any]) -> Deferred[Any]:
        """Run an operation that a command has sent; then read the network again, if it may have changed that."""
        found = OPERATIONS.get(operation)
        if found is None:
            raise Refused("unknown-operation", f"the daemon knows no operation {operation!r}")
        running: Deferred[Any] = deferToThread(found, self, **arguments)
        running.addErrback(_unavailable)
        if operation == "import":
            return self.naming(arguments["databases"], running)
        return self._reloading(running) if operation in DECLARE else running

    def naming(self, databases: Iterable[str], running: Deferred[T]) -> Deferred[T]:
        """Have the network read again after *running*, if that makes *databases* (by name) which are not known yet."""
        return running if self._knows(databases) else self._reloading(running)

    def _reloading(self, running: Deferred[T]) -> Deferred[T]:
        return running.addCallback(lambda result: self._store.reload_network().addCallback(lambda _none: result))

    def _knows(self, names: Iterable[str]) -> bool:
        """Tell whether the network has all these databases; without names, whether it has any."""
        known = self._store.network.databases
        return all(name.casefold() in known for name in names) and bool(known)


def _unavailable(failure: Any) -> None:
    failure.trap(StoreUnavailable)
    raise Refused("unavailable", str(failure.value))


# --- for commands --------------------------------------------------------------------------------------------------------


class Writing(NamedTuple):
    """What a command runs operations with. *live*: kiosks are being served meanwhile, so that pieces of work must be short."""

    send: Callable[..., Any]
    live: bool

    def run(self, operation: str, **arguments: Any) -> Any:
        """Run an operation of `OPERATIONS`. Raises `Refused`."""
        return self.send(operation=operation, arguments=arguments)


def looking(location: Location) -> Access:
    """Give a way to read the store at *location*, beside whoever writes. Raises `MigrationNeeded`."""
    database.check(location.engine(reads=True))
    return Direct(location)


@contextmanager
def holding(location: Location, *, daemon_first: bool = False) -> Iterator[Direct | control.Client]:
    """Give the store at *location*, with its lock, or the daemon that holds that.

    On PostgreSQL both could be had: *daemon_first* says which is wanted. Raises `storage.database.StoreBusy` when another
    command holds the lock, `MigrationNeeded`, and `control.NoDaemon` when the daemon goes away meanwhile.
    """
    location.create_directory()
    with ExitStack() as held:
        holder: Direct | control.Client | None = None
        if daemon_first:
            with suppress(control.NoDaemon):
                holder = control.Client(location.directory)
        if holder is None:
            holder = _locked(location, held)
        yield holder if isinstance(holder, Direct) else held.enter_context(closing(holder))


def _locked(location: Location, held: ExitStack) -> Direct | control.Client:
    """Take the lock, and give the store; or else the daemon that has it."""
    try:
        held.enter_context(location.write_lock())
    except database.StoreBusy:
        try:
            return control.Client(location.directory)
        except control.NoDaemon:
            raise database.StoreBusy(f"another command writes to {location.directory}") from None
    provide_schema(location)
    return Direct(location)


@contextmanager
def writing(location: Location) -> Iterator[Writing]:
    """Give a way to change the store at *location*; raises what `holding` does."""
    with holding(location) as holder:
        if isinstance(holder, control.Client):
            yield Writing(partial(holder.call, "write"), live=True)
        else:
            yield Writing(lambda operation, arguments: OPERATIONS[operation](holder, **arguments), live=False)
