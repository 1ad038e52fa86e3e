"""Records as they are sent, over a real socket, from a real store."""

from __future__ import annotations

from typing import Any

from sqlalchemy import update
from twisted.internet import reactor as installed_reactor

from protocols.z3950 import apdu, elements, oids
from protocols.z3950.apdu import Options, PresentStatus
from protocols.z3950.elements import RecordComposition
from protocols.z3950.schema import alternative_of, codec_of
from server.catalogue.records import Shelf
from server.z3950.records import Form
from storage import schema
from storage.catalogue.records import save_records
from tests.network import NOW
from tests.server.sip2.kiosk import Service, checkin, checkout
from tests.server.z3950.association import Z3950TestCase, composed, ranges
from tests.server.z3950.origin import (
    GERMINAL,
    PAGES,
    Origin,
    generic,
    present,
    records,
    refused,
    search,
    surrogates,
    text_of,
    texts,
    unimarc,
)

reactor: Any = installed_reactor


EXTERNAL = codec_of(elements.External)


def joined(sent: list[bytes]) -> list[Any]:
    """Return the records that whole ones and fragments are, in the order in which they came."""
    found, pieces = [], b""
    for record in sent:
        kind, value = alternative_of(codec_of(elements.NamePlusRecord).decode(record).record)
        if kind == "retrieval_record":
            found.append(value)
        else:
            pieces += value.not_externally_tagged
            if kind == "final_fragment":
                found.append(EXTERNAL.decode(pieces))
                pieces = b""
    assert not pieces
    return found


class PiggybackTests(Z3950TestCase):
    """Records along with the response to the search."""

    async def along(self, query: str, small: int, large: int, medium: int, **changes: Any) -> Any:
        origin = await self.origin()
        request = search(
            query,
            small_set_upper_bound=small,
            large_set_lower_bound=large,
            medium_set_present_number=medium,
            **{"preferred_record_syntax": oids.SUTRS, **changes},
        )
        return await origin.ask(request)

    async def test_a_small_set_comes_whole(self) -> None:
        response = await self.along("zola", 3, 4, 0)
        assert len(texts(response)) == response.number_of_records_returned == 3
        assert (response.next_result_set_position, response.present_status) == (0, PresentStatus.SUCCESS)

    async def test_of_a_medium_set_comes_the_number_that_is_asked(self) -> None:
        response = await self.along("zola", 1, 100, 2)
        assert len(texts(response)) == 2
        assert (response.next_result_set_position, response.present_status) == (3, PresentStatus.SUCCESS)

    async def test_of_a_large_set_comes_nothing(self) -> None:
        response = await self.along("zola", 1, 3, 2)
        assert (response.records, response.present_status, response.next_result_set_position) == (None, None, 1)

    async def test_each_bound_has_its_element_set(self) -> None:
        names = {"small_set_element_set_names": generic("B"), "medium_set_element_set_names": generic("F")}
        (brief,) = texts(await self.along("@attr 1=4 germinal", 1, 2, 0, preferred_record_syntax=oids.UNIMARC, **names))
        (full,) = texts(await self.along("@attr 1=4 germinal", 0, 2, 1, preferred_record_syntax=oids.UNIMARC, **names))
        assert "Mines" in full
        assert "Mines" not in brief
        assert "Germinal" in brief

    async def test_when_no_record_can_come_the_search_has_worked_all_the_same(self) -> None:
        response = await self.along("zola", 3, 4, 0, preferred_record_syntax="1.2.840.10003.5.106")
        assert (response.search_status, response.result_count) == (True, 3)
        assert response.present_status == PresentStatus.FAILURE
        assert refused(response) == (239, "1.2.840.10003.5.106")


