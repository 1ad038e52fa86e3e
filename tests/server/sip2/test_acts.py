"""Holds, blocks, item properties, all renewals, fees, acts done off line and acts taken back: each reply, and what is so then."""

from __future__ import annotations

from typing import Any

from pysip2.codec import decode_message
from sqlalchemy import select

from protocols.sip2.codes import CirculationStatus, PatronStatus
from storage import schema
from storage.catalogue.records import save_records
from storage.refusals import SENTENCES, Reason
from tests.network import NOW
from tests.server.sip2.kiosk import (
    BLANK,
    DATE,
    DUE,
    Kiosk,
    SIP2TestCase,
    checkin,
    checkout,
    item,
    renew,
    sealed,
)
from tests.storage.catalogue.running import new_record


def hold(mode: bytes, card: bytes, more: bytes) -> bytes:
    return b"15" + mode + DATE + more + b"AOLENS|AA" + card + b"|"


def offline(body: bytes, when: bytes, due: bytes = BLANK) -> bytes:
    """Make a request one that was done off line: no block, and its own dates."""
    if body.startswith(b"09"):
        return b"09Y" + when + when + body[39:]
    return body[:3] + b"Y" + when + due + body[40:]


class ActTestCase(SIP2TestCase):
    async def rows(self, statement: Any) -> list[Any]:
        return list(await self.store.work(lambda connection: connection.execute(statement).all()))

    async def status(self, kiosk: Kiosk, barcode: bytes) -> CirculationStatus:
        status: CirculationStatus = (await kiosk.read(item(barcode))).circulation_status
        return status


