"""What bounds a device: time-outs answered before they end, rates, connections, failed logins and wrong PINs."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred

from server.sip2.connection import ACCOUNT_TRIES
from server.sip2.guard import MOST_KEYS, Bucket, Failures
from storage.refusals import SENTENCES, Reason
from tests.server.sip2.kiosk import SIP2TestCase, checkout, information, item, login, sealed

UNAVAILABLE = SENTENCES[Reason.UNAVAILABLE][0].encode()


class DeadlineTests(SIP2TestCase):
    """An answer that takes too long."""

    def slow(self, name: str) -> list[Deferred[Any]]:
        """Let reads or acts take their time; return what is to be fired with True."""
        asked: list[Deferred[Any]] = []
        does = getattr(self.store, name)

        def later(*arguments: Any) -> Deferred[Any]:
            asked.append(Deferred())
            return asked[-1].addCallback(lambda _now: does(*arguments))

        self.patch(self.store, name, later)
        return asked

    def test_a_refusal_comes_before_the_terminal_gives_up(self) -> None:
        asked = self.slow("read")
        kiosk = self.service.kiosk()
        kiosk.send(item(b"I1") + b"\r")
        self.service.clock.advance(7)
        assert kiosk.got() == b""
        self.service.clock.advance(2)
        refused = kiosk.got()
        assert refused.startswith(b"18010001")
        assert UNAVAILABLE in refused
        asked[0].callback(True)
        assert kiosk.got() == b""
        kiosk.send(item(b"I1") + b"\r")
        asked[1].callback(True)
        assert kiosk.got().startswith(b"1803")

    async def test_the_act_is_done_once_and_who_asks_again_gets_its_answer(self) -> None:
        asked = self.slow("transact")
        kiosk = self.service.kiosk()
        frame = sealed(checkout(b"R1", b"I1"), b"5")
        kiosk.send(frame)
        self.service.clock.advance(9)
        assert kiosk.got().startswith(b"120NUN")
        asked[0].callback(True)
        await self.store.work(lambda _connection: None)
        while not kiosk.protocol._session.repeat(kiosk.protocol._session).startswith(b"121"):
            await self.store.work(lambda _connection: None)
        kiosk.send(frame)
        assert kiosk.got().startswith(b"121NNY")
        assert len(asked) == 1

    def test_a_late_answer_does_not_take_the_place_of_the_one_that_followed(self) -> None:
        asked = self.slow("read")
        kiosk = self.service.kiosk()
        kiosk.send(item(b"I1") + b"\r9900802.00\r")
        self.service.clock.advance(9)
        refused, status = kiosk.got().split(b"\r")[:2]
        assert refused.startswith(b"18010001")
        asked[0].callback(True)
        kiosk.send(b"97\r")
        assert kiosk.got() == status + b"\r"

    async def test_a_device_has_a_time_out_of_its_own(self) -> None:
        await self.profile(timeout="20")
        asked = self.slow("read")
        kiosk = self.service.kiosk()
        kiosk.send(item(b"I1") + b"\r")
        self.service.clock.pump([1, 1])
        assert kiosk.got().startswith(b"18010001")
        asked[0].callback(True)


class GuardTests(SIP2TestCase):
    """Who goes too far."""

    async def test_more_messages_than_the_rate_wait_and_are_answered(self) -> None:
        await self.profile(rate="1")
        kiosk, other = self.service.kiosk(), self.service.kiosk(b"kiosk-lievin")
        self.service.clock.advance(0)
        kiosk.send((item(b"I1") + b"\r") * 15)
        self.service.clock.pump([0] * 4)
        assert kiosk.got().count(b"\r") == 10
        other.send(item(b"I2") + b"\r")
        assert other.got().startswith(b"1803")
        self.service.clock.pump([1] * 6)
        assert kiosk.got().count(b"\r") == 5

    async def test_who_connects_anew_for_each_message_has_no_other_rate(self) -> None:
        await self.profile(rate="1")
        for _ in range(10):
            kiosk = self.service.kiosk()
            kiosk.send(item(b"I1") + b"\r")
            assert kiosk.got().startswith(b"1803")
            kiosk.lose()
        kiosk = self.service.kiosk()
        kiosk.send(item(b"I1") + b"\r")
        assert kiosk.got() == b""
        self.service.clock.advance(1)
        assert kiosk.got().startswith(b"1803")

    async def test_of_too_many_connections_the_oldest_is_cut_off(self) -> None:
        await self.profile(connections="2")
        first, second, third = (self.service.kiosk() for _ in range(3))
        assert first.wire.disconnected
        assert not second.wire.disconnected
        second.lose()
        fourth = self.service.kiosk()
        assert not third.wire.disconnected
        assert not fourth.wire.disconnected

    def test_an_account_that_failed_too_often_is_refused_unheard_and_others_are_not(self) -> None:
        heard: list[Any] = []
        verify = self.service.factory.verify
        self.service.factory.verify = lambda *given: heard.append(given) or verify(*given)  # type: ignore[func-returns-value]
        for _ in range(ACCOUNT_TRIES):
            self.service.kiosk(None).send(login(password=b"wrong") + b"\r")
        kiosk = self.service.kiosk(None)
        kiosk.send(login() + b"\r")
        assert kiosk.got() == b"940\r"
        assert len(heard) == ACCOUNT_TRIES
        self.service.kiosk(b"kiosk-lievin")
        self.service.clock.advance(301)
        self.service.kiosk()

    async def test_wrong_pins_from_a_device_are_bounded_whatever_the_cards(self) -> None:
        await self.profile(pin_tries="3")
        kiosk, other = self.service.kiosk(), self.service.kiosk(b"kiosk-lievin")
        for number in (1, 2, 3):
            reply = await kiosk.read(information(b"R%d" % number, more=b"AD0000|"))
            assert reply.screen_message == (SENTENCES[Reason.WRONG_PIN][0],)
        for more in (b"AD1234|", b"AD0000|"):
            reply = await kiosk.read(information(b"R4", more=more))
            assert reply.screen_message == (SENTENCES[Reason.PIN_LOCKED][0],)
        assert (await kiosk.read(information(b"R4"))).valid_patron is True
        assert (await other.read(information(b"R4", more=b"AD1234|"))).valid_patron_password is True

    async def test_wrong_pins_are_counted_whatever_they_come_with(self) -> None:
        await self.profile(pin_tries="3", messages="23 25 29 63 65")
        kiosk = self.service.kiosk()
        by_title = b"29NN20261122    120000" + b" " * 18 + b"AOLENS|AAR%d|AD0000|AJTitre 1|"
        enable, all_ = (code + b"20261122    120000AOLENS|AAR%d|AD0000|" for code in (b"25", b"65"))
        for number, sent in enumerate((by_title, enable, all_), 1):
            reply = await kiosk.read(sent % number)
            assert reply.screen_message == (SENTENCES[Reason.WRONG_PIN][0],)
        reply = await kiosk.read(information(b"R4", more=b"AD1234|"))
        assert reply.screen_message == (SENTENCES[Reason.PIN_LOCKED][0],)

    async def test_a_right_pin_at_a_checkout_ends_a_row_of_wrong_ones(self) -> None:
        kiosk = self.service.kiosk()
        for _ in range(2):
            for _ in range(4):
                await kiosk.ask(information(b"R1", more=b"AD0000|"))
            await kiosk.ask(checkout(b"R1", b"I1", more=b"AD1234|"))
            await kiosk.ask(checkout(b"R1", b"NONE", more=b"AD1234|"))
        reply = await kiosk.read(information(b"R1", more=b"AD1234|"))
        assert reply.valid_patron_password is True


def test_failures_are_counted_in_a_span_and_not_without_end() -> None:
    failures = Failures(10.0)
    for now in (0.0, 1.0):
        failures.add("a", now)
    assert failures.reach("a", 2, 5.0)
    assert not failures.reach("a", 3, 5.0)
    assert not failures.reach("a", 2, 10.0)
    failures.add("a", 11.0)
    assert not failures.reach("a", 2, 12.0)
    failures.forget("a")
    assert not failures.reach("a", 1, 12.0)
    for number in range(MOST_KEYS + 1):
        failures.add(str(number), 20.0)
    assert not failures.reach("0", 1, 20.0)
    assert failures.reach("1", 1, 20.0)


def test_who_goes_on_failing_is_not_forgotten_for_others() -> None:
    failures = Failures(10.0)
    for number in range(MOST_KEYS):
        failures.add("host", 0.0)
        failures.add(f"host {number}", 0.0)
    assert failures.reach("host", MOST_KEYS, 1.0)


def test_a_bucket_gives_a_burst_and_then_a_rate() -> None:
    bucket = Bucket(2, 0.0, burst=2.0)
    assert [bucket.wait(0.0) for _ in range(4)] == [0.0] * 4
    assert bucket.wait(0.0) == 0.5
    assert bucket.wait(0.5) == 0.0
    assert [bucket.wait(100.0) for _ in range(5)] == [0.0, 0.0, 0.0, 0.0, 0.5]
