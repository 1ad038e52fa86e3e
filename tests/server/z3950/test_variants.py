"""In which characters records are sent: by the alias of a database, unless the Init has promised UTF-8."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from protocols.marc import detect, iso2709
from protocols.marc.charsets import Charset, decode
from protocols.marc.format import Format
from protocols.z3950 import elements, negotiation, oids, rpn
from protocols.z3950.apdu import Options
from protocols.z3950.elements import (
    CharacterSet,
    CharSetAndLanguageNegotiation,
    External,
    Information,
    Iso10646,
    OtherInformationUnit,
    PrivateCharacterSet,
)
from protocols.z3950.french import MEANINGS
from protocols.z3950.negotiation import Agreement
from protocols.z3950.opac import OpacRecord
from protocols.z3950.schema import codec_of
from server.catalogue import query
from server.z3950 import refusals
from storage.network.declaration import DeclarationError, read_declaration
from storage.network.declaration_rows import Passwords
from storage.network.declare import apply_declaration
from tests.network import NOW
from tests.server.z3950.association import Z3950TestCase, raw
from tests.server.z3950.origin import Origin, init, present, records, refused, search, texts


def octets(response: Any) -> bytes:
    """Return the one record of a response, which holds the whole of its directory."""
    (record,) = records(response)
    raw: bytes = record.record.retrieval_record.octet_aligned
    assert int(raw[:5]) == len(raw)
    return raw


UTF_8 = CharacterSet(iso10646=Iso10646(encoding_level=oids.UTF_8))


def named(charset: str) -> CharacterSet:
    """Return a set as YAZ's clients propose it."""
    name = External(direct_reference=oids.CHARACTER_SET_NAME, octet_aligned=charset.encode())
    return CharacterSet(private=codec_of(PrivateCharacterSet).encode(PrivateCharacterSet(externally_specified=name)))


def registered(number: int) -> CharacterSet:
    """Return a right half of ISO 2022."""
    sent = elements.Iso2022Proposal(
        proposed_sets=(6, number),
        proposed_initial_sets=(elements.InitialSet(g0=6, g1=number, c0=1),),
        proposed_left_and_right=elements.LeftAndRight(g_left=0, g_right=1),
    )
    return CharacterSet(iso2022=codec_of(elements.Iso2022).encode(elements.Iso2022(origin_proposal=sent)))


def proposal(
    *sets: CharacterSet, records_too: bool | None, language: str | None = None
) -> tuple[OtherInformationUnit, ...]:
    """Return the proposal of character sets, UTF-8 where none is given, and of a language."""
    sent = elements.OriginProposal(
        proposed_char_sets=sets or (UTF_8,),
        proposed_languages=None if language is None else (language,),
        records_in_selected_char_sets=records_too,
    )
    made = codec_of(CharSetAndLanguageNegotiation).encode(CharSetAndLanguageNegotiation(proposal=sent))
    external = External(direct_reference=oids.CHARACTER_SETS_3, single_asn1_type=made)
    return (OtherInformationUnit(information=Information(externally_defined_info=external)),)


