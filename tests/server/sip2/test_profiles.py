"""What each option of a device's profile does to what the device gets: a row for each, and reloading without a lost connection."""

from __future__ import annotations

import json
from typing import Any

from twisted.internet.address import IPv4Address

from devices.profiles import OPTIONS
from protocols.sip2.codes import PatronStatus, SupportedMessage
from storage import schema
from storage.circulation.accounts import View
from tests.server.sip2.kiosk import DATE, DUE, SIP2TestCase, checkin, checkout, information, item, login, renew, sealed

STATUS = b"9900802.00"
END = b"35" + DATE + b"AOLENS|AAR1|"
OUT, BACK, AWAY = checkout(b"R1", b"I1"), checkin(b"I1"), checkin(b"I12")
CHARGED = information(b"R1", b"  Y       ")
NO_CARD = information(b"R99")

ROWS: list[tuple[dict[str, str], tuple[bytes, ...], bytes, bytes]] = [
    # options, what is sent before, what is sent, what the answer to it holds (or, after `!`, does not hold)
    ({"charset": "cp850"}, (), STATUS, "Médiathèque".encode("cp850")),
    ({"charset": "ascii"}, (), STATUS, b"Mediatheque"),
    ({"charset": "latin-1"}, (), STATUS, "Médiathèque".encode("latin-1")),
    ({"charset": "cp1252"}, (), STATUS, "Médiathèque".encode("cp1252")),
    ({"terminator": "CRLF"}, (), STATUS, b"|\r\n"),
    ({"delimiter": "^"}, (), STATUS, b"AOLENS^AM"),
    ({"error_detection": "off"}, (), sealed(item(b"I1"))[:-1], b"!AZ"),
    ({"error_detection": "required"}, (), item(b"I1"), b"96AZFEF6\r"),
    ({"timeout": "55", "retries": "7"}, (), STATUS, b"98YYYYYY055007"),
    ({"timezone": "America/New_York"}, (), STATUS, b"20261122    060000"),
    ({"messages": "17"}, (), STATUS, b"98YNNNNY100003"),
    ({"messages": "17"}, (), STATUS, b"BXNNNNYYYNNNYNNNNN|"),
    ({"messages": "17"}, (), OUT, "Fonction non proposée".encode()),
    ({"messages": "17"}, (), END, b"36Y"),
    ({"offline": "no"}, (), STATUS, b"98YYYYYN"),
    ({"language": "en"}, (), checkout(b"R1", b"NONE"), b"AFItem unknown"),
    ({"languages": "fr"}, (), information(b"R99", language=b"001"), b"AFCarte inconnue."),
    ({"screen": "never"}, (), NO_CARD, b"!AF"),
    ({"screen": "always"}, (), information(b"R1"), b"AFOK|"),
    ({"screen_rules": "Carte => Votre carte; inconnue => perdue"}, (), NO_CARD, b"AFVotre carte perdue.|"),
    ({"receipt": "12"}, (), OUT, "AGTitre 1|AGÀ rendre le 20/12/2026|".encode()),
    ({"receipt": "12", "receipt_lines": "12 Retour : {due}; 36 Au revoir"}, (), OUT, b"AGRetour : 20/12/2026|\r"),
    ({"receipt": "10", "receipt_lines": "10 {route}; 10 Vers {place}"}, (), AWAY, b"AGVers LIEVIN|\r"),
    ({"receipt": "10", "receipt_lines": "10 {place}"}, (OUT,), BACK, b"!AG"),
    ({"receipt": "10"}, (), AWAY, "AGÀ envoyer : LIEVIN|AGTitre 12|AGI12|".encode()),
    ({"receipt": "36"}, (b"9900202.00",), END, "AGMerci de votre|AGvisite. Médiathèque|AGde Lens|".encode()),
    ({"receipt": "36", "print_width": "20"}, (), END, b"AGMerci de votre|AG"),
    ({"institution": "library"}, (), item(b"I1").replace(b"LENS", b"X1"), b"!X1"),
    ({"library_name": "La médiathèque"}, (), STATUS, "AMLa médiathèque|".encode()),
    ({"terminal_location": "Hall"}, (), STATUS, b"ANHall|"),
    ({"personal_name": "{surname}, {forename}"}, (), information(b"R1"), b"AEDurand1, Camille|"),
    ({"personal": ""}, (), information(b"R1"), b"AE|"),
    ({"personal": "AE BE"}, (), information(b"R1"), b"BEr1@example.org|"),
    ({}, (), information(b"R1"), b"!example.org"),
    ({"due_date": "%d/%m/%Y"}, (), OUT, b"AH20/12/2026|"),
    ({"due_date": "%d/%m/%Y"}, (OUT,), item(b"I1"), b"AH" + DUE),
    ({"item_due_date": "%Y-%m-%d %H:%M:%S"}, (OUT,), item(b"I1"), b"AH2026-12-20 23:59:00|"),
    ({"entries": "title"}, (OUT,), CHARGED, b"AUTitre 1|"),
    ({"most_entries": "1"}, (OUT, checkout(b"R1", b"I2")), CHARGED, b"AUI1|\r"),
    ({"most_entries": "1"}, (OUT, checkout(b"R1", b"I2")), CHARGED + b"BP2|", b"AUI2|\r"),
    ({"most_entries": "1"}, (OUT, checkout(b"R1", b"I2")), CHARGED + b"BP1|BQ2|", b"AUI1|\r"),
    ({"empty_pin": "trust"}, (), information(b"R1", more=b"AD|"), b"CQY|"),
    ({"pin_required": "yes"}, (), information(b"R1"), b"AFCode secret incorrect.|"),
    ({"pin_required": "yes"}, (), OUT, b"120"),
    ({"pin_required": "yes"}, (), information(b"R1", more=b"AD1234|"), b"AECamille Durand1|"),
    ({"not_on_loan_ok": "no"}, (), BACK, b"100YNY"),
    ({"not_on_loan_ok": "no", "alert_when_refused": "no", "alert_type_always": "yes"}, (), BACK, b"!CV"),
    ({"model": "koha"}, (), BACK, b"100YNY"),
    ({"model": "koha"}, (OUT,), BACK, b"101YNN"),
    ({"model": "koha"}, (OUT,), item(b"I1"), b"AH" + DUE + b"|"),
    ({"model": "evergreen"}, (), OUT, b"AH2026-12-20 23:59:00|"),
    ({"not_on_loan_ok": "no"}, (OUT,), BACK, b"101Y"),
    ({"alert_when_refused": "no"}, (), checkin(b"NONE"), b"100NUN"),
    ({"alert_type_always": "yes"}, (OUT,), BACK, b"CV00|"),
    ({"destination_always": "yes"}, (OUT,), BACK, b"CT|"),
    ({"bins": "alert = 04: 2; type = BOOK: 3; *: 1"}, (), AWAY, b"CL2|"),
    ({"bins": "alert = 04: 2; type = BOOK: 3; *: 1"}, (OUT,), BACK, b"CL3|"),
    ({"bins": "alert = 04: 2; home != LENS: 3; *: 1"}, (), checkin(b"NONE"), b"CL3|"),
    ({"checkin_place": "device"}, (), checkin(b"I1").replace(b"AP|", b"APLIEVIN|"), b"101YNN"),
    ({"checkin_mode": "local"}, (), AWAY, b"101YNN"),
    ({"magnetic_media": "unknown"}, (OUT,), BACK, b"101YUN"),
    ({"magnetic_media": "no"}, (), OUT, b"121NNY"),
    ({"personal": "AA"}, (OUT,), BACK, b"AAR1|"),
    ({}, (OUT,), BACK, b"!AA"),
    ({"loan_number": "yes"}, (), OUT, b"BK"),
    ({"loan_number": "yes"}, (OUT,), renew(b"R1", b"I1"), b"BK"),
    ({"loan_number": "yes"}, (), checkout(b"R99", b"I1"), b"!BK"),
    ({}, (), OUT, b"!BK"),
    ({"card_validity": "yes"}, (), checkout(b"R99", b"I1"), b"BLN|"),
    ({"card_validity": "yes"}, (OUT,), checkout(b"R2", b"I1"), b"BLY|"),
    ({"model": "koha"}, (), checkout(b"R99", b"NONE"), b"BLN|"),
    ({"model": "koha"}, (), OUT, b"!BL"),
    ({"security_marker": "02"}, (), item(b"I1"), b"180302"),
    ({"queue_digits": "5"}, (), item(b"I1"), b"CF00000|"),
    ({"hidden_fields": "AQ AP"}, (), item(b"I1"), b"!AQLENS"),
    ({"shown_fields": "AB AJ AH"}, (), item(b"I1"), b"ABI1|AJTitre 1|\r"),
    ({"extensions": "64 PA {expires:%Y%m%d}; 24 PC {category}"}, (), information(b"R1"), b"PA20271231|"),
    ({"extensions": "18 IT {type}; 18 IA {author}"}, (), item(b"I1"), "ITBOOK|IAZola, Émile|".encode()),
    ({"extensions": "24 BE {email}"}, (), b"23000" + DATE + b"AOLENS|AAR1|AC|AD|", b"BEr1@example.org|"),
    ({"extensions": "64 PB {born:%Y%m%d}"}, (), information(b"R1"), b"PB|"),
    ({"extensions": "64 FU {category}; 64 FV {category_name}"}, (), information(b"R1"), b"FUADULT|FVAdulte|"),
    ({"extensions": "10 CH {type_name}"}, (), BACK, b"CHLivre|"),
    ({"extensions": "18 IM {media}"}, (), item(b"I1"), b"IM001|"),
    ({"model": "evergreen"}, (OUT,), CHARGED, b"AUTitre 1|"),
    ({"model": "gate"}, (), OUT, b"120"),
    ({"model": "libki"}, (), information(b"R1"), b"AEDurand1, Camille|"),
    ({"model": "cen-tec", "terminator": "CR"}, (), STATUS, b"|\r"),
]