class HoldTests(ActTestCase):
    """15 and 16."""

    async def test_a_hold_is_placed_changed_and_cancelled(self) -> None:
        kiosk = self.service.kiosk()
        got = await kiosk.ask(hold(b"+", b"R1", b"BSLIEVIN|BW20270131    000000|AB" + b"I2|"))
        wanted = b"161N" + DATE + b"BW20270131    000000|BR1|BSLIEVIN|AOLENS|AAR1|ABI2|AJTitre 2|"
        assert got == wanted
        decode_message(got + b"\r", encoding="utf-8")
        moved = await kiosk.read(hold(b"*", b"R1", b"BSAVION|ABI2|"))
        assert (moved.ok, moved.pickup_location) == (True, "AVION")
        later = await kiosk.read(hold(b"*", b"R1", b"BW20270228    000000|ABI2|"))
        assert (later.ok, later.expiration_date.month) == (True, 2)
        for _ in range(2):
            both = await kiosk.read(hold(b"*", b"R1", b"BSLENS|BW20270331    000000|ABI2|"))
            assert (both.ok, both.pickup_location, both.expiration_date.month) == (True, "LENS", 3)
        done = await self.rows(select(schema.journal.c.act).order_by(schema.journal.c.seq))
        assert [act for (act,) in done] == ["hold", "hold-moved", "hold-needed-by", "hold-needed-by", "hold-moved"]
        kept = await self.rows(select(schema.hold.c.pickup_id, schema.hold.c.expires_on))
        assert kept == [(1, "2027-03-31")]
        assert (await kiosk.read(hold(b"-", b"R1", b"ABI2|"))).ok
        again = await kiosk.read(hold(b"-", b"R1", b"ABI2|"))
        assert (again.ok, again.screen_message) == (False, (SENTENCES[Reason.UNKNOWN_HOLD][0],))
        past = await self.rows(select(schema.past_hold.c.outcome))
        assert past == [("cancelled",)]

    async def test_a_second_reader_stands_second_in_line(self) -> None:
        kiosk = self.service.kiosk()
        await kiosk.ask(checkout(b"R3", b"I2"))
        for card, place in ((b"R1", 1), (b"R2", 2)):
            reply = await kiosk.read(hold(b"+", card, b"BY3|ABI2|"))
            assert (reply.ok, reply.queue_position) == (True, place)
        assert (await kiosk.read(item(b"I2"))).hold_queue_length == 2

    async def test_what_cannot_be_held_is_refused_with_its_reason(self) -> None:
        kiosk = self.service.kiosk()
        for body, reason in (
            (hold(b"+", b"R1", b"ABNONE|"), Reason.UNKNOWN_ITEM),
            (hold(b"+", b"R99", b"ABI2|"), Reason.UNKNOWN_PATRON),
            (hold(b"+", b"R1", b"AJ424242|"), Reason.UNKNOWN_TITLE),
            (hold(b"+", b"R1", b"AJA title in words|"), Reason.UNKNOWN_TITLE),
            (hold(b"+", b"R1", b"BSATLANTIS|ABI2|"), Reason.NO_PICKUP_HERE),
            (hold(b"+", b"R1", b"BW20200101    000000|ABI2|"), Reason.BAD_DATE),
            (hold(b"+", b"R1", b"AD0000|ABI2|"), Reason.WRONG_PIN),
            (hold(b"*", b"R1", b"ABI2|"), Reason.NOT_SUPPORTED),
            (hold(b"?", b"R1", b"ABI2|"), Reason.NOT_SUPPORTED),
        ):
            reply = await kiosk.read(body)
            assert not reply.ok
            assert SENTENCES[reason][0] in reply.screen_message

    async def test_a_return_that_is_told_again_serves_a_hold_that_came_between(self) -> None:
        kiosk = self.service.kiosk()
        assert not (await kiosk.read(checkin(b"I2"))).alert
        kiosk.lose()
        await self.service.kiosk(b"kiosk-lievin").ask(hold(b"+", b"R1", b"BSLENS|ABI2|"))
        for _ in range(2):
            again = self.service.kiosk()
            assert (await again.read(checkin(b"I2"))).alert_type == "01"
            again.lose()

    async def test_a_title_may_be_named_as_it_is_written(self) -> None:
        def catalogue(connection: Any) -> None:
            titles = ("L'Étranger", "Poésies", "Poésies")
            saved = [new_record(f"{number}", f"200 1  $a{title}") for number, title in enumerate(titles)]
            save_records(connection, saved, [1], NOW)
            number = connection.scalar(select(schema.record.c.id).where(schema.record.c.control == "0"))
            connection.execute(schema.item.update().where(schema.item.c.id == 2).values(record_id=number))

        await self.store.work(catalogue)
        kiosk = self.service.kiosk()
        for mode in (b"+", b"-"):
            reply = await kiosk.read(hold(mode, b"R1", b"AJl'etranger|"))
            assert (reply.ok, reply.title_identifier) == (True, "Titre 0")
        for title in ("Poésies|", "Étr|", "!|"):  # two of them, a part of one, and no word at all
            reply = await kiosk.read(hold(b"+", b"R1", b"AJ" + title.encode()))
            assert (reply.ok, reply.screen_message) == (False, (SENTENCES[Reason.UNKNOWN_TITLE][0],))

    async def test_a_hold_whose_answer_was_lost_is_there_once(self) -> None:
        lost = self.service.kiosk()
        lost.send(sealed(hold(b"+", b"R1", b"ABI2|"), b"4"))
        first = await lost.reply()
        lost.lose()
        again = await self.service.kiosk().ask(hold(b"+", b"R1", b"ABI2|"))
        assert again.startswith(b"161")
        assert first.startswith(again)
        assert len(await self.rows(select(schema.hold.c.id))) == 1