class VariantTests(Z3950TestCase):
    """Records under the aliases of a database."""

    async def sent(self, origin: Origin, database: str, syntax: str | None) -> tuple[bytes, Charset | None, str]:
        """Return the record, the set that it says it is in, and its text in that set."""
        assert await origin.count("@attr 1=4 germinal", database) == 1
        raw = octets(await origin.ask(present(1, 1, syntax)))
        form = Format.MARC21 if raw[20:24] == b"4500" else Format.UNIMARC
        claimed = detect.claim(raw[:24], iso2709.fields(raw), form)
        assert claimed is not None
        return raw, claimed, decode(raw, claimed)

    async def test_each_alias_sends_its_characters_and_the_record_says_which(self) -> None:
        origin = await self.origin()
        for database, syntax, charset in [
            ("network", oids.UNIMARC, Charset.UTF8),
            ("network-UTF8", oids.UNIMARC, Charset.UTF8),
            ("Network-5426", oids.UNIMARC, Charset.ISO5426),
            ("network-5426", oids.USMARC, Charset.MARC8),
            ("Default-5426", None, Charset.ISO5426),
            ("network-marc21", None, Charset.UTF8),
            ("network-MARC21", oids.UNIMARC, Charset.UTF8),
        ]:
            raw, claimed, text = await self.sent(origin, database, syntax)
            assert claimed is charset, database
            assert "Émile" in text
            assert ("Émile".encode() in raw) is (charset is Charset.UTF8)

    async def test_the_alias_marc21_sends_marc21_where_no_syntax_is_asked_for(self) -> None:
        origin = await self.origin()
        raw, _, _ = await self.sent(origin, "network-MARC21", None)
        assert raw[20:24] == b"4500"

    async def test_records_along_with_a_search_are_the_same_and_bear_the_name_that_was_asked(self) -> None:
        origin = await self.origin()
        asked = search("@attr 1=4 germinal", "network-5426", small_set_upper_bound=1, large_set_lower_bound=2)
        response = await origin.ask(asked)
        (record,) = records(response)
        assert record.name == "network-5426"
        assert b"\xc2Emile" in octets(response)

    async def test_an_end_that_is_no_alias_is_no_database(self) -> None:
        for name in ("network-9999", "nowhere-UTF8", "-5426"):
            assert (await self.refuses("zola", name)) == (235, name)

    async def test_what_the_init_has_promised_stands_above_the_alias(self) -> None:
        for records_too, charset in [(True, Charset.UTF8), (False, Charset.ISO5426), (None, Charset.ISO5426)]:
            origin = await self.connected()
            asked = init(other_info=proposal(records_too=records_too), options=(1 << 18) - 1)
            response = await origin.ask(asked)
            assert response.options & Options.NEGOTIATION_MODEL
            assert negotiation.agreement(response).records is bool(records_too)
            assert (await self.sent(origin, "network-5426", oids.UNIMARC))[1] is charset

    async def test_an_opac_record_holds_the_record_that_its_alias_means(self) -> None:
        origin = await self.origin()
        for database, syntax, charset in [
            ("network", oids.UNIMARC, Charset.UTF8),
            ("network-5426", oids.UNIMARC, Charset.ISO5426),
            ("network-MARC21", oids.USMARC, Charset.UTF8),
        ]:
            assert await origin.count("@attr 1=4 germinal", database) == 1
            (sent,) = records(await origin.ask(present(1, 1, oids.OPAC)))
            whole = codec_of(OpacRecord).decode(sent.record.retrieval_record.single_asn1_type)
            held: bytes = whole.bibliographic_record.octet_aligned
            form = Format.MARC21 if held[20:24] == b"4500" else Format.UNIMARC
            assert whole.bibliographic_record.direct_reference == syntax
            assert detect.claim(held[:24], iso2709.fields(held), form) is charset
            assert "Émile" in decode(held, charset)


class AgreedTests(Z3950TestCase):
    """Characters that the Init has agreed on."""

    async def agreed(self, *sets: CharacterSet, records_too: bool = True) -> tuple[Origin, Agreement]:
        origin = await self.connected()
        sent = proposal(*sets, records_too=records_too)
        response = await origin.ask(init(other_info=sent, options=(1 << 18) - 1))
        assert response.result
        return origin, negotiation.agreement(response)

    async def test_sets_are_agreed_on_in_all_their_spellings_and_utf_8_before_others(self) -> None:
        for sets, charset, records_too in [
            ((named("iso-8859-1"),), "iso-8859-1", False),
            ((named("ISO-5426"),), "iso-5426", True),
            ((named("marc-8"),), "marc-8", True),
            ((registered(53),), "iso-5426", True),
            ((registered(100),), "iso-8859-1", False),
            ((named("koi8-r"), registered(77), named("latin1")), "iso-8859-1", False),
            ((named("iso-5426"), UTF_8), "utf-8", True),
            ((named("koi8-r"),), "", False),
        ]:
            _, agreement = await self.agreed(*sets)
            assert agreement == Agreement(charset, records_too)

    async def test_an_answer_where_a_proposal_belongs_agrees_on_nothing(self) -> None:
        answer = elements.Iso2022Response(
            selected_sets=(6, 53),
            selected_initial_set=elements.InitialSet(c0=1),
            selected_left_and_right=elements.LeftAndRight(g_left=0),
        )
        octets = codec_of(elements.Iso2022).encode(elements.Iso2022(target_response=answer))
        _, agreement = await self.agreed(CharacterSet(iso2022=octets))
        assert agreement == Agreement()

    async def test_terms_are_read_in_the_set_that_was_agreed_on(self) -> None:
        for charset, term in [("marc-8", b"\xe2Emile"), ("iso-5426", b"\xc2Emile"), ("iso-8859-1", b"\xc9mile")]:
            origin, _ = await self.agreed(named(charset))
            assert await origin.count(raw(1003, term)) == 3, charset

    async def test_records_are_in_it_where_that_was_agreed_on_and_text_in_any_case(self) -> None:
        origin, _ = await self.agreed(registered(53))
        assert await origin.count("@attr 1=4 germinal") == 1
        assert b"\xc2Emile" in octets(await origin.ask(present(1, 1, oids.UNIMARC)))
        origin, _ = await self.agreed(named("iso-8859-1"))
        assert await origin.count("@attr 1=4 germinal") == 1
        assert "Émile".encode() in octets(await origin.ask(present(1, 1, oids.UNIMARC)))
        (sent,) = records(await origin.ask(present(1, 1, oids.SUTRS)))
        assert b"\xc9mile" in sent.record.retrieval_record.single_asn1_type


