"""A network and a department that lend to each other while everything goes wrong, and what must be so afterwards.

`python -m tests.system.chaos FOLDER SECONDS SEED` does it for longer than a test may.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any

from sqlalchemy import insert, update

from storage import schema
from storage.database import Location, upgrade
from tests.network import declare_small_network
from tests.system.running import PATIENCE
from tests.system.towns import DepartmentDaemon, Town

WORST = """
seed = {seed}
ship_after = [0, 3]
home_after = [0, 3]
recall_after = [0, 3]
recalls = 0.3
receive_after = [0, 3]
lend_after = [0, 2]
renew_after = [0, 2]
renews = 0.5
return_after = [1, 4]
cancel_after = [0, 4]
cancels = 0.2
unfilled = 0.15
ask_every = 1.0
asks = {asks}
retry = [1, 3]
outages = [[6, 9], [15, 20]]
""" + "".join(
    f'[[steps]]\nservice = "*"\naction = "{action}"\nchance = {chance}\nseconds = 0.4\nout = {out}\n'
    for action, chance in (("lose", 0.1), ("break", 0.1), ("twice", 0.15), ("delay", 0.2))
    for out in ("true", "false")
) + '[[steps]]\nservice = "*"\naction = "refuse"\nchance = 0.1\n'  # fmt: skip
CALM = "ship_after = 0\nhome_after = 0\nreceive_after = 0\nreturn_after = 0\nretry = [1, 2]\nasks = {asks}\nask_every = 0.2\n"
ENDED = {"closed", "cancelled", "unfilled"}
RECORDS = range(2, 10)
"""Records of the network, each with an item I2, I3... of Lens; the department asks for them."""
ONCE = ("ill-borrowing", "ill-lending", "ill-accepted", "ill-shipped", "ill-received", "ill-sent-back", "ill-home")


class Chaos:
    """The two sides, and what people do at the network's desks."""

    def __init__(self, folder: Path, template: Path, seed: int) -> None:
        self.random = Random(seed)
        self.seed = seed
        self.here = Town(folder / "here", template, "FR-HERE", "FR-DEPARTMENT")
        self.there = DepartmentDaemon(folder, "FR-DEPARTMENT", self.here)
        self.here.knows(self.there.endpoint)
        self.asks = [str(self.random.choice(RECORDS)) for _ in range(12)]
        with self.here.location.engine().begin() as connection:
            for number in RECORDS:
                connection.execute(update(schema.item).where(schema.item.c.id == number).values(record_id=number))
            # A hold that has nothing to do with any of this.
            own = {"id": 1, "patron_id": 8, "target_item_id": 15, "pickup_id": 2, "channel": "sip2", "requested_at": 1}
            connection.execute(insert(schema.hold).values(own))

    def scenario(self, text: str) -> None:
        self.there.scenario(text.format(seed=self.random.randrange(10**6), asks=json.dumps(self.asks)))

    def rage(self, seconds: float) -> None:
        """Ask, lend, kill and start for so many seconds."""
        self.scenario(WORST)
        self.here.start()
        self.there.start()
        began, asked = time.monotonic(), 0
        until = began + seconds
        next_kill = time.monotonic() + 4
        while time.monotonic() < until:
            if asked < (time.monotonic() - began) / 2:
                with suppress(AssertionError):
                    self.here.ask(str(self.random.randint(1, 40)), f"R{self.random.randint(1, 7)}")
                asked += 1
            self.at_the_desks(calm=False)
            if time.monotonic() >= next_kill:
                self.kill()
                next_kill = time.monotonic() + self.random.uniform(2, 6)

    def kill(self) -> None:
        sides: list[Town | DepartmentDaemon] = [self.here, self.there]
        side = self.random.choice(sides)
        side.kill()
        time.sleep(self.random.choice([0, 0, 1]))
        if side is self.there:
            self.scenario(WORST)
        side.start()

    def settle(self) -> None:
        """Let all come to its end."""
        self.there.kill()
        self.scenario(CALM)
        self.there.start()
        until = time.monotonic() + 6 * PATIENCE
        while time.monotonic() < until:
            self.at_the_desks(calm=True)
            if not self.here.waiting() and not self.open() and self.there.count("borrowing") == len(self.asks):
                return
            time.sleep(0.2)

    def open(self) -> list[Any]:
        """Give the requests that have not ended, on either side."""
        statement = "SELECT number, role, state, barcode, renewal FROM ill_request WHERE closed_at IS NULL"
        return [*self.here.sql(statement), *self.there.sql(statement)]

    def at_the_desks(self, *, calm: bool) -> None:
        """Do the next thing with each open request that can be seen here."""
        self.here.watch()
        statement = (
            "SELECT r.agency, r.number, r.role, r.state, b.number, l.id, h.state, r.hold_id, r.agreed != r.terms FROM ill_request r"
            " LEFT JOIN hold h ON h.id = r.hold_id"
            " LEFT JOIN item i ON i.id = COALESCE(r.item_id, h.item_id, h.target_item_id)"
            " LEFT JOIN barcode b ON b.item_id = i.id LEFT JOIN loan l ON l.item_id = i.id"
            " WHERE r.closed_at IS NULL ORDER BY r.id"
        )
        for agency, number, role, state, barcode, loan, hold, _, _ in self.here.sql(statement):
            if calm or self.random.random() < 0.6:
                (self.borrow if role == "borrowing" else self.lend)(agency, number, state, barcode, loan, hold)

    def unlucky(self, number: str) -> bool:
        """Tell whether a request is one that is given up."""
        return Random(f"{self.seed}:{number}").random() < 0.15

    def note(self, event: str, agency: str, number: str) -> None:
        self.here.note(event, agency, number)

    def borrow(self, agency: str, number: str, state: str, barcode: str, loan: Any, hold: str) -> None:
        chance = self.random.random()
        if state == "conditional":
            self.note("agreed", agency, number)
        elif state in {"asked", "accepted"} and self.unlucky(number):
            self.note("cancelled", agency, number)
        elif state == "shipped":
            self.here.scan(barcode, "lievin")
        elif state == "received" and hold == "shelf" and chance < 0.5:
            (card,) = self.here.sql(
                f"SELECT c.number FROM card c JOIN ill_request r ON r.patron_id = c.patron_id WHERE r.number = '{number}'"
            )[0]
            self.here.lend(card, barcode)
        elif state in {"received", "lent"} and chance > 0.8:
            self.note("renew-asked", agency, number)
        elif state == "lent" and loan is not None:
            self.here.scan(barcode, "lievin")
        elif state in {"received", "lent", "returned"}:
            self.note("sent-back", agency, number)

    def lend(self, agency: str, number: str, state: str, barcode: str | None, _loan: Any, hold: str | None) -> None:
        chance = self.random.random()
        if state == "accepted" and self.unlucky(number):
            self.note("refused", agency, number)
        elif state == "accepted" and hold == "waiting":
            (record,) = self.here.sql(f"SELECT record_id FROM ill_request WHERE number = '{number}'")[0]
            if self.here.sql(f"SELECT 1 FROM item WHERE id = {record} AND current_id = home_id"):  # else nobody can
                self.here.scan(f"I{record}")
        elif state == "accepted" and barcode is not None:
            self.note("shipped", agency, number)
        elif state == "received" and chance < 0.2:
            self.note("recalled", agency, number)
        elif state == "sent-back" and barcode is not None:
            self.here.scan(barcode)

    # --- what must be so afterwards --------------------------------------------------------------------------------------

    def faults(self) -> list[str]:
        """Tell what was lost, left behind or done twice."""
        found = [f"open: {row}" for row in self.open()]
        for name, side in (("here", self.here), ("there", self.there)):
            found += [
                f"{name}: waits: {row}" for row in side.sql("SELECT * FROM outbox WHERE state IN ('waiting', 'dead')")
            ]
            found += [f"{name}: lent: {row}" for row in side.sql("SELECT * FROM loan")]
            found += [f"{name}: held: {row}" for row in side.sql("SELECT * FROM hold WHERE id != 1")]
            found += [f"{name}: travels: {row}" for row in side.sql("SELECT * FROM transit WHERE received_at IS NULL")]
            left = "SELECT id, condition, title FROM item WHERE temporary = 1 AND (condition != 'withdrawn' OR title != '')"
            found += [f"{name}: left: {row}" for row in side.sql(left)]
            away = "SELECT id, current_id FROM item WHERE temporary = 0 AND current_id != home_id"
            found += [f"{name}: astray: {row}" for row in side.sql(away)]
            told = "SELECT number FROM ill_request WHERE patron_id IS NOT NULL"
            found += [f"{name}: still tells whose: {row}" for row in side.sql(told)]
            happened = Counter(side.sql("SELECT act, detail FROM journal WHERE act LIKE 'ill-%'"))
            found += [f"{name}: {times} times {act}" for act, times in happened.items() if times > 1 and act[0] in ONCE]
        if self.here.sql("SELECT state FROM hold WHERE id = 1") != [("waiting",)]:
            found.append("a hold of a reader's own is lost")
        return found + self._pairs()

    def _pairs(self) -> list[str]:
        """Tell of requests whose two sides ended otherwise."""
        sides = [dict(side.sql("SELECT number, state FROM ill_request")) for side in (self.here, self.there)]
        found = []
        for number in sides[0] | sides[1]:
            ends = sides[0].get(number), sides[1].get(number)
            if ("closed" in ends and set(ends) != {"closed"}) or not set(ends) - {None} <= ENDED:
                found.append(f"{number}: {ends}")
        return found

    def end(self) -> None:
        """Have both end."""
        self.here.kill()
        self.there.kill()


def main(folder: str, seconds: str, seed: str) -> int:
    """Run for *seconds*; print what is wrong."""
    template = Path(tempfile.mkdtemp(dir=folder))
    location = Location(template)
    engine = location.engine()
    upgrade(engine)
    with engine.begin() as connection:
        declare_small_network(connection, location.pins())
    chaos = Chaos(Path(tempfile.mkdtemp(dir=folder)), template, int(seed))
    try:
        chaos.rage(float(seconds))
        chaos.settle()
    finally:
        chaos.end()
    ends = Counter(chaos.here.sql("SELECT role, state FROM ill_request"))
    print(dict(ends), dict(Counter(chaos.there.sql("SELECT role, state FROM ill_request"))))  # noqa: T201 (a command)
    print("\n".join(chaos.faults()) or "nothing is wrong")  # noqa: T201 (a command)
    return int(bool(chaos.faults()))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
