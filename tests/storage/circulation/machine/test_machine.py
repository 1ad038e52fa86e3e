"""Whatever is done in whatever order, the store's invariants hold (domain.md 2.14), on both databases.

`MACHINE_EXAMPLES` and `MACHINE_STEPS` make the walk longer: 200 times 50 is the nightly walk of 10,000 steps.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from storage.circulation.checkin import CHECKIN, CheckinRequest
from storage.circulation.checkout import CHECKOUT, CheckoutRequest
from storage.circulation.due import local_day
from storage.circulation.holds import change
from storage.circulation.holds.answers import HoldRequest
from storage.circulation.holds.change import PickupRequest, PutFirstRequest, SuspendRequest
from storage.circulation.holds.place import PLACE_HOLD, PlaceHoldRequest
from storage.circulation.holds.pulls import MISS_PULL, MissRequest
from storage.circulation.marking import MARK, MarkRequest
from storage.circulation.renew import RENEW, RenewRequest
from storage.circulation.returning import Mode
from storage.circulation.shuttle import carriage, packing
from storage.circulation.standing import STANDING, Finding, StandingRequest
from storage.circulation.status import Status
from storage.circulation.undo import UNDO, UndoRequest
from storage.database import Location
from storage.jobs.job import ZONE
from storage.jobs.table import JOBS
from tests.postgresql import Server
from tests.storage.circulation.machine.invariants import CHECKS
from tests.storage.circulation.machine.world import ITEMS, LIBRARIES, READERS, TITLES, World, at

items, readers, libraries = st.sampled_from(ITEMS), st.sampled_from(READERS), st.sampled_from(LIBRARIES)
chances = st.integers(0, 9)
MINUTE, DAY = 60, 86400


_RARE: dict[str, st.SearchStrategy[dict[str, Any]]] = {}


def _rare(**arguments: st.SearchStrategy[Any]) -> Callable[[Any], Any]:
    """Have a step share its chances with all others of its kind, so that lending and reserving go on meanwhile."""

    def keep(step: Any) -> Any:
        _RARE[step.__name__] = st.fixed_dictionaries(arguments)
        return step

    return keep


class Circulation(RuleBasedStateMachine):
    """Everything that can happen to a few items, readers and libraries."""

    template: ClassVar[Path]
    server: ClassVar[tuple[Server, str] | None] = None

    world: World

    @initialize()
    def open(self) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="bibliobus-machine-"))
        shutil.copytree(self.template, self.directory, dirs_exist_ok=True)
        self.database = ""
        url = ""
        if self.server is not None:
            server, template = self.server
            self.database = server.create(template)
            url = server.url(self.database)
        self.world = World.begin(Location(self.directory, url))
        self.lent = self.ended = 0

    def teardown(self) -> None:
        if hasattr(self, "world"):
            self.world.close()
            if self.server is not None:
                self.server[0].drop(self.database)
            shutil.rmtree(self.directory)

    # --- loans ---------------------------------------------------------------------------------------------------------

    @rule(card=readers, barcode=items, library=libraries, renews=st.booleans(), force=chances)
    def check_out(self, card: str, barcode: str, library: int, renews: bool, force: int) -> None:
        before = self.world.item(barcode)
        request = CheckoutRequest(card, barcode, at(library), renews=renews, force=force == 0)
        other = CheckoutRequest(card, barcode, at(library, "ncip"), renews=renews, force=force == 0)
        first, again, elsewhere = (self.world.decided(CHECKOUT, one) for one in (request, request, other))
        # I-36 and I-45: the same facts give the same decision, whoever asks.
        assert first.answer.reasons == again.answer.reasons == elsewhere.answer.reasons
        assert first.because == again.because
        answer = self.world.act(CHECKOUT, request)
        assert answer.reasons == first.answer.reasons
        after = self.world.item(barcode)
        if not answer.ok:
            assert (after.row.loan_id, after.row.hold_id) == (before.row.loan_id, before.row.hold_id)
            return
        assert after.status is Status.ON_LOAN
        if answer.renewed:
            assert after.row.loan_id == before.row.loan_id
            return
        if before.row.loan_id is None:
            self.lent += 1
        else:  # Lent by force from under another reader: the earlier loan is over.
            assert force == 0
            self.lent, self.ended = self.lent + 1, self.ended + 1
        assert after.current.id == library  # I-08
        self._is_open(after.row.due_on, library)

    def _is_open(self, due_on: str | None, library: int) -> None:
        """I-22: a new loan ends on an open day, or staff are told that none is near."""
        if due_on is not None:
            day = local_day(self.world.now, ZONE).fromisoformat(due_on)
            told = self.world.sql("SELECT count(*) FROM anomaly WHERE kind LIKE '%open%'")
            assert self.world.network.libraries[library].calendar.is_open(day) or told[0][0]

    @rule(barcode=items, library=libraries, mode=st.sampled_from([Mode.RETURN] * 6 + list(Mode)))
    def check_in(self, barcode: str, library: int, mode: Mode) -> None:
        before = self.world.item(barcode)
        queue = self._queue(before.row.id)
        answer = self.world.act(CHECKIN, CheckinRequest(barcode, at(library), mode=mode))
        after = self.world.item(barcode)
        assert answer.was_on_loan == (before.row.loan_id is not None and answer.ok)
        if not answer.ok:
            return
        self.ended += answer.was_on_loan
        assert after.row.loan_id is None
        captured = after.row.hold_id is not None and after.row.hold_id != before.row.hold_id
        if captured:  # I-14: first come, first served.
            assert queue
            assert after.row.hold_id == queue[0]
        if mode is Mode.RETURN and before.status is Status.AVAILABLE and queue:
            assert captured or after.status in {Status.AVAILABLE, Status.IN_TRANSIT}

    def _queue(self, item_id: int) -> list[int]:
        """Return the holds that an item could serve today, as a librarian would sort them by hand."""
        today = local_day(self.world.now, ZONE).isoformat()
        title = next((record for record, copies in TITLES.items() if item_id in copies), 0)
        rows = self.world.sql(
            "SELECT hold.id FROM hold WHERE state = 'waiting'"
            f" AND (record_id = {title} OR target_item_id = {item_id})"
            f" AND coalesce(suspended_until, '') <= '{today}' AND coalesce(expires_on, '{today}') >= '{today}'"
            " AND NOT EXISTS (SELECT 1 FROM block WHERE block.patron_id = hold.patron_id"
            f" AND (acts = '*' OR acts LIKE '%capture%') AND coalesce(from_on, '') <= '{today}'"
            f" AND coalesce(to_on, '{today}') >= '{today}')"
            " ORDER BY priority DESC, requested_at, id"
        )
        return [number for (number,) in rows]

    @rule(card=readers, barcode=items, library=libraries)
    def renew(self, card: str, barcode: str, library: int) -> None:
        before = self.world.item(barcode).row
        answer = self.world.act(RENEW, RenewRequest(card, barcode, at(library)))
        after = self.world.item(barcode).row
        if answer.ok:
            assert (after.due_on or "") >= (before.due_on or "")  # I-24
        else:
            assert (after.due_on, after.renewals) == (before.due_on, before.renewals)

    @_rare(barcode=items, finding=st.sampled_from(list(Finding)))
    def declare(self, barcode: str, finding: Finding) -> None:
        had = self.world.item(barcode).row.loan_id
        answer = self.world.act(STANDING, StandingRequest(barcode, finding, at(LIBRARIES[0])))
        self.ended += bool(had and not answer.reasons and self.world.item(barcode).row.loan_id is None)

    @_rare(barcode=items, act=st.sampled_from(["checkout", "checkin"]), library=libraries)
    def undo(self, barcode: str, act: Any, library: int) -> None:
        before = self.world.item(barcode).row
        answer = self.world.act(UNDO, UndoRequest(barcode, act, at(library)))
        after = self.world.item(barcode).row
        if not answer.reasons and before.loan_id is None and after.loan_id is not None:
            self.ended -= 1
        if not answer.reasons and before.loan_id is not None and after.loan_id is None:
            self.lent -= 1

    @_rare(
        barcode=items,
        condition=st.sampled_from(["good", "good", "missing", "damaged", "repair", "in-process", "withdrawn"]),
        force=st.booleans(),
    )
    def mark(self, barcode: str, condition: Any, force: bool) -> None:
        self.world.act(MARK, MarkRequest(barcode, condition, at(LIBRARIES[0]), force=force))

    # --- holds ---------------------------------------------------------------------------------------------------------

    @rule(
        card=readers,
        wanted=st.one_of(st.sampled_from(sorted(TITLES)), st.sampled_from(sorted(TITLES)), items),
        pickup=libraries,
        suspended=st.sampled_from([None, None, None, 3, 20]),
        needed=st.sampled_from([None, None, None, 5, 30]),
    )
    def place_hold(self, card: str, wanted: Any, pickup: int, suspended: int | None, needed: int | None) -> None:
        today = local_day(self.world.now, ZONE)
        request = PlaceHoldRequest(
            card,
            at(pickup),
            record_id=wanted if isinstance(wanted, int) else None,
            barcode="" if isinstance(wanted, int) else wanted,
            this_item=True,
            pickup_id=pickup,
            suspended_until=None if suspended is None else (today + timedelta(days=suspended)).isoformat(),
            expires_on=None if needed is None else (today + timedelta(days=needed)).isoformat(),
        )
        before = self._lines()
        answer = self.world.act(PLACE_HOLD, request)
        if answer.ok:  # I-18 and I-15
            ((mine,),) = self.world.sql(
                f"SELECT count(*) FROM hold JOIN patron ON patron.id = patron_id WHERE code = '{card}'"
            )
            assert mine <= 3
            after = self._lines()
            assert all(after[line][: len(queue)] == queue for line, queue in before.items())

    def _lines(self) -> dict[Any, list[int]]:
        """Return who waits for each target, first come first."""
        lines: dict[Any, list[int]] = {}
        for record, item, hold in self.world.sql(
            "SELECT record_id, target_item_id, id FROM hold WHERE state = 'waiting' AND priority = 0"
            " ORDER BY requested_at, id"
        ):
            lines.setdefault((record, item), []).append(hold)
        return lines

    def _some_hold(self, chance: int) -> int:
        holds = self.world.sql("SELECT id FROM hold ORDER BY id")
        return int(holds[chance % len(holds)][0]) if holds else 0

    @_rare(chance=chances, library=libraries)
    def cancel_hold(self, chance: int, library: int) -> None:
        hold = self._some_hold(chance)
        answer = self.world.act(change.CANCEL_HOLD, HoldRequest(at(library), hold_id=hold))
        assert answer.ok is bool(hold)
        assert not self.world.sql(f"SELECT 1 FROM hold WHERE id = {hold}")

    @_rare(chance=chances, days=st.sampled_from([None, 2, 40]))
    def suspend_hold(self, chance: int, days: int | None) -> None:
        until = None if days is None else (local_day(self.world.now, ZONE) + timedelta(days=days)).isoformat()
        hold = self._some_hold(chance)
        self.world.act(change.SUSPEND_HOLD, SuspendRequest(at(LIBRARIES[0]), hold_id=hold, until=until))

    @_rare(chance=chances, library=libraries)
    def fetch_elsewhere(self, chance: int, library: int) -> None:
        hold = self._some_hold(chance)
        self.world.act(change.CHANGE_PICKUP, PickupRequest(at(library), hold_id=hold, pickup_id=library))

    @rule(chance=chances, first=st.booleans())
    def favour_hold(self, chance: int, first: bool) -> None:
        hold = self._some_hold(chance)
        request = PutFirstRequest(at(LIBRARIES[0]), hold_id=hold) if first else HoldRequest(at(LIBRARIES[0]), hold)
        self.world.act(change.PUT_FIRST if first else change.EXTEND_HOLD, request)

    @_rare(barcode=items, library=libraries)
    def not_found_on_its_shelf(self, barcode: str, library: int) -> None:
        self.world.act(MISS_PULL, MissRequest(at(library), barcode=barcode))

    # --- the shuttle ---------------------------------------------------------------------------------------------------

    @_rare(code=st.sampled_from(["C1", "C2"]), library=libraries, what=st.sampled_from(["open", "seal", "unload"]))
    def handle_container(self, code: str, library: int, what: str) -> None:
        usecase = {"open": packing.OPEN, "seal": packing.SEAL, "unload": carriage.UNLOAD}[what]
        self.world.act(usecase, packing.ContainerRequest(code, at(library)))

    @_rare(barcode=items, code=st.sampled_from(["C1", "C2"]), library=libraries, out=chances)
    def pack(self, barcode: str, code: str, library: int, out: int) -> None:
        usecase = packing.UNPACK if out == 0 else packing.PACK
        self.world.act(usecase, packing.PackRequest(barcode, code, at(library)))

    @_rare(code=st.sampled_from(["C1", "C2"]), library=libraries)
    def load(self, code: str, library: int) -> None:
        self.world.act(carriage.LOAD, carriage.LoadRequest(code, "N", self._day(), at(library)))

    @_rare(what=st.sampled_from(["plan", "leave", "end", "cancel"]))
    def drive(self, what: str) -> None:
        usecase = {"plan": carriage.PLAN, "leave": carriage.LEAVE, "end": carriage.END, "cancel": carriage.CANCEL}[what]
        self.world.act(usecase, carriage.RunRequest("N", self._day(), at(LIBRARIES[0])))

    def _day(self) -> str:
        return local_day(self.world.now, ZONE).isoformat()

    # --- what chance alone would rarely do -----------------------------------------------------------------------------

    @rule(chance=chances, library=libraries)
    def scan_what_is_waited_for(self, chance: int, library: int) -> None:
        found = self.world.sql(
            "SELECT number FROM hold JOIN item ON item.record_id = hold.record_id OR item.id = hold.target_item_id"
            " JOIN barcode ON barcode.item_id = item.id WHERE hold.state = 'waiting' ORDER BY hold.id, item.id"
        )
        if found:
            self.check_in(found[chance % len(found)][0], library, Mode.RETURN)

    @rule(chance=chances)
    def fetch_what_is_put_aside(self, chance: int) -> None:
        found = self.world.sql(
            "SELECT patron.code, number, pickup_id FROM hold JOIN barcode ON barcode.item_id = hold.item_id"
            " JOIN patron ON patron.id = hold.patron_id WHERE state = 'shelf' ORDER BY hold.id"
        )
        if found:
            card, barcode, library = found[chance % len(found)]
            self.check_out(card, barcode, library, renews=False, force=1)

    @rule(chance=chances, far=st.sampled_from([1, 2, 3, 5, 6, 7, 7, 7, 7]))
    def carry(self, chance: int, far: int) -> None:
        """Take something to where it goes, or leave it on the way."""
        found = self.world.sql(
            "SELECT number, from_id, to_id FROM transit JOIN barcode ON barcode.item_id = transit.item_id"
            " WHERE received_at IS NULL ORDER BY transit.id"
        )
        if not found:
            return
        barcode, start, end = found[chance % len(found)]
        run = carriage.RunRequest("N", self._day(), at(start))
        here, there = packing.ContainerRequest("C1", at(start)), packing.ContainerRequest("C1", at(end))
        way: list[tuple[Any, Any]] = [
            (packing.OPEN, here),
            (packing.PACK, packing.PackRequest(barcode, "C1", at(start))),
            (packing.SEAL, here),
            (carriage.PLAN, run),
            (carriage.LOAD, carriage.LoadRequest("C1", "N", self._day(), at(start))),
            (carriage.LEAVE, run),
            (carriage.UNLOAD, there),
        ]
        for usecase, request in way[:far]:
            self.world.act(usecase, request)
        if far == len(way):
            self.check_in(barcode, end, Mode.RETURN)

    # --- time, rules, trouble ------------------------------------------------------------------------------------------

    @rule(minutes=st.sampled_from([1, 30, 600, 1440, 1440, 3 * 1440, 10 * 1440, 40 * 1440]))
    def time_passes(self, minutes: int) -> None:
        self.world.now += minutes * MINUTE

    @rule(names=st.one_of(st.just(tuple(JOBS)), st.sampled_from(sorted(JOBS)).map(lambda name: (name,))))
    def do_jobs(self, names: tuple[str, ...]) -> None:
        loans = self.world.sql("SELECT id FROM loan")
        for name in names:
            self.world.job(JOBS[name])
        left = set(self.world.sql("SELECT id FROM loan"))
        self.ended += sum(loan not in left for loan in loans)
        if "forget-loans" in names:  # I-37
            assert not self.world.sql(f"SELECT 1 FROM past_loan_reader WHERE expires_on < '{self._day()}'")

    @_rare(library=libraries, days=st.integers(0, 60), closed=st.booleans())
    def change_calendar(self, library: int, days: int, closed: bool) -> None:
        day = (local_day(self.world.now, ZONE) + timedelta(days=days)).isoformat()
        self.world.sql(f"DELETE FROM calendar_exception WHERE library_id = {library} AND day = '{day}'")
        if closed:
            self.world.sql(f"INSERT INTO calendar_exception (library_id, day) VALUES ({library}, '{day}')")
        self.world.reload()

    @_rare(
        rule=st.sampled_from(
            [
                ("loan.period", "7 days"),
                ("loan.period", "28 days"),
                ("renewal.period", "7 days"),
                ("loan.closed-days", "previous"),
                ("renewal.limit", "0"),
            ]
        )
    )
    def vote(self, rule: tuple[str, str]) -> None:
        """I-27: a new set is in force from today; what was lent before keeps its date."""
        dates = self.world.sql("SELECT id, due_on FROM loan ORDER BY id")
        attribute, value = rule
        ((number,),) = self.world.sql("SELECT max(id) + 1 FROM policy_set")
        self.world.sql(
            f"INSERT INTO policy_set (id, code, effective_from) VALUES ({number}, 'vote{number}', '{self._day()}')"
        )
        self.world.sql(
            f"INSERT INTO rule (policy_set_id, attribute, value) VALUES ({number}, '{attribute}', '{value}'),"
            f" ({number}, 'loan.limit', '3'), ({number}, 'hold.limit', '3'), ({number}, 'hold.available-here', 'allow')"
        )
        self.world.reload()
        assert self.world.sql("SELECT id, due_on FROM loan ORDER BY id") == dates

    @_rare(card=readers, commune=st.sampled_from(["62498", "62510", "59350"]))
    def move_house(self, card: str, commune: str) -> None:
        """I-34: no decision may change for it; the same walk goes on."""
        self.world.sql(f"UPDATE patron SET residence = '{commune}' WHERE code = '{card}'")

    @_rare(card=readers, barcode=items, library=libraries)
    def crash(self, card: str, barcode: str, library: int) -> None:
        """I-42: who is killed before the commit has done nothing."""
        before = self._everything()
        self.world.crash(CHECKOUT, CheckoutRequest(card, barcode, at(library)))
        self.world.crash(CHECKIN, CheckinRequest(barcode, at(library)))
        assert self._everything() == before

    def _everything(self) -> list[Any]:
        tables = ("loan", "past_loan", "hold", "past_hold", "transit", "pull", "journal")
        return [self.world.sql(f"SELECT count(*) FROM {table}") for table in tables]

    @_rare()
    def restart(self) -> None:
        """A daemon keeps no truth in memory."""
        self.world.close()
        self.world = World(self.world.location, self.world.now)

    @rule(
        step=st.deferred(
            lambda: st.sampled_from(sorted(_RARE)).flatmap(lambda name: _RARE[name].map(lambda a: (name, a)))
        )
    )
    def something_rarer(self, step: tuple[str, dict[str, Any]]) -> None:
        name, arguments = step
        getattr(self, name)(**arguments)

    # --- what holds ----------------------------------------------------------------------------------------------------

    @invariant()
    def everything_holds(self) -> None:
        if hasattr(self, "world"):
            assert self.world.broken(CHECKS) == {}

    @invariant()
    def loans_add_up(self) -> None:
        """I-31."""
        if hasattr(self, "world"):
            (open_loans,), (past,) = self.world.sql(
                "SELECT count(*) FROM loan UNION ALL SELECT count(*) FROM past_loan"
            )
            assert (self.lent - self.ended, self.ended) == (open_loans, past)


def walk(examples: int, steps: int) -> settings:
    return settings(
        max_examples=int(os.environ.get("MACHINE_EXAMPLES", examples)),
        stateful_step_count=int(os.environ.get("MACHINE_STEPS", steps)),
        deadline=None,
        derandomize="MACHINE_EXAMPLES" not in os.environ,
        database=None,
    )


def test_on_sqlite(small_network_template: Path) -> None:
    Circulation.template, Circulation.server = small_network_template, None
    run_state_machine_as_test(Circulation, settings=walk(60, 50))


def test_on_postgresql(small_network_template: Path, postgresql: Server, postgresql_template: str) -> None:
    Circulation.template, Circulation.server = small_network_template, (postgresql, postgresql_template)
    run_state_machine_as_test(Circulation, settings=walk(8, 40))
