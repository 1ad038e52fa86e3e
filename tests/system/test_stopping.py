"""What a kiosk was told is on disk, however the daemon ends."""

from __future__ import annotations

import signal
import threading

import pytest
from sqlalchemy import select

from storage import schema
from storage.database import Location
from tests.server.sip2 import kiosk
from tests.server.sip2.kiosk import login
from tests.system.running import Daemon, Kiosk, serving

READERS = 6


class Borrower(threading.Thread):
    """A kiosk where one reader borrows and returns one item after the other, until the daemon is gone."""

    def __init__(self, daemon: Daemon, number: int, busy: threading.Barrier) -> None:
        super().__init__()
        self.told: list[tuple[bytes, bool]] = []
        self.asked = b""
        self._kiosk = Kiosk(daemon)
        self._number = number
        self._busy = busy

    def run(self) -> None:
        reader = b"R%d" % self._number
        barcode = b"I%d" % self._number
        lent = False
        with self._kiosk:
            while True:
                self.asked = kiosk.checkin(barcode) if lent else kiosk.checkout(reader, barcode)
                try:
                    answer = self._kiosk.ask(self.asked)
                except OSError:
                    return
                if not answer:
                    return
                assert answer[2:3] == b"1", answer
                lent = not lent
                self.told.append((barcode, lent))
                if len(self.told) == 20:
                    self._busy.wait()


def on_loan(location: Location) -> set[bytes]:
    statement = select(schema.barcode.c.number).join(schema.loan, schema.loan.c.item_id == schema.barcode.c.item_id)
    with location.engine(reads=True).connect() as connection:
        return {number.encode() for number in connection.execute(statement).scalars()}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL], ids=["terminated", "killed"])
def test_nothing_that_was_acknowledged_is_lost(any_location: Location, number: signal.Signals) -> None:
    busy = threading.Barrier(READERS + 1)
    with serving(any_location) as daemon:
        borrowers = [Borrower(daemon, reader, busy) for reader in range(1, READERS + 1)]
        for borrower in borrowers:
            borrower.start()
        busy.wait()
        code = daemon.end(number)
        for borrower in borrowers:
            borrower.join()
    assert code == (0 if number is signal.SIGTERM else -signal.SIGKILL)
    lent = on_loan(any_location)
    undecided = []
    for borrower in borrowers:
        barcode, is_lent = borrower.told[-1]
        # The act that was under way may have been kept without its reply having come through, and no other.
        if (barcode in lent) is not is_lent:
            undecided.append(borrower)
    if number is signal.SIGTERM:
        assert undecided == []
    with serving(any_location) as daemon, Kiosk(daemon) as desk:
        for borrower in undecided:
            assert desk.ask(borrower.asked)[2:3] == b"1"  # A repeat on another connection gets the stored reply.


def test_an_idle_daemon_stops_at_once_and_leaves_nothing_behind(location: Location) -> None:
    with serving(location) as daemon, Kiosk(daemon) as desk, Kiosk(daemon, user=None) as stranger:
        assert daemon.end() == 0
        assert desk.socket.recv(10) == stranger.socket.recv(10) == b""
        assert daemon.log[-1]["state"] == "stopped"
    assert not (location.directory / "control.sock").exists()
    assert not (location.directory / "bibliobus.sqlite-wal").exists()


def test_a_request_that_was_cut_off_by_a_kill_is_answered_once(location: Location) -> None:
    with serving(location) as daemon, Kiosk(daemon) as desk:
        first = desk.ask(kiosk.checkout(b"R1", b"I1"))
        daemon.end(signal.SIGKILL)
    with serving(location) as daemon, Kiosk(daemon) as desk:
        assert desk.ask(kiosk.checkout(b"R1", b"I1")) == first
        assert desk.ask(login()) == b"941"
    assert on_loan(location) == {b"I1"}