class PatronTests(ActTestCase):
    """01 and 25."""

    async def test_a_card_is_blocked_and_enabled_again(self) -> None:
        await self.profile(messages="01 11 23 25 63")
        kiosk = self.service.kiosk()
        block = b"01Y" + DATE + b"AOLENS|ALcard jammed|AAR1|AC|"
        for _ in range(2):
            reply = await kiosk.read(block)
            assert reply.CODE == "24"
            assert PatronStatus.CHARGE_PRIVILEGES_DENIED in reply.patron_status
            assert (reply.personal_name, reply.valid_patron) == ("Camille Durand1", True)
        kept = await self.rows(select(schema.block.c.kind, schema.block.c.note))
        assert kept == [("terminal", "card retained; card jammed")]
        assert not (await kiosk.read(checkout(b"R1", b"I1"))).ok
        enable = b"25" + DATE + b"AOLENS|AAR1|"
        wrong = await kiosk.read(enable + b"AD0000|")
        assert (wrong.CODE, wrong.valid_patron_password, wrong.personal_name) == ("26", False, "")
        right = await kiosk.read(enable + b"AD1234|")
        assert (right.patron_status, right.valid_patron_password) == (frozenset(), True)
        assert (await kiosk.read(checkout(b"R1", b"I1"))).ok

    async def test_a_block_that_is_told_again_after_a_broken_line_is_set_and_lifted_once(self) -> None:
        await self.profile(messages="01 25")
        block, enable = b"01N" + DATE + b"AOLENS|ALjammed|AAR1|AC|", b"25" + DATE + b"AOLENS|AAR1|"
        for body in (block, enable):
            replies = []
            for _ in range(2):
                kiosk = self.service.kiosk()
                kiosk.send(sealed(body, b"3"))
                replies.append(await kiosk.reply())
                kiosk.lose()
            assert replies[0] == replies[1]
        done = await self.rows(select(schema.journal.c.act).order_by(schema.journal.c.seq))
        assert done == [("reader.blocked",), ("reader.unblocked",)]
        kiosk = self.service.kiosk()
        for body in (block, block):  # On one connection, and without AY, it is asked twice.
            await kiosk.ask(body)
        assert len(await self.rows(select(schema.journal.c.act))) == 4

    async def test_a_terminal_lifts_no_block_of_staff(self) -> None:
        await self.change(schema.block.insert().values(patron_id=1, kind="manual", acts="*"))
        await self.profile(messages="25")
        reply = await self.service.kiosk().read(b"25" + DATE + b"AOLENS|AAR1|")
        assert PatronStatus.CHARGE_PRIVILEGES_DENIED in reply.patron_status

    async def test_a_card_that_nobody_knows_is_refused(self) -> None:
        await self.profile(messages="01 25")
        kiosk = self.service.kiosk()
        for body in (b"01N" + DATE + b"AOLENS|ALx|AAR99|AC|", b"25" + DATE + b"AOLENS|AAR99|"):
            reply = await kiosk.read(body)
            assert (reply.valid_patron, reply.screen_message) == (False, (SENTENCES[Reason.UNKNOWN_PATRON][0],))

    async def test_a_device_may_enable_nobody_unless_its_profile_says_so(self) -> None:
        reply = await self.service.kiosk().read(b"25" + DATE + b"AOLENS|AAR1|")
        assert reply.screen_message == (SENTENCES[Reason.NOT_SUPPORTED][0],)


