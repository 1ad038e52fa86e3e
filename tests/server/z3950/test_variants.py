"""In which characters records are sent: by the alias of a database, unless the Init has promised UTF-8."""

from __future__ import annotations

from typing import Any

from protocols.marc import detect, iso2709
from protocols.marc.charsets import Charset, decode
from protocols.marc.format import Format
from protocols.z3950 import elements, negotiation, oids
from protocols.z3950.apdu import Options
from protocols.z3950.elements import (
    CharacterSet,
    CharSetAndLanguageNegotiation,
    External,
    Information,
    Iso10646,
    OtherInformationUnit,
)
from protocols.z3950.schema import codec_of
from tests.server.z3950.association import Z3950TestCase
from tests.server.z3950.origin import Origin, init, present, records, search


def octets(response: Any) -> bytes:
    """Return the one record of a response, which holds the whole of its directory."""
    (record,) = records(response)
    raw: bytes = record.record.retrieval_record.octet_aligned
    assert int(raw[:5]) == len(raw)
    return raw


def proposal(*, records_too: bool | None) -> tuple[OtherInformationUnit, ...]:
    """Return the proposal of UTF-8."""
    utf8 = CharacterSet(iso10646=Iso10646(encoding_level=oids.UTF_8))
    sent = elements.OriginProposal(proposed_char_sets=(utf8,), records_in_selected_char_sets=records_too)
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
            assert negotiation.records_in_utf8(response) is bool(records_too)
            assert (await self.sent(origin, "network-5426", oids.UNIMARC))[1] is charset
