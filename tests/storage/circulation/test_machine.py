"""Whatever is done in whatever order, the store's invariants hold (domain.md 2.14)."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from storage.circulation.accounts import make_item
from storage.circulation.facts import ITEM, ItemRow
from storage.circulation.status import Status
from storage.database import Location, upgrade
from storage.drivers.snapshot import run_steps
from tests.network import AVION, LENS, LIEVIN, declare_small_network
from tests.storage.circulation.desk import Desk

ITEMS = [f"I{n}" for n in range(1, 6)]
READERS = [f"R{n}" for n in range(1, 4)]
LIBRARIES = [LENS, LIEVIN, AVION]

items, readers, libraries = st.sampled_from(ITEMS), st.sampled_from(READERS), st.sampled_from(LIBRARIES)
_template: list[Path] = []


def template() -> Path:
    if not _template:
        location = Location(Path(tempfile.mkdtemp(prefix="bibliobus-machine-")))
        engine = location.engine()
        upgrade(engine)
        with engine.begin() as connection:
            declare_small_network(connection, location.pins())
        _template.append(location.directory)
    return _template[0]


class Circulation(RuleBasedStateMachine):
    """A few items, readers and libraries, and everything that can happen to them."""

    desk: Desk
    directory: Path

    @initialize()
    def open(self) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="bibliobus-machine-"))
        shutil.copytree(template(), self.directory, dirs_exist_ok=True)
        self.desk = Desk(Location(self.directory))
        self.desk.sql("INSERT INTO policy_set(id, code, effective_from) VALUES (1, 'vote', '2026-01-01')")
        self.desk.sql("INSERT INTO rule(policy_set_id, attribute, value) VALUES (1, 'loan.limit', '3')")
        self.desk.reload()
        self.lent = self.returned = self.holds = 0

    def teardown(self) -> None:
        if hasattr(self, "desk"):
            self.desk.close()
            shutil.rmtree(self.directory)

    @rule(card=readers, barcode=items, library=libraries, renews=st.booleans())
    def checkout(self, card: str, barcode: str, library: int, renews: bool) -> None:
        before = self.status(barcode)
        answer = self.desk.checkout(card, barcode, library, renews=renews)
        if answer.ok and not answer.renewed:
            self.lent += 1
            assert before is not Status.ON_LOAN
        assert not answer.ok or self.status(barcode) is Status.ON_LOAN

    @rule(barcode=items, library=libraries)
    def checkin(self, barcode: str, library: int) -> None:
        answer = self.desk.checkin(barcode, library)
        assert answer.ok
        self.returned += answer.was_on_loan
        expected = Status.IN_TRANSIT if answer.destination else None
        assert expected is None or self.status(barcode) is expected
        assert answer.hold_id is None or answer.destination or self.status(barcode) is Status.ON_HOLD_SHELF

    @rule(card=readers, barcode=items, library=libraries)
    def renew(self, card: str, barcode: str, library: int) -> None:
        before = self.desk.sql("SELECT due_on FROM loan JOIN barcode USING (item_id) WHERE number=?", barcode)
        if self.desk.renew(card, barcode, library).ok:
            after = self.desk.sql("SELECT due_on FROM loan JOIN barcode USING (item_id) WHERE number=?", barcode)
            assert after >= before

    @rule(patron=st.integers(1, 3), item=st.integers(1, 5), pickup=libraries)
    def place_hold(self, patron: int, item: int, pickup: int) -> None:
        known = self.desk.sql("SELECT 1 FROM hold WHERE patron_id=? AND target_item_id=?", patron, item)
        if not known:
            self.holds += 1
            self.desk.hold(self.holds, patron, item=item, pickup=pickup, at=self.desk.now)

    @rule(state=st.sampled_from(["claimed", "lost"]), barcode=items)
    def trouble_with_loan(self, state: str, barcode: str) -> None:
        self.desk.sql(
            "UPDATE loan SET state=? WHERE item_id=(SELECT item_id FROM barcode WHERE number=?)", state, barcode
        )

    @rule(days=st.integers(1, 40))
    def time_passes(self, days: int) -> None:
        self.desk.now += days * 86400

    @rule()
    def restart(self) -> None:
        """A daemon keeps no truth in memory."""
        self.desk.close()
        self.desk = Desk(Location(self.directory))

    def status(self, barcode: str) -> Status:
        item = self.desk.item(barcode).item
        assert item is not None
        return item.status

    def rows(self, text: str, *values: Any) -> list[Any]:
        return self.desk.sql(text, *values)

    @invariant()
    def nothing_is_in_two_places(self) -> None:
        """I-01 to I-05."""
        if not hasattr(self, "desk"):
            return
        for barcode in ITEMS:
            (item,) = [ItemRow._make(row) for row in run_steps(self.desk.database, _read(barcode))]
            open_transits = self.rows(
                "SELECT to_id, reason, hold_id FROM transit WHERE item_id=? AND received_at IS NULL", item.id
            )
            assert len(open_transits) <= 1
            if item.loan_id is not None:
                assert not open_transits
                assert item.hold_id is None
            if item.hold_state == "transit":
                assert [(to, hold) for to, _, hold in open_transits] == [(item.hold_pickup_id, item.hold_id)]
            if item.hold_state == "shelf":
                assert not open_transits
                assert item.current_id == item.hold_pickup_id
            for _, reason, hold in open_transits:
                assert reason != "hold" or hold == item.hold_id
            assert make_item(self.desk.network, item).status is self.status(barcode)

    @invariant()
    def loans_add_up(self) -> None:
        """I-21, I-23, I-25, I-31 and the limit."""
        if not hasattr(self, "desk"):
            return
        (open_loans,) = self.rows("SELECT count(*) FROM loan")
        (past,) = self.rows("SELECT count(*) FROM past_loan")
        assert (self.lent - self.returned, self.returned) == (open_loans[0], past[0])
        assert self.rows("SELECT count(*) FROM past_loan_reader") == [past]
        assert not self.rows("SELECT 1 FROM past_loan WHERE in_at < out_at")
        assert not self.rows("SELECT 1 FROM loan WHERE due_on < date(out_at, 'unixepoch')")
        assert not self.rows("SELECT 1 FROM loan WHERE renewals > 1")
        assert not self.rows("SELECT 1 FROM loan WHERE state='open' GROUP BY patron_id HAVING count(*) > 3")
        acts = dict(self.rows("SELECT act, count(*) FROM journal GROUP BY act"))
        assert acts.get("checkout", 0) == self.lent


def _read(barcode: str) -> Any:
    (rows,) = yield [ITEM(barcode)]
    return rows


Circulation.TestCase.settings = settings(
    max_examples=40, stateful_step_count=30, deadline=None, derandomize=True, database=None
)
TestCirculation = Circulation.TestCase