class ItemTests(ActTestCase):
    """19, 37 and 65."""

    async def test_item_properties_are_stored(self) -> None:
        kiosk = self.service.kiosk()
        got = await kiosk.ask(b"19" + DATE + b"AOLENS|ABI1|CHset of 3|")
        assert got == b"201" + DATE + b"ABI1|AJTitre 1|CHset of 3|"
        decode_message(got + b"\r", encoding="utf-8")
        assert await self.rows(select(schema.item.c.properties).where(schema.item.c.id == 1)) == [("set of 3",)]
        replies = [
            await kiosk.read(body)
            for body in (item(b"I1"), checkout(b"R1", b"I1"), checkin(b"I1", b"BIY|"), checkin(b"I1"))
        ]
        assert [reply.item_properties for reply in replies] == ["set of 3"] * 4
        refused = await kiosk.read(b"19" + DATE + b"AOLENS|ABNONE|CHx|")
        assert (refused.item_properties_ok, refused.screen_message) == (False, (SENTENCES[Reason.UNKNOWN_ITEM][0],))

    async def test_properties_whose_answer_was_lost_are_stored_once(self) -> None:
        for _ in range(2):
            kiosk = self.service.kiosk()
            kiosk.send(sealed(b"19" + DATE + b"AOLENS|ABI1|CHset of 3|", b"4"))
            assert (await kiosk.reply()).startswith(b"201")
            kiosk.lose()
        assert await self.rows(select(schema.journal.c.act)) == [("item-properties",)]

    async def test_a_free_network_takes_no_money(self) -> None:
        await self.profile(messages="37")
        kiosk = self.service.kiosk()
        reply = await kiosk.read(b"37" + DATE + b"0100EURBV1.00|AOLENS|AAR1|BK7|")
        assert (reply.payment_accepted, reply.transaction_id) == (False, "7")
        assert reply.screen_message == ("Réseau gratuit : rien à payer.",)
        assert "37" not in {code.value for code in (await kiosk.read(b"9900802.00")).supported_messages}

    async def test_all_loans_are_renewed_and_an_answer_that_was_lost_is_given_again(self) -> None:
        kiosk = self.service.kiosk()
        for barcode in (b"I1", b"I2", b"I3"):
            assert (await kiosk.read(checkout(b"R1", barcode))).ok
        await kiosk.ask(hold(b"+", b"R2", b"BY3|ABI3|"))
        body = b"65" + DATE + b"AOLENS|AAR1|"
        first = await kiosk.ask(body)
        assert first.startswith(b"66100020001" + DATE + b"AOLENS|BMI1|BMI2|BNI3|AF")
        kiosk.lose()
        assert await self.service.kiosk().ask(body) == first
        assert await self.rows(select(schema.loan.c.renewals).order_by(schema.loan.c.item_id)) == [(1,), (1,), (0,)]

    async def test_a_loan_may_be_named_by_its_title_alone(self) -> None:
        kiosk = self.service.kiosk()
        await kiosk.ask(checkout(b"R1", b"I1"))
        renewal = b"29NN" + DATE + BLANK + b"AOLENS|AAR1|AJ"
        reply = await kiosk.read(renewal + b"Titre 1|")
        assert (reply.ok, reply.title_identifier) == (True, "Titre 1")
        for more, reason in (
            (b"Titre 2|", Reason.NOT_ON_LOAN_TO_PATRON),
            (b"Titre 1|AD0000|", Reason.WRONG_PIN),
        ):
            reply = await kiosk.read(renewal + more)
            assert (reply.ok, reply.screen_message) == (False, (SENTENCES[reason][0],))

    async def test_nothing_is_renewed_with_a_wrong_pin_or_for_nobody(self) -> None:
        kiosk = self.service.kiosk()
        await kiosk.ask(checkout(b"R1", b"I1"))
        for more, reason in (
            (b"AAR1|AD0000|", Reason.WRONG_PIN), (b"AAR2|AD0000|", Reason.WRONG_PIN), (b"AAR99|", Reason.UNKNOWN_PATRON),
        ):  # fmt: skip
            reply = await kiosk.read(b"65" + DATE + b"AOLENS|" + more)
            assert (reply.ok, reply.renewed_count, reply.screen_message) == (False, 0, (SENTENCES[reason][0],))

    async def test_what_changed_since_is_renewed_anew(self) -> None:
        kiosk = self.service.kiosk()
        await kiosk.ask(checkout(b"R1", b"I1"))
        body = b"65" + DATE + b"AOLENS|AAR1|"
        assert (await kiosk.read(body)).renewed_items == ("I1",)
        kiosk.lose()
        other = self.service.kiosk(b"kiosk-lievin")
        await other.ask(checkout(b"R1", b"I2"))
        reply = await self.service.kiosk().read(body)
        assert (reply.renewed_items, reply.unrenewed_items) == (("I2",), ("I1",))

    async def test_a_reader_without_loans_has_none_renewed(self) -> None:
        assert await self.service.kiosk().ask(b"65" + DATE + b"AOLENS|AAR1|") == b"66100000000" + DATE + b"AOLENS|"


