"""The daemon as one Twisted service: the store, an adapter for each wire, the control socket.

It starts whole or not at all, and stops in an order in which nothing that was taken or acknowledged is lost: listening ends,
each adapter answers what has come, the store finishes, the lock is let go.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from contextlib import ExitStack
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from twisted.application.service import Service
from twisted.internet.defer import Deferred, gatherResults, maybeDeferred
from twisted.internet.error import TimeoutError as TooLate
from twisted.internet.task import LoopingCall, deferLater
from twisted.logger import Logger

from server import control, process
from server.catalogue.shared import Catalogue
from server.catalogue.web import catalogue_pages, catalogue_site
from server.config import Config, ConfigurationError, provide_password
from server.jobs import Jobs
from server.listeners import CannotListen, Listener, listen
from server.logs import Log
from server.ncip.journal import Journal
from server.ncip.line import LineFactory
from server.ncip.outbox import Outbox
from server.ncip.responder import Responder
from server.ncip.web import TOO_LARGE, TOO_MANY, NcipPage
from server.origin.service import Origin
from server.sip2.capture import forget_old
from server.sip2.factory import SIP2Factory
from server.sniffing import Sniffing
from server.web import Bounds, make_site
from server.words import _
from server.writing import Shared, provide_schema
from server.z3950.factory import Z3950Factory
from storage import database
from storage.jobs.table import JOBS
from storage.store import Store, open_store

VERSION: Final = version("bibliobus")
WIRES: Final = ("sip2", "z3950", "web", "ncip")
"""The keys of `ListenTable`."""
STOP_SECONDS: Final = 5.0
"""How long a stopping daemon waits for an adapter, which cuts off sooner who does not read."""
FLUSH_SECONDS: Final = 2.0
TIDY_SECONDS: Final = 86400.0


def _wires(store: Store, config: Config, reactor: Any, told: Journal) -> dict[str, Any]:
    """Make the adapters: protocol factories that can `drain`."""
    sip2, z3950, ncip, web = config.sip2, config.z3950, config.ncip, config.web
    responder = Responder(store, reactor, anonymous=ncip.anonymous or None, size=ncip.message_size, journal=told)
    catalogue = Catalogue(store, reactor)
    associations = Z3950Factory(catalogue, reactor, limit=z3950.connections, idle=z3950.idle_timeout)
    pages = catalogue_pages(catalogue)
    if not config.store.read_only:
        pages["ncip"] = NcipPage(responder)
    adapters: dict[str, Any] = {
        "z3950": Sniffing(associations, catalogue_site(catalogue, reactor)),
        "web": make_site(
            pages,
            lambda: store.healthy,
            reactor,
            limit=ncip.message_size,
            too_large=TOO_LARGE,
            too_many=TOO_MANY,
            bounds=Bounds(web.bodies, web.connections, web.deadline),
        ),
    }
    if not config.store.read_only:
        adapters["ncip"] = LineFactory(
            responder,
            reactor,
            size=ncip.message_size,
            limit=ncip.connections,
            idle=ncip.idle_timeout,
            deadline=web.deadline,
        )
        adapters["sip2"] = SIP2Factory(
            store, reactor, limit=sip2.connections, login=sip2.login_timeout, idle=sip2.idle_timeout
        )
    return adapters


class Daemon(Service):
    """Everything that `bibliobus serve` runs.

    *configure* reads the configuration, at once and again at each reload; *log* is told its level. *prepare* is called with the
    store's location, after its schema was checked and before it is opened.
    """

    name = "bibliobus"
    events = Logger()

    def __init__(
        self,
        configure: Callable[[], Config],
        reactor: Any,
        log: Log | None = None,
        prepare: Callable[[database.Location], None] | None = None,
    ) -> None:
        self._configure = configure
        self._reactor = reactor
        self._log = log
        self._prepare = prepare
        self.config = configure()
        self.store: Store
        self.listeners: dict[str, list[Listener]] = {wire: [] for wire in WIRES}
        self._adapters: dict[str, Any] = {}
        self._shared: Shared | None = None
        self._origin: Origin | None = None
        self._jobs: Jobs | None = None
        self._outbox: Outbox | None = None
        self._told: Journal
        self._began = 0.0
        self._undo = ExitStack()

    # --- start ---------------------------------------------------------------------------------------------------------

    def startService(self) -> None:  # noqa: N802 (Twisted's)
        """Start whole, or raise and leave nothing behind.

        Raises `ConfigurationError`, `CannotListen`, `control.Refused`, and what opening a store raises (`storage.database`).
        """
        with ExitStack() as undo:
            self._open_store(undo)
            self._listen(undo)
            self._schedule(undo)
            self._undo = undo.pop_all()
        super().startService()
        self._began = self._reactor.seconds()
        process.settle()

    def _open_store(self, undo: ExitStack) -> None:
        table = self.config.store
        provide_password(table)
        location = table.location
        if table.read_only:
            self._open_beside_another(location, undo)
            return
        location.create_directory()
        undo.enter_context(location.write_lock())
        provide_schema(location)
        if self._prepare is not None:
            self._prepare(location)
        if location.sqlite_path is not None:
            self._judge_disk(process.measure_sync(location.directory))
        self.store = open_store(location, self._reactor, pregrow=True)
        undo.callback(self.store.close)

    def _open_beside_another(self, location: database.Location, undo: ExitStack) -> None:
        if location.sqlite_path is None:
            text = "is for SQLite alone: on PostgreSQL every daemon may write"
            raise ConfigurationError("configuration", [("store.read_only", text)])
        if not location.sqlite_path.exists():
            text = f"there is no store in {location.directory}: start the daemon that writes it first"
            raise ConfigurationError("configuration", [("store.data", text)])
        self.store = open_store(location, self._reactor, read_only=True)
        undo.callback(self.store.close)

    def _judge_disk(self, seconds: float) -> None:
        self.events.info("The disk keeps a write after {micros} microseconds", micros=round(seconds * 1e6))
        if seconds < process.LYING_DISK:
            self.events.warn(
                "No disk is so fast: this one, or a layer over it, may lose what it acknowledged when the power fails"
            )

    def _listen(self, undo: ExitStack) -> None:
        self._told = Journal(self.store, self._reactor)
        self._adapters = _wires(self.store, self.config, self._reactor, self._told)
        for wire in self._adapters:
            for description in getattr(self.config.listen, wire):
                listener = listen(self._reactor, description, self._adapters[wire])
                undo.callback(listener.port.stopListening)
                self.listeners[wire].append(listener)
        if not self.config.store.read_only:
            # Last: a port that closes before the reactor runs would leave its socket in the directory.
            self._listen_to_commands(undo)

    def _listen_to_commands(self, undo: ExitStack) -> None:
        shared = self._shared = Shared(self.config.store.location, self.store, self._reactor)
        origin = self._origin = self._adapters["origin"] = Origin(shared, self._reactor, self.config)
        commands: dict[str, control.Command] = {
            "status": self.status,
            "reload": self.reload,
            "capture": self._capture,
            "stop": self._stop_soon,
            "write": shared.run,
            "fetch": lambda **asked: shared.naming(asked["databases"], origin.fetch(**asked)),
        }
        self._adapters["control"] = control.ControlFactory(commands, self._reactor)
        self._control = control.listen(self._reactor, self.config.store.data, self._adapters["control"])
        undo.callback(self._control.stopListening)

    def _schedule(self, undo: ExitStack) -> None:
        if not self.config.store.read_only:
            self._jobs = Jobs(self.store, self._reactor, JOBS, alone=self.config.store.location.sqlite_path is not None)
            self._jobs.start()
            undo.callback(self._jobs.stop)
            alone = self.config.store.location.sqlite_path is not None
            self._outbox = Outbox(self.store, self._reactor, alone=alone, journal=self._told)
            self._outbox.start()
            undo.callback(self._outbox.stop)
            self._told.start()
            undo.callback(self._told.stop)
        tidying = LoopingCall(lambda: forget_old(self._captures, self._reactor.seconds()))
        tidying.clock = self._reactor
        tidying.start(TIDY_SECONDS)
        undo.callback(tidying.stop)
        handler = signal.signal(signal.SIGHUP, lambda *_: self._reactor.callFromThread(self.reload))
        undo.callback(signal.signal, signal.SIGHUP, handler)
        # Not before the reactor runs: only then does a signal stop the daemon as it should.
        telling = self._reactor.callLater(0, self._tell_ready)
        undo.callback(lambda: telling.cancel() if telling.active() else None)

    def _tell_ready(self) -> None:
        self.events.info(
            "Bibliobus {version} serves {network}: SIP2 on {sip2}, Z39.50 on {z3950}, web on {web}",
            state="ready", version=VERSION, network=self.store.network.name, pid=os.getpid(), **self.addresses(),
        )  # fmt: skip
        process.tell_systemd("READY=1")

    def addresses(self) -> dict[str, str]:
        """Return where each wire truly listens."""
        return {wire: " ".join(listener.address for listener in self.listeners[wire]) for wire in WIRES}

    def _listening(self) -> list[Listener]:
        return [listener for wire in WIRES for listener in self.listeners[wire]]

    # --- while it runs -------------------------------------------------------------------------------------------------

    def reload(self) -> Deferred[None]:
        """Read again what may change while the daemon runs: devices and the rest of the network, certificates, log level."""
        self.events.info("Reloading")
        try:
            self._reconfigure(self._configure())
        except ConfigurationError as error:
            self.events.error("The configuration is kept as it was: {error}", error=error)
        for listener in self._listening():
            try:
                listener.renew()
            except CannotListen as error:
                self.events.error("The certificate is kept as it was: {error}", error=error)
        reloading = self.store.reload_network()
        return reloading.addErrback(lambda failure: self.events.failure("The network is kept as it was", failure))

    def _reconfigure(self, config: Config) -> None:
        if self._log is not None:
            self._log.set_level(config.log.level)
        if self._origin is not None:
            self._origin.config = config
        if (config.store, config.listen) != (self.config.store, self.config.listen):
            self.events.warn("What has changed in [store] and [listen] holds from the next start")

    @property
    def _captures(self) -> Path:
        return self.config.store.data / "captures"

    def _capture(self, device: str, minutes: float) -> str:
        """Have what a device says written down, masked, in the data directory."""
        try:
            return str(self._adapters["sip2"].capture(device, minutes, self._captures))
        except (LookupError, ValueError) as error:
            raise control.Refused(
                "no-capture", _("no such device, or no such span: {error}").format(error=error)
            ) from None

    def status(self) -> dict[str, Any]:
        """Tell what a watching program wants to know."""
        return {
            "version": VERSION,
            "pid": os.getpid(),
            "seconds": round(self._reactor.seconds() - self._began),
            "network": self.store.network.name,
            "healthy": self.store.healthy,
            "listening": {wire: address for wire, address in self.addresses().items() if address},
        }

    # --- the end -------------------------------------------------------------------------------------------------------

    def _stop_soon(self) -> None:
        self._reactor.callLater(0, self._reactor.stop)

    def stopService(self) -> Deferred[None]:  # noqa: N802 (Twisted's)
        """Finish what is under way, then stop. A service that failed to start has nothing to finish."""
        if not self.running:
            return maybeDeferred(lambda: None)
        super().stopService()
        return Deferred.fromCoroutine(self._stop())

    async def _stop(self) -> None:
        self.events.info("Stopping: what is under way is finished first")
        process.tell_systemd("STOPPING=1")
        ports = [listener.port for listener in self._listening()]
        if self._shared is not None:
            self._shared.closing = True
            ports.insert(0, self._control)
        try:
            for port in ports:
                await maybeDeferred(port.stopListening)
            await gatherResults([self._drain(name, adapter) for name, adapter in self._adapters.items()])
            if self._jobs is not None:
                await self._jobs.stop()
            if self._outbox is not None:
                await self._outbox.stop()
                await self._told.stop()
            await self.store.close()
            # Answers that were given may still be on their way out.
            for _ in range(int(FLUSH_SECONDS / 0.01)):
                if not self._reactor.getWriters():
                    break
                await deferLater(self._reactor, 0.01)
        finally:
            self._undo.close()
        self.events.info("Stopped", state="stopped")

    def _drain(self, name: str, adapter: Any) -> Deferred[None]:
        draining: Deferred[None] = adapter.drain()
        draining.addTimeout(STOP_SECONDS, self._reactor)

        def failed(failure: Any) -> None:
            failure.trap(TooLate)
            self.events.warn("{wire}: connections were cut off that did not end", wire=name)

        return draining.addErrback(failed)