class PresentTests(Z3950TestCase):
    """Records, ranges and sizes."""

    async def germinal(self, syntax: str | None, names: str | None = "F") -> str:
        origin = await self.origin()
        await origin.count("@attr 1=4 germinal")
        response = await origin.ask(present(1, 1, syntax, names))
        assert (response.reference_id, response.present_status) == (b"present", PresentStatus.SUCCESS)
        (record,) = records(response)
        assert record.name == "network"
        assert record.record.retrieval_record.direct_reference == (syntax or oids.UNIMARC)
        return text_of(record)

    async def test_a_unimarc_record_goes_as_unimarc(self) -> None:
        text = await self.germinal(oids.UNIMARC)
        assert int(text[:5]) == len(text.encode())
        assert "\x1faGerminal\x1fÉmile".replace("\x1fÉ", "\x1ffÉ") in text
        assert "\x1ffI1" in text

    async def test_a_unimarc_record_goes_as_marc21(self) -> None:
        text = await self.germinal(oids.USMARC)
        assert text[9] == "a"
        assert "\x1faZola, Émile" in text
        assert "\x1fpI1" in text

    async def test_a_record_goes_as_marcxml(self) -> None:
        text = await self.germinal(oids.XML)
        assert text.startswith('<record xmlns="http://www.loc.gov/MARC21/slim">')
        assert '<subfield code="a">Germinal</subfield>' in text
        assert '<subfield code="f">I1</subfield>' in text

    async def test_a_record_goes_as_text(self) -> None:
        text = await self.germinal(oids.SUTRS)
        assert "Germinal / Émile Zola" in text
        assert "En rayon" in text
        assert max(map(len, text.splitlines())) <= 72

    async def test_without_a_syntax_and_element_set_it_is_unimarc_and_full(self) -> None:
        assert await self.germinal(None, None) == await self.germinal(oids.UNIMARC, "F")

    async def test_a_brief_record_is_less_than_a_full_one(self) -> None:
        for syntax in (oids.UNIMARC, oids.USMARC, oids.XML, oids.SUTRS):
            full, brief = await self.germinal(syntax), await self.germinal(syntax, "b")
            assert "Mines" in full
            assert "Mines" not in brief
            assert "Germinal" in brief
            assert "I1" in brief

    async def test_a_marc21_record_goes_as_unimarc(self) -> None:
        origin = await self.origin()
        await origin.count("@attr 1=1003 hugo")
        (text,) = texts(await origin.ask(present(1, 1, oids.UNIMARC)))
        assert "\x1faHugo\x1fbVictor" in text

    async def test_what_cannot_be_had_gets_its_diagnostic(self) -> None:
        origin = await self.origin()
        await origin.count("zola")
        specific = elements.DatabaseSpecificElementSetName(db_name="lens", esn="F")
        specific_names = elements.ElementSetNames(database_specific=(specific,))
        for request, expected in [
            (present(1, 1, "1.2.840.10003.5.100"), (239, "1.2.840.10003.5.100")),
            (present(1, 1, oids.XML, "nosuch"), (25, "nosuch")),
            (present(1, 1, oids.UNIMARC, "dc"), (25, "dc")),
            (present(1, 1, record_composition=RecordComposition(simple=specific_names)), (26, "")),
            (present(1, 1, oids.XML, record_composition=composed(uri="nosuch")), (1066, "nosuch")),
            (present(1, 1, oids.UNIMARC, record_composition=composed(uri="dc")), (1066, "dc")),
            (present(1, 1, None, record_composition=composed(syntaxes=("1.2.3",))), (239, "1.2.3")),
            (present(1, 1, additional_ranges=ranges((4, 1))), (13, "4")),
            (present(1, 1, additional_ranges=ranges(*[(1, 1)] * 65)), (243, "64 are taken")),
            (present(0, 1), (13, "0")),
            (present(4, 1), (13, "4")),
            (present(2, 3), (13, "4")),
            (present(1, -1), (13, "4")),
            (present(1, 2**40), (13, "4")),
            (present(1, 1, result_set_id="nosuch"), (30, "nosuch")),
        ]:
            response = await origin.ask(request)
            assert (response.present_status, response.number_of_records_returned) == (PresentStatus.FAILURE, 0)
            assert refused(response) == expected

    async def test_several_ranges_come_in_one_response(self) -> None:
        origin = await self.origin()
        await origin.count("@attr 1=4 page")
        response = await origin.ask(present(3, 1, oids.SUTRS, additional_ranges=ranges((1, 2), (PAGES, 1))))
        assert response.number_of_records_returned == 4
        assert response.next_result_set_position == 0
        for text, page in zip(texts(response), (2, 0, 1, PAGES - 1), strict=True):
            assert f"Page {page}" in text

    async def test_a_schema_and_an_element_set_are_asked_for_together(self) -> None:
        origin = await self.origin()
        await origin.count("@attr 1=4 germinal")
        for request, expected in [
            (present(1, 1, oids.XML, record_composition=composed(uri="dc", name="F")), "http://purl.org/dc/"),
            (present(1, 1, oids.XML, "dc"), "http://purl.org/dc/"),
            (present(1, 1, None, record_composition=composed(syntaxes=("1.2.3", oids.SUTRS))), "Germinal"),
            (present(1, 1, None, record_composition=composed(syntaxes=("1.2.3",), alternative=True)), "Germinal"),
        ]:
            (text,) = texts(await origin.ask(request))
            assert expected in text

    async def test_an_element_set_may_be_named_for_the_database_alone(self) -> None:
        origin = await self.origin()
        await origin.count("@attr 1=4 germinal")
        names = tuple(
            elements.DatabaseSpecificElementSetName(db_name=name, esn=esn)
            for name, esn in [("Network", "B"), ("x", "F")]
        )
        simple = RecordComposition(simple=elements.ElementSetNames(database_specific=names))
        (brief,) = texts(await origin.ask(present(1, 1, oids.SUTRS, record_composition=simple)))
        assert brief == texts(await origin.ask(present(1, 1, oids.SUTRS, "B")))[0]

    async def test_records_come_in_segments_where_that_was_agreed_on(self) -> None:
        options = Options.SEARCH | Options.PRESENT | Options.LEVEL_1_SEGMENTATION
        origin = await self.origin(preferred_message_size=2_000, options=options)
        await origin.count("@attr 1=4 page")
        origin.transport.write(origin.association.send(present(1, PAGES)))
        made: list[Any] = [await origin.next()]
        while isinstance(made[-1], apdu.Segment):
            made.append(await origin.next())
        *segments, response = made
        sizes = [each.number_of_records_returned for each in segments]
        assert sizes == [len(each.segment_records) for each in segments]
        assert segments
        assert all(sum(map(len, each.segment_records)) <= 2_000 for each in segments)
        assert sum(sizes) + len(records(response)) == response.number_of_records_returned == PAGES
        assert (response.present_status, response.next_result_set_position) == (PresentStatus.SUCCESS, 0)
        response = await origin.ask(present(1, PAGES, max_segment_count=1))
        assert response.present_status == PresentStatus.PARTIAL_2

    async def test_a_record_that_no_segment_holds_comes_in_fragments_where_that_was_agreed_on(self) -> None:
        options = Options.SEARCH | Options.PRESENT | Options.LEVEL_1_SEGMENTATION | Options.LEVEL_2_SEGMENTATION
        whole = await self.origin()
        assert await whole.count("zola") == 3
        expected = records(await whole.ask(present(1, 3)))
        origin = await self.origin(preferred_message_size=2_000, options=options)
        await origin.count("zola")
        origin.transport.write(origin.association.send(present(1, 3)))
        made: list[Any] = [await origin.next()]
        while isinstance(made[-1], apdu.Segment):
            made.append(await origin.next())
        *segments, response = made
        sent = [*(each.segment_records for each in segments), response.records.response_records]
        assert all(sum(map(len, each)) <= 2_000 for each in sent)
        assert joined([record for each in sent for record in each]) == [
            each.record.retrieval_record for each in expected
        ]
        assert sum(each.number_of_records_returned for each in segments) <= 3
        assert (response.number_of_records_returned, response.present_status) == (3, PresentStatus.SUCCESS)

    async def test_what_fragments_cannot_hold_is_told_in_its_place(self) -> None:
        options = Options.SEARCH | Options.PRESENT | Options.LEVEL_2_SEGMENTATION
        origin = await self.origin(preferred_message_size=2_000, exceptional_record_size=20_000, options=options)
        await origin.count("zola")
        assert surrogates(await origin.ask(present(3, 1, max_segment_count=2))) == [217]
        assert surrogates(await origin.ask(present(3, 1, max_segment_size=10))) == [242]
        assert surrogates(await origin.ask(present(3, 1, max_record_size=3_000))) == [17]
        assert surrogates(await origin.ask(present(1, 1))) == [0]

    async def test_no_records_can_be_asked_for(self) -> None:
        origin = await self.origin()
        await origin.count("zola")
        response = await origin.ask(present(2, 0))
        assert (response.present_status, response.records, response.next_result_set_position) == (0, None, 2)

    async def test_many_records_come_in_their_order_whole(self) -> None:
        origin = await self.origin()
        await origin.count("@attr 1=4 page")
        response = await origin.ask(present(1, PAGES, oids.SUTRS))
        assert (response.present_status, response.next_result_set_position) == (PresentStatus.SUCCESS, 0)
        titles = [text.split("Page ")[1].split(" ")[0] for text in texts(response)]
        assert titles == [str(number) for number in range(PAGES)]

    async def test_what_does_not_fit_into_the_message_is_asked_for_again(self) -> None:
        origin = await self.origin(preferred_message_size=2_000)
        await origin.count("@attr 1=4 page")
        at, found = 1, 0
        while at:
            response = await origin.ask(present(at, PAGES - at + 1))
            found += len(texts(response))
            at = response.next_result_set_position
            assert response.present_status == (PresentStatus.PARTIAL_2 if at else PresentStatus.SUCCESS)
        assert found == PAGES

    async def test_a_record_larger_than_a_message_comes_alone_or_as_a_diagnostic(self) -> None:
        origin = await self.origin(preferred_message_size=2_000, exceptional_record_size=20_000)
        await origin.count("@attr 1=1003 zola")
        response = await origin.ask(present(1, 3))
        assert (surrogates(response), response.present_status) == ([0, 0, 16], PresentStatus.SUCCESS)
        assert surrogates(await origin.ask(present(3, 1))) == [0]

    async def test_a_record_larger_than_the_exceptional_size_never_comes(self) -> None:
        origin = await self.origin(preferred_message_size=2_000, exceptional_record_size=3_000)
        await origin.count("@attr 1=1003 zola")
        assert surrogates(await origin.ask(present(3, 1))) == [17]

    async def test_a_record_deleted_since_the_search_is_a_diagnostic_in_its_place(self) -> None:
        origin = await self.origin()
        await origin.count("@attr 1=1003 zola")
        gone = update(schema.record).where(schema.record.c.id == GERMINAL).values(deleted=1)
        await self.store.work(lambda connection: connection.execute(gone) and None)
        assert surrogates(await origin.ask(present(1, 2))) == [1028, 0]

    async def test_a_stored_record_that_is_broken_is_a_diagnostic_in_its_place(self) -> None:
        origin = await self.origin()
        await origin.count("@attr 1=1003 zola")
        broken = update(schema.record).where(schema.record.c.id == GERMINAL).values(iso2709=b"rubbish")
        await self.store.work(lambda connection: connection.execute(broken) and None)
        assert surrogates(await origin.ask(present(1, 2, oids.SUTRS))) == [14, 0]

    async def test_a_record_with_too_many_items_for_iso_2709_is_had_in_xml(self) -> None:
        origin = await self.origin()
        await origin.count("@attr 1=4 germinal")
        many = {"call_number": "x" * 9_000}
        swollen = update(schema.item).where(schema.item.c.id == 1).values(**many, volume="y" * 9_000)
        await self.store.work(lambda connection: connection.execute(swollen) and None)
        (record,) = records(await origin.ask(present(1, 1)))
        diagnostic = record.record.surrogate_diagnostic.default_format
        assert (diagnostic.condition, diagnostic.addinfo.v3_addinfo) == (238, oids.XML)
        assert "x" * 9_000 in texts(await origin.ask(present(1, 1, oids.XML)))[0]

    async def test_each_record_names_its_database(self) -> None:
        origin = await self.origin()
        await origin.count("@or zola hugo", "lens", "network")
        response = await origin.ask(present(1, 4))
        assert [record.name for record in records(response)] == ["lens", "lens", "network", "network"]