class OptionTests(SIP2TestCase):
    """A row for each option."""

    async def test_every_row(self) -> None:
        for number, (options, before, sent, wanted) in enumerate(ROWS):
            await self.fresh()
            await self.profile(**options)
            kiosk = self.service.kiosk(None)
            kiosk.send(login() + b"\r")
            kiosk.got()
            for frame in before:
                kiosk.send(self.as_wired(frame, options) + b"\r")
                await kiosk.reply()
            kiosk.send(self.as_wired(sent, options) + b"\r")
            got = await kiosk.reply()
            held = wanted.removeprefix(b"!") in got
            assert held is not wanted.startswith(b"!"), (number, options, got)

    @staticmethod
    def as_wired(frame: bytes, options: dict[str, str]) -> bytes:
        return frame.replace(b"|", options.get("delimiter", "|").encode())

    async def fresh(self) -> None:
        """Undo what a row did: loans, transits and where items are."""

        def clean(connection: Any) -> None:
            for table in ("transit", "loan", "past_loan_reader", "past_loan", "reply"):
                connection.execute(getattr(schema, table).delete())
            connection.execute(schema.item.update().values(current_id=schema.item.c.home_id))
            connection.execute(schema.patron.update().values(pin_failures=0, pin_locked_until=None))

        await self.store.work(clean)

    def test_every_option_that_changes_an_answer_has_its_row(self) -> None:
        elsewhere = {
            # lengths, times and bounds: test_bounds, test_transports, and below
            *("longest_message", "repeat_window", "idle_timeout", "status_before_login", "addresses", "certificate"),
            *("connections", "rate", "pin_tries", "hold_entries", "ready_holds", "hidden_flags", "asked_is_seen"),
        }
        assert {name for options, *_ in ROWS for name in options} | elsewhere == set(OPTIONS)


