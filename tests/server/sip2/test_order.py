from __future__ import annotations

import re
from typing import Any

from twisted.internet import reactor as installed_reactor
from twisted.internet.defer import Deferred

from protocols.sip2.codes import CirculationStatus
from server.sip2.connection import BURST, IDLE_SECONDS, WAITING
from storage import schema
from tests.server.sip2.kiosk import (
    BLANK,
    DATE,
    Kiosk,
    SIP2TestCase,
    checkin,
    checkout,
    information,
    item,
    login,
    renew,
    sealed,
)

reactor: Any = installed_reactor


class RepetitionTests(SIP2TestCase):
    """Nothing is done twice."""

    async def test_the_same_frame_again_gets_the_same_bytes(self) -> None:
        kiosk = self.service.kiosk()
        for number, body in enumerate((checkout(b"R1", b"I1"), renew(b"R1", b"I1"), checkin(b"I1"))):
            frame = sealed(body, b"%d" % number)
            kiosk.send(frame)
            first = await kiosk.reply()
            kiosk.send(frame)
            assert kiosk.got() == first
        assert self.service.metrics.value("repeats", "sip2", "11") == 1

    async def test_a_retry_that_comes_while_the_first_is_under_way_waits_for_it(self) -> None:
        kiosk = self.service.kiosk()
        kiosk.send(sealed(checkout(b"R1", b"I1")) * 3)
        first, second, third = (await kiosk.reply(3)).split(b"\r")[:3]
        assert first == second == third
        assert first.startswith(b"121NNY")

    async def test_97_gets_the_last_response(self) -> None:
        kiosk = self.service.kiosk()
        kiosk.send(sealed(checkout(b"R1", b"I1")))
        first = await kiosk.reply()
        kiosk.send(b"97AZFEF5\r")
        assert kiosk.got() == first
        kiosk.send(b"zz\r", sealed(item(b"I1"))[:-2] + b"?\r", b"97AZFEF5\r")
        assert kiosk.got() == b"96\r96AZFEF6\r" + first

    def test_97_as_the_first_bytes_gets_96(self) -> None:
        kiosk = self.service.kiosk(None)
        kiosk.send(b"97AZFEF5\r")
        assert kiosk.got() == b"96AZFEF6\r"

    async def test_a_response_lost_with_its_connection_is_given_on_the_next(self) -> None:
        lost = self.service.kiosk()
        lost.send(sealed(checkout(b"R1", b"I1"), b"3"))
        lost.lose()
        kiosk = self.service.kiosk()
        kiosk.send(sealed(checkout(b"R1", b"I1"), b"8"))
        reply = await kiosk.reply()
        assert reply.startswith(b"121NNY")
        assert re.search(rb"AY8AZ[0-9A-F]{4}\r$", reply)
        assert self.service.metrics.value("repeats", "sip2", "11") == 1
        assert lost.got() == b""

    async def test_a_response_that_was_received_is_not_given_to_another_request(self) -> None:
        first = self.service.kiosk()
        assert (await first.read(checkout(b"R1", b"I1"))).ok
        assert (await first.read(checkin(b"I1"))).ok
        first.lose()
        second = self.service.kiosk()
        assert (await second.read(checkout(b"R2", b"I1"))).ok
        third = self.service.kiosk()
        refused = await third.read(checkout(b"R1", b"I1"))
        assert not refused.ok

    async def test_a_read_after_an_act_shows_that_its_response_was_received(self) -> None:
        first = self.service.kiosk()
        assert (await first.read(checkout(b"R1", b"I1"))).ok
        await first.read(item(b"I1"))
        first.lose()
        second = self.service.kiosk()
        assert (await second.read(checkin(b"I1"))).ok
        assert (await self.service.kiosk().read(checkout(b"R1", b"I1"))).ok
        assert self.service.metrics.value("repeats", "sip2", "11") == 0
        assert (await second.ask(item(b"I1"))).startswith(b"1804")

    async def test_so_does_another_login(self) -> None:
        kiosk = self.service.kiosk()
        assert (await kiosk.read(checkout(b"R1", b"I1"))).ok
        await kiosk.ask(item(b"I1"))
        assert await kiosk.ask(login(b"kiosk-lievin")) == b"941"
        for _ in range(200):  # On PostgreSQL it is noted beside what comes next.
            if not await self.store.work(lambda connection: connection.execute(schema.reply.select()).all()):
                break
        assert not (await self.service.kiosk().read(checkout(b"R1", b"I1"))).ok

    async def test_an_act_under_way_survives_its_connection(self) -> None:
        kiosk = self.service.kiosk()
        kiosk.send(checkout(b"R1", b"I1") + b"\r")
        kiosk.lose()
        reply = await self.service.kiosk(b"kiosk-lievin").read(checkout(b"R2", b"I1"))
        assert not reply.ok
        assert kiosk.got() == b""