class OfflineTests(ActTestCase):
    """`no block`: it has happened."""

    async def test_what_was_lent_off_line_is_lent_against_the_rules_and_staff_are_told(self) -> None:
        await self.change(schema.block.insert().values(patron_id=1, kind="manual", acts="*"))
        kiosk = self.service.kiosk()
        then = b"20261121    100000"
        reply = await kiosk.read(offline(checkout(b"R1", b"I1"), then, b"20261230    235900"))
        assert (reply.ok, reply.due_date) == (True, "20261230    235900")
        lent = await self.rows(select(schema.loan.c.out_at, schema.loan.c.due_on))
        assert lent == [(NOW - 26 * 3600, "2026-12-30")]
        assert ("offline-refused",) in await self.rows(select(schema.anomaly.c.kind))

    async def test_a_batch_out_of_order_ends_as_it_happened(self) -> None:
        kiosk = self.service.kiosk()
        await kiosk.ask(offline(checkin(b"I1"), b"20261121    110000"))
        assert (await kiosk.read(offline(checkout(b"R1", b"I1"), b"20261121    100000"))).ok
        assert await self.status(kiosk, b"I1") is CirculationStatus.AVAILABLE
        (lent,) = await self.rows(select(schema.past_loan.c.out_at, schema.past_loan.c.in_at))
        assert lent == (NOW - 26 * 3600, NOW - 25 * 3600)

    async def test_a_batch_that_is_sent_again_changes_nothing(self) -> None:
        batch = [
            offline(checkout(b"R1", b"I1"), b"20261121    100000"),
            offline(checkout(b"R2", b"I2"), b"20261121    100100"),
            offline(checkin(b"I2"), b"20261121    120000"),
        ]
        for _ in range(2):
            kiosk = self.service.kiosk()
            for body in batch:
                assert (await kiosk.ask(body))[2:3] == b"1"
            kiosk.lose()
        assert len(await self.rows(select(schema.loan.c.id))) == 1
        assert len(await self.rows(select(schema.past_loan.c.id))) == 1

    async def test_a_batch_that_is_sent_again_when_its_replies_are_forgotten_changes_nothing_either(self) -> None:
        batch = [
            offline(checkout(b"R1", b"I1"), b"20261121    100000"),
            offline(checkout(b"R2", b"I2"), b"20261121    100100"),
            offline(checkin(b"I2"), b"20261121    120000"),
            offline(checkout(b"R3", b"I3"), b"20261121    100100"),
            offline(renew(b"R3", b"I3"), b"20261121    110100"),
        ]
        journal = select(schema.journal.c.act).order_by(schema.journal.c.seq)
        for _ in range(3):
            kiosk = self.service.kiosk()
            assert [(await kiosk.ask(body))[2:3] for body in batch] == [b"1"] * 5
            kiosk.lose()
            assert [act for (act,) in await self.rows(journal)] == [
                "checkout",
                "checkout",
                "checkin",
                "checkout",
                "renew",
            ]
            assert await self.rows(select(schema.anomaly.c.id)) == []
            await self.change(schema.reply.delete())
            self.service.clock.advance(2 * 86400)

    async def test_an_off_line_renewal_keeps_what_was_promised(self) -> None:
        kiosk = self.service.kiosk()
        await kiosk.ask(checkout(b"R1", b"I1"))
        body = b"29NY" + DATE + b"20270105    235900" + b"AOLENS|AAR1|ABI1|"
        reply = await kiosk.read(body)
        assert (reply.ok, reply.due_date) == (True, "20270105    235900")

    async def test_what_nobody_knows_is_refused_and_staff_are_told(self) -> None:
        kiosk = self.service.kiosk()
        assert not (await kiosk.read(offline(checkout(b"R1", b"NONE"), DATE))).ok
        assert ("offline-unknown",) in await self.rows(select(schema.anomaly.c.kind))