class OtherTests(SIP2TestCase):
    """Options that one exchange does not show."""

    async def test_holds_are_listed_as_the_device_wants_them(self) -> None:
        hold = schema.hold.insert()
        shared = {"patron_id": 1, "pickup_id": 1, "requested_at": 1}
        await self.change(
            hold.values(id=1, target_item_id=2, item_id=2, state="shelf", shelf_until="2026-12-01", **shared)
        )
        await self.change(hold.values(id=2, target_item_id=11, state="waiting", **shared))
        await self.profile(ready_holds="all", hold_entries="title")
        reply = await self.service.kiosk().read(information(b"R1", b"Y         "))
        assert (reply.hold_items_count, reply.hold_items) == (2, ("Titre 2", "Titre 11"))

    async def test_who_gets_an_item_is_told_to_a_device_that_prints_slips(self) -> None:
        await self.change(schema.patron.update().where(schema.patron.c.id == 2).values(phone="0321"))
        hold = {"patron_id": 2, "requested_at": 1, "state": "waiting"}
        await self.change(schema.hold.insert().values(id=1, target_item_id=1, pickup_id=1, **hold))
        await self.change(schema.hold.insert().values(id=2, target_item_id=2, pickup_id=2, **hold))
        got = await self.service.kiosk().ask(BACK)
        assert b"CV01|" in got
        assert b"Durand" not in got
        await self.profile(personal="CY DA BF", personal_name="{surname}")
        for sent in (checkin(b"I1", b"CH1|"), checkin(b"I2")):  # on the shelf already, and about to travel
            got = await self.service.kiosk().ask(sent)
            assert b"CYR2|DADurand2|" in got
            assert b"BF0321|" in got
        for barcode, kind in ((b"I1", b"CV01|"), (b"I2", b"CV02|")):
            assert kind + b"CYR2|DADurand2|" in await self.service.kiosk().ask(item(barcode))
        await self.profile(personal="BF")
        got = await self.service.kiosk().ask(checkin(b"I1", b"CH3|"))
        assert b"BF0321|" in got
        assert b"CY" not in got
        await self.profile(personal="CY")
        reply = await self.service.kiosk().read(checkin(b"I1", b"CH2|"))
        assert (reply.hold_patron_id, reply.hold_patron_name, reply.extensions) == ("R2", None, ())

    async def test_a_slip_and_a_bin_are_those_of_the_next_shuttle(self) -> None:
        await self.change(schema.route.insert().values(id=1, code="NORD", weekdays="2"))
        for position, (library, at) in enumerate(((1, "09:00"), (2, "10:00"))):
            stop = schema.route_stop.insert().values(route_id=1, position=position, library_id=library, at=at)
            await self.change(stop)
        await self.profile(receipt="10", bins="route = NORD: 7; *: 1")
        kiosk = self.service.kiosk()
        away = await kiosk.read(AWAY)
        assert away.print_line == ("À envoyer : LIEVIN", "Navette NORD du 24/11/2026", "Titre 12", "I12")
        assert [away.sort_bin, (await kiosk.read(BACK)).sort_bin] == ["7", "1"]
        elsewhere = await kiosk.read(checkin(b"I11"))  # to where no van goes
        assert (elsewhere.sort_bin, elsewhere.print_line) == ("1", ("À envoyer : AVION", "Titre 11", "I11"))

    async def test_what_a_device_asks_for_is_found_when_it_has_it_in_hand(self) -> None:
        await self.change(schema.item.update().where(schema.item.c.id.in_([1, 2])).values(condition="missing"))
        assert (await self.service.kiosk().read(item(b"I1"))).circulation_status == "13"
        await self.profile(asked_is_seen="yes")
        kiosk = self.service.kiosk()
        replies = [await kiosk.read(item(barcode)) for barcode in (b"I1", b"I3", b"NONE")]
        assert [reply.circulation_status for reply in replies] == ["03", "03", "01"]

    async def test_flags_that_a_device_must_not_heed_are_left_blank(self) -> None:
        await self.change(schema.block.insert().values(patron_id=1, kind="manual", acts="*"))
        await self.profile(hidden_flags="0 3")
        reply = await self.service.kiosk().read(information(b"R1"))
        assert reply.patron_status == {PatronStatus.RENEWAL_PRIVILEGES_DENIED}

    async def test_lengths_and_times(self) -> None:
        await self.profile(longest_message="300", idle_timeout="30", repeat_window="1")
        kiosk = self.service.kiosk()
        kiosk.send(item(b"I" * 400) + b"\r")
        assert kiosk.got() == b"96\r"
        frame = sealed(checkin(b"I1"))
        kiosk.send(frame)
        await kiosk.reply()
        self.service.clock.advance(2)
        kiosk.send(frame)
        await kiosk.reply()
        assert self.service.metrics.value("repeats", "sip2", "09") == 0
        self.service.clock.advance(30)
        assert kiosk.wire.disconnecting

    async def test_99_before_a_login_may_be_refused(self) -> None:
        await self.network_profile(status_before_login="no")
        kiosk = self.service.kiosk(None)
        kiosk.send(STATUS + b"\r")
        refused = kiosk.got()
        assert refused.startswith(b"98N")
        assert b"connexion requise" in refused

    async def test_a_device_that_alone_has_an_address_is_answered_as_itself_before_it_logs_in(self) -> None:
        await self.profile(addresses="192.0.2.7 198.51.100.0/24", terminator="CRLF", charset="ascii", timeout="30")
        await self.profile("kiosk-lievin", addresses="198.51.100.8", status_before_login="no")

        async def answer(host: str) -> bytes:
            kiosk = self.service.kiosk(None)
            self.patch(kiosk.wire, "getPeer", lambda: IPv4Address("TCP", host, 1))
            kiosk.protocol._session.profile = kiosk.protocol._spoken()
            kiosk.send(STATUS + b"\r")
            return kiosk.got()

        assert (await answer("192.0.2.7")).startswith(b"98YYYYYY030003")
        assert (await answer("198.51.100.9")).endswith(b"|\r\n")
        for host in ("198.51.100.8", "192.0.2.8", "::1"):  # two may come from there; nobody is expected from there
            assert (await answer(host)).startswith(b"98YYYYYY100003")
        await self.profile()
        assert (await answer("198.51.100.8")).startswith(b"98N")

    async def network_profile(self, library: str = "", **options: str) -> None:
        setting = schema.setting
        await self.change(setting.insert().values(name=f"sip2.profile:{library}", value=json.dumps(options)))
        await self.store.reload_network()

    async def test_network_library_and_device_are_inherited(self) -> None:
        await self.network_profile(screen="always", terminal_location="réseau", timeout="70")
        await self.network_profile("LENS", terminal_location="Lens", timeout="80")
        await self.profile(timeout="90")
        kiosk, other = self.service.kiosk(), self.service.kiosk(b"kiosk-lievin")
        for one, location, timeout in ((kiosk, "Lens", 90), (other, "réseau", 70)):
            reply = await one.read(STATUS)
            assert (reply.screen_message, reply.terminal_location, reply.timeout_period) == (("OK",), location, timeout)

    async def test_a_profile_holds_from_the_next_message_on_and_no_connection_is_dropped(self) -> None:
        kiosk = self.service.kiosk()
        assert (await kiosk.ask(STATUS)).endswith(b"BXYYYYYYYYYNYYNYYY|")
        await self.profile(messages="17", charset="ascii")
        assert (await kiosk.ask(STATUS)).endswith(b"AMMediatheque de Lens|BXNNNNYYYNNNYNNNNN|")
        await self.profile(addresses="192.0.2.7")
        kiosk.send(item(b"I1") + b"\r")
        assert kiosk.wire.disconnecting

    async def test_a_device_without_detailed_wishes_costs_no_details(self) -> None:
        desk = self.service.kiosk().protocol._desk
        assert desk.lists is View.LISTS
        await self.profile(personal="BD")
        assert self.service.kiosk().protocol._desk.lists is View.DETAILS

    async def test_renewals_are_as_rights_say(self) -> None:
        await self.profile(messages="11 09")
        kiosk = self.service.kiosk()
        await kiosk.ask(OUT)
        assert not (await kiosk.read(renew(b"R1", b"I1"))).ok
        supported = (await kiosk.read(STATUS)).supported_messages
        assert SupportedMessage.RENEW not in supported