class OrderTests(SIP2TestCase):
    """One connection: in order, bounded. Two: independent."""

    async def test_replies_come_in_the_order_of_the_requests(self) -> None:
        kiosk = self.service.kiosk()
        kiosk.send(checkout(b"R1", b"I1") + b"\r" + item(b"I1") + b"\r" + checkin(b"I1") + b"\r" + item(b"I1") + b"\r")
        replies = (await kiosk.reply(4)).split(b"\r")
        assert [reply[:4] for reply in replies] == [b"121N", b"1804", b"101Y", b"1803", b""]

    async def test_reading_pauses_while_much_waits(self) -> None:
        kiosk = self.service.kiosk()
        kiosk.send((checkin(b"I1") + b"\r") * (WAITING + 2))
        assert kiosk.wire.producerState == "paused"
        await kiosk.reply(WAITING + 2)
        assert kiosk.wire.producerState == "producing"

    def test_thousands_of_frames_in_one_segment_neither_recurse_nor_keep_others_waiting(self) -> None:
        kiosk, other = self.service.kiosk(), self.service.kiosk()
        kiosk.send((item(b"I1") + b"\r") * 5000)
        assert kiosk.got().count(b"\r") == BURST
        other.send(item(b"I2") + b"\r")
        assert other.got().startswith(b"1803")
        self.service.clock.pump([0] * (5000 // BURST + 1))
        assert kiosk.got().count(b"\r") == 5000 - BURST

    def test_a_peer_that_does_not_read_is_not_answered_until_it_does(self) -> None:
        kiosk = self.service.kiosk()
        kiosk.protocol.pauseProducing()
        kiosk.send(item(b"I1") + b"\r")
        assert kiosk.got() == b""
        assert kiosk.wire.producerState == "paused"
        kiosk.protocol.resumeProducing()
        assert kiosk.got().startswith(b"1803")
        assert kiosk.wire.producerState == "producing"

    def test_a_peer_that_never_reads_is_cut_off(self) -> None:
        kiosk = self.service.kiosk()
        kiosk.protocol.pauseProducing()
        self.service.clock.advance(IDLE_SECONDS)
        assert kiosk.wire.disconnected

    async def test_bytes_on_a_connection_depend_on_that_connection_alone(self) -> None:
        script = [
            sealed(information(b"R1", language=b"001"), b"1"),
            sealed(checkout(b"R1", b"NONE"), b"2"),
            b"97AZFEF5\r",
            sealed(checkout(b"R1", b"NONE"), b"2"),
            sealed(item(b"I1"), b"3"),
        ]

        async def answers(kiosk: Kiosk, *between: Kiosk) -> list[bytes]:
            got = []
            for number, frame in enumerate(script):
                for other in between:
                    other.send(sealed(information(b"R%d" % (number + 2)), b"7"), b"97AZFEF5\r", b"11\r")
                kiosk.send(frame)
                got.append(await kiosk.reply())
            return got

        alone = await answers(self.service.kiosk())
        beside = await answers(self.service.kiosk(), self.service.kiosk(), self.service.kiosk(b"kiosk-lievin"))
        assert beside == alone

    def slow_reads(self) -> list[Deferred[Any]]:
        """Let reads take their time, as on PostgreSQL; return what is to be fired with True, in the order of the reads."""
        asked: list[Deferred[Any]] = []
        read = self.store.read

        def later(steps: Any) -> Deferred[Any]:
            asked.append(Deferred())
            return asked[-1].addCallback(lambda _now: read(steps))

        self.patch(self.store, "read", later)
        return asked

    def test_one_request_is_asked_at_a_time(self) -> None:
        asked = self.slow_reads()
        kiosk, other = self.service.kiosk(), self.service.kiosk()
        kiosk.send(item(b"I1") + b"\r" + b"9900802.00\r" + item(b"NONE") + b"\r")
        other.send(item(b"I2") + b"\r")
        assert len(asked) == 2
        assert kiosk.got() == b""
        asked[1].callback(True)
        assert b"ABI2|" in other.got()
        asked[0].callback(True)
        assert [reply[:4] for reply in kiosk.got().split(b"\r")] == [b"1803", b"98YY", b""]
        asked[2].callback(True)
        assert kiosk.got().startswith(b"1801")

    def test_an_answer_that_comes_after_the_connection_went_is_dropped(self) -> None:
        asked = self.slow_reads()
        kiosk = self.service.kiosk()
        kiosk.send(item(b"I1") + b"\r" + item(b"I2") + b"\r")
        kiosk.lose()
        asked[0].callback(True)
        assert kiosk.got() == b""
        assert len(asked) == 1

    async def test_one_byte_at_a_time(self) -> None:
        kiosk = self.service.kiosk()
        kiosk.send(*(bytes([byte]) for byte in sealed(checkout(b"R1", b"I1"), b"4")))
        assert (await kiosk.reply()).startswith(b"121NNY")


class HostileTests(SIP2TestCase):
    """The list of behaviours that no server passes."""

    def test_every_terminator_and_noise_between_messages(self) -> None:
        kiosk = self.service.kiosk()
        for noise in (b"\r\n", b"\n", b"\r\r", b"\r\n\r\n", b"\0\r", b"  \r"):
            kiosk.send(b"\n\0 " + item(b"I1") + noise)
        kiosk.send(b"\r")
        assert kiosk.got().count(b"\r") == 6

    def test_nul_is_dropped_and_noted(self) -> None:
        kiosk = self.service.kiosk()
        kiosk.send(item(b"I\x001") + b"\r")
        assert kiosk.got().startswith(b"1803")
        assert self.service.metrics.value("defects", "sip2", "nul") == 1

    def test_unknown_commands_get_96_and_change_nothing(self) -> None:
        kiosk = self.service.kiosk()
        kiosk.send(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n" + item(b"I1") + b"\r")
        self.service.clock.advance(0)
        assert kiosk.got().startswith(b"96\r96\r1803")
        assert self.service.metrics.value("faults", "sip2", "unknown") == 2

    async def test_a_wrong_checksum_is_not_executed(self) -> None:
        kiosk = self.service.kiosk()
        kiosk.send(sealed(checkout(b"R1", b"I1")).replace(b"I1", b"I2"))
        assert kiosk.got() == b"96AZFEF6\r"
        assert (await kiosk.read(item(b"I2"))).circulation_status is CirculationStatus.AVAILABLE

    async def test_truncated_messages_get_the_shape_of_their_reply(self) -> None:
        kiosk = self.service.kiosk()
        for frame, reply in (
            (b"11YN2026AAR1|ABI1|", b"120NUN" + DATE + b"AOLENS|AAR1|ABI1|AJ|AH|AFMessage incomplet.|\r"),
            (b"09", b"100NUY" + DATE + b"AOLENS|AB|AQ|AFMessage incomplet.|\r"),
            (b"63001", b"64YYYY          002" + DATE + b"0" * 24 + b"AOLENS|AA|AE|BLN|AFMessage incomplet.|\r"),
        ):
            kiosk.send(frame + b"\r")
            assert kiosk.got() == reply
        kiosk.send(b"99\r")
        assert kiosk.got().startswith(b"98Y")

    def test_overlong_frames_are_refused_and_the_eighth_closes(self) -> None:
        kiosk = self.service.kiosk()
        kiosk.send(b"17" + b"x" * 20_000, b"y" * 50_000 + b"\r", item(b"I1") + b"\r")
        assert kiosk.got().startswith(b"96\r1803")
        kiosk.send((b"x" * 17_000 + b"\r") * 9)
        self.service.clock.pump([0] * 9)
        assert kiosk.got() == b"96\r" * 8
        assert kiosk.wire.disconnecting
        kiosk.send(item(b"I1") + b"\r")
        assert kiosk.got() == b""

    async def test_odd_dates_bytes_orders_and_fields_are_no_reason_to_refuse(self) -> None:
        kiosk = self.service.kiosk()
        for body in (
            b"11NN" + BLANK + BLANK + b"AB\xe9|AAR1|",
            b"11NN" + b"0" * 36 + b"ZZx|AAR1|ABNONE|ABI1|AO|||",
            b"11NN" + b"rubbish-in-18-char" * 2 + b"AAR1|ABNONE",
        ):
            reply = await kiosk.read(body)
            assert (reply.ok, reply.screen_message) == (False, ("Document inconnu du réseau.",))
        assert (await kiosk.read(b"09N" + b"?" * 36 + b"ABI1")).ok