class LanguageTests(Z3950TestCase):
    """Diagnostics in the language that was agreed on."""

    async def asked(self, language: str, *sets: CharacterSet, **changes: Any) -> Origin:
        origin = await self.connected()
        sent = proposal(*sets, records_too=False, language=language)
        response = await origin.ask(init(other_info=sent, options=(1 << 18) - 1, **changes))
        assert response.result
        return origin

    async def test_french_is_spoken_to_who_proposes_it(self) -> None:
        for language, said in [
            ("fre", "base inconnue : nowhere"),
            ("fr", "base inconnue : nowhere"),
            ("eng", "nowhere"),
            ("dut", "nowhere"),
        ]:
            origin = await self.asked(language)
            assert refused(await origin.ask(search("zola", "nowhere"))) == (235, said)

    async def test_a_record_that_cannot_come_says_why_in_french(self) -> None:
        origin = await self.asked("fre", preferred_message_size=200, exceptional_record_size=250)
        assert await origin.count("@attr 1=4 germinal") == 1
        (sent,) = records(await origin.ask(present(1, 1)))
        diagnostic = sent.record.surrogate_diagnostic.default_format
        assert diagnostic.condition == 17
        assert diagnostic.addinfo.v3_addinfo.startswith("notice plus longue que la taille admise : ")

    async def test_where_another_set_than_utf_8_was_agreed_on_diagnostics_are_ascii(self) -> None:
        origin = await self.asked("fre", named("iso-8859-1"))
        response = await origin.ask(present(1, 1))
        assert refused(response) == (30, "resultat inconnu : default")

    def test_every_condition_that_is_said_here_has_its_french(self) -> None:
        folders = [Path(refusals.__file__).parent, Path(rpn.__file__).parent, Path(query.__file__).parent]
        modules = [each for folder in folders for each in folder.glob("*.py") if each.name != "french.py"]
        said = {name for each in modules for name in re.findall(r"Bib1\.([A-Z][A-Z_0-9]+)", each.read_text())}
        assert said <= {condition.name for condition in MEANINGS}


KNOWN = b"""
z3950_clients = [
  {name = "aleph", implementation_name = "aleph", terms = "iso-5426", records = "5426", syntax = "usmarc", piggyback = false},
  {name = "portal", addresses = ["127.0.0.0/8"], implementation_id = "PORTAL", message_size = 20000, language = "fr"},
]
"""


class ClientTests(Z3950TestCase):
    """Programs that the network declares."""

    async def setUp(self) -> None:  # type: ignore[override]  # trial waits for it
        await super().setUp()
        await self.declare(KNOWN)

    async def declare(self, text: bytes) -> None:
        declared, pins = read_declaration(text), self.location.pins()
        await self.store.work(lambda connection: apply_declaration(connection, declared, pins, Passwords(str), NOW))
        await self.store.reload_network()

    async def test_a_program_is_known_by_its_name_and_spoken_to_as_it_wants(self) -> None:
        origin = await self.origin(implementation_name="ALEPH 500", implementation_id="42")
        asked = search("@attr 1=4 germinal", small_set_upper_bound=5, large_set_lower_bound=6)
        response = await origin.ask(asked)
        assert (response.result_count, response.number_of_records_returned) == (1, 0)
        raw_record = octets(await origin.ask(present(1, 1, None)))
        assert raw_record[20:24] == b"4500"
        assert raw_record[9:10] == b" "
        assert await origin.count(raw(1003, b"\xc2Emile")) == 3
        assert await origin.count("@attr 1=4 germinal", "network-UTF8") == 1
        assert octets(await origin.ask(present(1, 1, None)))[9:10] == b"a"

    async def test_all_that_is_declared_of_it_must_be_so(self) -> None:
        for name, size in [("portal 3", 20_000), ("other", 1 << 20)]:
            origin = await self.connected()
            response = await origin.ask(init(implementation_id=name))
            assert response.preferred_message_size == size

    async def test_who_is_not_declared_gets_what_everybody_gets(self) -> None:
        origin = await self.origin()
        assert await origin.count("@attr 1=4 germinal") == 1
        assert "Émile" in texts(await origin.ask(present(1, 1, None)))[0]

    async def test_what_is_declared_wrongly_is_told(self) -> None:
        for line, fault in [
            ('z3950_clients = [{name = "x"}]', "implementation_name"),
            ('z3950_clients = [{name = "x", addresses = ["nowhere"]}]', "addresses"),
            ('z3950_clients = [{name = "x", implementation_id = "81", records = "latin1"}]', "records"),
        ]:
            with pytest.raises(DeclarationError) as refused:
                await self.declare(line.encode())
            assert fault in str(refused.value)