class UndoTests(ActTestCase):
    """BI: the act that failed at the terminal is taken back."""

    async def test_a_loan_that_failed_is_taken_back(self) -> None:
        kiosk = self.service.kiosk()
        await kiosk.ask(checkout(b"R1", b"I1"))
        got = await kiosk.ask(checkin(b"I1", b"BIY|"))
        assert got == b"101YNN" + DATE + b"AOLENS|ABI1|AQLENS|AJTitre 1|"
        assert await self.status(kiosk, b"I1") is CirculationStatus.AVAILABLE
        assert await self.rows(select(schema.past_loan.c.id)) == []

    async def test_a_return_that_failed_is_taken_back_with_its_due_date(self) -> None:
        kiosk = self.service.kiosk()
        await kiosk.ask(checkout(b"R1", b"I1"))
        await kiosk.ask(checkin(b"I1"))
        got = await kiosk.ask(checkout(b"R1", b"I1", more=b"BIY|"))
        assert got == b"121NNY" + DATE + b"AOLENS|AAR1|ABI1|AJTitre 1|AH" + DUE + b"|"
        again = await kiosk.read(item(b"I1"))
        assert (again.circulation_status, again.due_date) == (CirculationStatus.CHARGED, DUE.decode())

    async def test_nobody_is_asked_for_a_pin_for_what_failed(self) -> None:
        await self.profile(pin_required="yes")
        kiosk = self.service.kiosk()
        assert (await kiosk.read(checkout(b"R1", b"I1", more=b"AD1234|"))).ok
        assert (await kiosk.read(checkin(b"I1"))).ok
        assert (await kiosk.read(checkout(b"R1", b"I1", more=b"BIY|"))).ok
        assert await self.status(kiosk, b"I1") is CirculationStatus.CHARGED

    async def test_what_did_not_happen_here_is_not_taken_back(self) -> None:
        kiosk, other = self.service.kiosk(), self.service.kiosk(b"kiosk-lievin")
        refused = await kiosk.read(checkin(b"I1", b"BIY|"))
        assert (refused.ok, refused.screen_message) == (False, (SENTENCES[Reason.NOTHING_TO_UNDO][0],))
        await kiosk.ask(checkout(b"R1", b"I1"))
        assert not (await other.read(checkin(b"I1", b"BIY|"))).ok
        assert await self.status(kiosk, b"I1") is CirculationStatus.CHARGED


class LegacyTests(ActTestCase):
    """A terminal of 1.00."""

    async def test_it_gets_no_field_that_came_later(self) -> None:
        kiosk = self.service.kiosk()
        status = await kiosk.ask(b"9900801.00")
        assert status == b"98YYYYYY100003" + DATE + b"1.00AOLENS|AMM\xc3\xa9diath\xc3\xa8que de Lens|"
        patron = await kiosk.ask(b"23000" + DATE + b"AOLENS|AAR1|AC|AD1234|")
        assert patron == b"24" + b" " * 14 + b"002" + DATE + b"AOLENS|AAR1|AECamille Durand1|"
        assert await kiosk.ask(checkout(b"R1", b"I1")) == (
            b"121NNY" + DATE + b"AOLENS|AAR1|ABI1|AJTitre 1|AH" + DUE + b"|"
        )
        assert await kiosk.ask(checkin(b"I12")) == (
            b"101YNY"
            + DATE
            + b"AOLENS|ABI12|AQLIEVIN|AJTitre 12|AF\xc3\x80 envoyer \xc3\xa0 M\xc3\xa9diath\xc3\xa8que de Li\xc3\xa9vin.|"
        )
        assert b"BX" in await kiosk.ask(b"9900802.00")