class LiveTests(Z3950TestCase):
    """Items are as they are now."""

    async def test_a_book_lent_over_sip2_is_on_loan_at_once_in_every_syntax(self) -> None:
        origin = await self.origin()
        await origin.count("@attr 1=4 germinal")
        kiosk = Service(self.store).kiosk()
        for act, status in [(checkout(b"R1", b"I1"), "En prêt"), (checkin(b"I1"), "En rayon")]:
            before = await self.seen(origin)
            assert (await kiosk.ask(act))[2:3] == b"1"
            after = await self.seen(origin)
            for was, now in zip(before, after, strict=True):
                assert was != now
                assert now.count(status) == (1 if status == "En prêt" else 2)
        kiosk.lose()

    async def seen(self, origin: Origin) -> list[str]:
        syntaxes = (oids.UNIMARC, oids.USMARC, oids.XML, oids.SUTRS)
        return [text for syntax in syntaxes for text in texts(await origin.ask(present(1, 1, syntax)))]

    async def test_a_withdrawn_item_is_not_shown(self) -> None:
        origin = await self.origin()
        await origin.count("@attr 1=4 germinal")
        withdrawn = update(schema.item).where(schema.item.c.id == 2).values(condition="withdrawn")
        await self.store.work(lambda connection: connection.execute(withdrawn) and None)
        (text,) = texts(await origin.ask(present(1, 1)))
        assert "\x1ffI1" in text
        assert "\x1ffI2" not in text

    async def test_a_record_saved_is_found_by_the_next_search_but_not_in_an_earlier_set(self) -> None:
        origin = await self.origin()
        assert await origin.count("@attr 1=1003 zola", result_set_name="a") == 3
        new = unimarc("z9", "Nana", "Émile", "Zola", "9782253003656", "1880")
        await self.store.work(lambda connection: save_records(connection, [new], [1], NOW) and None)
        assert await origin.count("@attr 1=1003 zola") == 4
        assert await origin.count("@set a") == 3


class ShelfTests(Z3950TestCase):
    """Records that were made are not made again, as long as there is room for them."""

    async def made(self, shelf: Shelf, number: int) -> bytes:
        database = self.store.network.databases["network"]
        steps = shelf.read(self.store.network, [number], [database], Form(oids.UNIMARC, "F", 3))
        (record,) = await self.store.read(steps)
        return record

    async def test_a_record_is_kept_until_there_is_no_room(self) -> None:
        shelf = Shelf(octets=5_000)
        first = await self.made(shelf, GERMINAL)
        assert await self.made(shelf, GERMINAL) is first
        for number in range(10, 15):
            await self.made(shelf, number)
        again = await self.made(shelf, GERMINAL)
        assert again == first
        assert again is not first

    async def test_a_record_is_made_anew_when_the_network_has_changed(self) -> None:
        shelf = Shelf()
        first = await self.made(shelf, GERMINAL)
        await self.store.reload_network()
        assert await self.made(shelf, GERMINAL) is not first
