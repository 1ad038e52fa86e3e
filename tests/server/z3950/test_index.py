"""Scan and Sort over the wire: lists, positions and steps; orders, inputs, and every no."""

from __future__ import annotations

import re
from typing import Any

from protocols.marc.record import Record
from protocols.z3950 import apdu, elements, oids, pqf, rpn
from protocols.z3950.apdu import Options, ScanStatus, SortStatus
from protocols.z3950.elements import AttributeElement, AttributeValue
from protocols.z3950.schema import codec_of
from storage.catalogue.records import save_records
from tests.network import NOW
from tests.server.z3950.association import Z3950TestCase
from tests.server.z3950.origin import PAGES, Origin, present, refused, search, texts
from tests.storage.catalogue.running import NETWORK, new_record

_ENTRY = codec_of(apdu.Entry)


def scan(query: str, number: int = 5, position: int | None = None, *databases: str, **changes: Any) -> apdu.ScanRequest:
    """Return a Scan from the term of a prefix query."""
    sent = rpn.decode(pqf.parse(query).rpn)
    assert isinstance(sent, elements.Operand)
    fields: dict[str, Any] = {
        "reference_id": b"scan",
        "database_names": databases or ("network",),
        "attribute_set": oids.BIB_1,
        "term_list_and_start_point": sent.attr_term,
        "number_of_terms_requested": number,
        "preferred_position_in_response": position,
    }
    return apdu.ScanRequest(**{**fields, **changes})


def found(response: Any) -> list[tuple[str, int]]:
    """Return the terms of a response with their counts."""
    entries = [_ENTRY.decode(entry) for entry in response.entries.entries] if response.entries is not None else []
    assert response.number_of_entries_returned == len(entries)
    return [(each.term_info.term.general.decode(), each.term_info.global_occurrences) for each in entries]


def why(diagnostics: Any) -> tuple[int, str]:
    """Return condition and addinfo of the one diagnostic."""
    (record,) = diagnostics
    return record.default_format.condition, record.default_format.addinfo.v3_addinfo


def by_use(*uses: int, descending: bool = False, **changes: Any) -> tuple[apdu.SortKeySpec, ...]:
    """Return sort keys."""
    return tuple(
        apdu.SortKeySpec(
            sort_element=apdu.SortElement(
                generic=apdu.SortKey(
                    sort_attributes=apdu.SortAttributes(
                        id=oids.BIB_1,
                        list_=(AttributeElement(attribute_type=1, attribute_value=AttributeValue(numeric=use)),),
                    )
                )
            ),
            **{"sort_relation": int(descending), "case_sensitivity": 1, **changes},
        )
        for use in uses
    )


def by_field(name: str, **changes: Any) -> tuple[apdu.SortKeySpec, ...]:
    """Return a sort key by name."""
    element = apdu.SortElement(generic=apdu.SortKey(sortfield=name))
    return (apdu.SortKeySpec(sort_element=element, **{"sort_relation": 0, "case_sensitivity": 0, **changes}),)


def sort(keys: tuple[apdu.SortKeySpec, ...], *names: str, to: str = "default") -> apdu.SortRequest:
    """Return a Sort of result sets."""
    return apdu.SortRequest(
        reference_id=b"sort",
        input_result_set_names=names or ("default",),
        sorted_result_set_name=to,
        sort_sequence=keys,
    )


class ScanTests(Z3950TestCase):
    """Terms around a term."""

    async def test_the_term_is_the_first_of_the_list_unless_another_position_is_asked(self) -> None:
        origin = await self.origin()
        response = await origin.ask(scan("@attr 1=4 germinal", 3))
        assert (response.reference_id, response.scan_status, response.position_of_term) == (
            b"scan",
            ScanStatus.SUCCESS,
            1,
        )
        assert found(response) == [("germinal", 1), ("la", 1), ("les", 1)]
        response = await origin.ask(scan("@attr 1=4 la", 3, 2))
        assert (found(response), response.position_of_term) == ([("germinal", 1), ("la", 1), ("les", 1)], 2)
        response = await origin.ask(scan("@attr 1=4 la", 2, 0))
        assert (found(response), response.position_of_term) == ([("les", 1), ("miserables", 1)], 0)
        response = await origin.ask(scan("@attr 1=4 lb", 2, 0))
        assert found(response) == [("les", 1), ("miserables", 1)]
        response = await origin.ask(scan("@attr 1=4 la", 1, 2))
        assert (found(response), response.position_of_term) == ([("germinal", 1)], 2)

    async def test_the_list_begins_and_ends(self) -> None:
        origin = await self.origin()
        response = await origin.ask(scan("@attr 1=1003 zola", 5))
        assert (found(response), response.scan_status) == ([("zola", 3)], ScanStatus.PARTIAL_5)
        response = await origin.ask(scan('@attr 1=4 ""', 2, 2))
        assert (found(response), response.position_of_term) == ([("0", 1)], 1)
        response = await origin.ask(scan("@attr 1=4 zzz", 5))
        assert (found(response), response.scan_status) == ([], ScanStatus.PARTIAL_5)

    async def test_steps_leave_terms_out(self) -> None:
        origin = await self.origin()
        every = found(await origin.ask(scan('@attr 1=4 ""', 40)))
        response = await origin.ask(scan(f"@attr 1=4 {every[20][0]}", 5, 3, step_size=3))
        assert (found(response), response.step_size) == (every[12:30:4], 3)

    async def test_whole_fields_are_listed_with_the_attributes_that_find_them(self) -> None:
        origin = await self.origin()
        response = await origin.ask(scan('@attr 1=4 @attr 3=1 @attr 4=1 "La Terre"', 2))
        assert found(response) == [("terre", 1)]
        response = await origin.ask(scan("@attr 1=1003 @attr 4=1 zola", 2))
        (entry,) = [_ENTRY.decode(entry).term_info for entry in response.entries.entries]
        assert (entry.term.general, entry.display_term) == (b"zola emile", "Zola Émile")
        response = await origin.ask(scan('@attr 1=4 @attr 3=1 @attr 4=1 "La Terre"', 2))
        suggested = _ENTRY.decode(response.entries.entries[0]).term_info.suggested_attributes
        assert [(each.attribute_type, each.attribute_value.numeric) for each in suggested] == [
            (1, 4),
            (3, 1),
            (4, 1),
            (6, 3),
        ]
        assert response.attribute_set == oids.BIB_1

    async def test_every_term_finds_what_its_count_says(self) -> None:
        origin = await self.origin()
        for attributes in ("@attr 1=4", "@attr 1=1003", "@attr 1=1016", "@attr 1=31", "@attr 1=7"):
            for term, count in found(await origin.ask(scan(f"{attributes} e", 15, 5))):
                assert await origin.count(f'{attributes} "{term}"') == count

    async def test_a_database_lists_its_own_terms(self) -> None:
        origin = await self.origin()
        assert found(await origin.ask(scan("@attr 1=1003 a", 5, 1, "lens"))) == [("emile", 2), ("zola", 2)]
        assert found(await origin.ask(scan("@attr 1=1003 a", 5, 1, "vide"))) == []
        assert found(await origin.ask(scan("@attr 1=1003 z", 5, 1, "lens", "network"))) == [("zola", 3)]

    async def test_what_cannot_be_listed_is_refused_with_the_reason(self) -> None:
        origin = await self.origin()
        for request, expected in [
            (scan("@attr 1=9999 x"), 114),
            (scan("@attr 1=4 @attr 5=1 x"), 120),
            (scan("@attr 1=4 @attr 2=1 x"), 117),
            (scan("@attr 1=59 @attr 4=1 x"), 123),
            (scan("x", 5, 7), 233),
            (scan("x", 5, -1), 233),
            (scan("x", -1), 228),
            (scan("x", 2000), 1029),
            (scan("x", step_size=-1), 206),
            (scan("x", 500, step_size=5), 1029),
            (scan("x", 5, 1, "nosuch"), 235),
            (scan("x", attribute_set="1.2.3"), 121),
        ]:
            response = await origin.ask(request)
            assert response.scan_status == ScanStatus.FAILURE
            assert why(response.entries.nonsurrogate_diagnostics)[0] == expected


class SortTests(Z3950TestCase):
    """Result sets in order."""

    async def titles(self, origin: Origin, number: int, name: str = "default") -> list[str]:
        """Return the titles of the first records of a set."""
        response = await origin.ask(present(1, number, oids.UNIMARC, result_set_id=name))
        parsed = [Record.from_iso2709(text.encode()) for text in texts(response)]
        return [re.sub("[\x88\x89\x98\x9c]", "", next(record.all("200")).get("a")) for record in parsed]

    async def test_records_with_most_of_the_words_come_first(self) -> None:
        origin = await self.origin()
        words = '"oeuvre terre la zola nosuch"'
        for query, first in [
            (f"@attr 2=102 {words}", "La Terre"),
            (f"@attr 4=105 {words}", "La Terre"),
            (f"@and @attr 2=102 {words} @attr 1=4 oeuvre", "L'Œuvre"),
            ('@attr 1=1003 @attr 2=102 "zola anne onyme"', "Page 0"),
        ]:
            await origin.count(query)
            assert (await self.titles(origin, 1))[0] == first, query

    async def test_a_set_is_presented_in_its_new_order(self) -> None:
        origin = await self.origin()
        assert await origin.count("@attr 1=1003 zola") == 3
        response = await origin.ask(sort(by_use(4)))
        assert (response.reference_id, response.sort_status, response.result_count) == (
            b"sort",
            SortStatus.SUCCESS,
            None,
        )
        assert await self.titles(origin, 3) == ["Germinal", "L'Œuvre", "La Terre"]
        await origin.ask(sort(by_use(31, descending=True)))
        assert await self.titles(origin, 3) == ["La Terre", "L'Œuvre", "Germinal"]

    async def test_case_counts_where_keys_are_alike_without_it_if_that_is_asked(self) -> None:
        named = [
            new_record(f"C{number}", f"200 1  $a{title}")
            for number, title in enumerate(("MINE", "Mines", "mine", "Mine"))
        ]
        await self.store.work(save_records, named, [NETWORK], NOW)
        origin = await self.origin()
        for case, titles in [(1, ["MINE", "mine", "Mine", "Mines"]), (0, ["mine", "Mine", "MINE", "Mines"])]:
            assert await origin.count("@attr 1=4 @attr 5=1 mine") == 4
            await origin.ask(sort(by_use(4, case_sensitivity=case)))
            assert await self.titles(origin, 4) == titles

    async def test_sets_are_brought_together_under_a_new_name(self) -> None:
        origin = await self.origin(options=Options.NAMED_RESULT_SETS | Options.RESULT_COUNT)
        await origin.count("@attr 1=1003 zola", result_set_name="a")
        await origin.count("@or @attr 1=1003 hugo @attr 1=4 germinal", result_set_name="b")
        response = await origin.ask(sort(by_use(1003, 4), "a", "b", to="c"))
        assert response.result_count == 4
        assert [title[:3] for title in await self.titles(origin, 4, "c")] == ["Les", "Ger", "L'Œ", "La "]
        assert await origin.count("@and @set c @attr 1=4 terre") == 1

    async def test_many_are_sorted_and_the_old_set_stays(self) -> None:
        origin = await self.origin()
        await origin.count("@attr 1=4 page", result_set_name="a")
        await origin.ask(sort(by_field("local-number", sort_relation=1), "a", to="b"))
        expected = [f"Page {number}" for number in range(PAGES)]
        assert await self.titles(origin, PAGES, "b") == expected[::-1]
        assert await self.titles(origin, PAGES, "a") == expected

    async def test_what_cannot_be_sorted_is_refused_and_the_set_stays_as_it_was(self) -> None:
        origin = await self.origin()
        await origin.count("@attr 1=1003 zola")
        abort = apdu.MissingValueAction(abort=True)
        database = apdu.SortElement(
            database_specific=(apdu.DatabaseSort(database_name="lens", db_sort=apdu.SortKey(sortfield="title")),)
        )
        for request, expected in [
            (sort(by_use(4), "nosuch"), 30),
            (sort(by_use(4), *["default"] * 17), 230),
            (sort(by_use(9999)), 207),
            (sort(by_field("nosuch")), 207),
            (sort(()), 207),
            (sort(by_use(4, 4)), 212),
            (sort(by_use(4, 12, 31, 1003, 1018)), 211),
            (sort(by_use(4, sort_relation=3)), 214),
            (sort(by_use(4, case_sensitivity=7)), 215),
            (sort(by_use(4), to=""), 128),
            (sort((apdu.SortKeySpec(sort_element=database, sort_relation=0, case_sensitivity=1),)), 210),
        ]:
            response = await origin.ask(request)
            assert response.sort_status == SortStatus.FAILURE
            assert response.result_set_status == apdu.SortedSetStatus.UNCHANGED
            assert why(response.diagnostics)[0] == expected
        await origin.count("@or @attr 1=4 germinal @attr 1=1003 hugo")
        response = await origin.ask(sort(by_use(1018, missing_value_action=abort)))
        assert why(response.diagnostics) == (207, "a record has no publisher")
        assert len(await self.titles(origin, 2)) == 2

    async def test_a_sorted_set_that_was_replaced_is_gone(self) -> None:
        origin = await self.origin()
        await origin.count("@attr 1=1003 zola")
        await origin.ask(sort(by_use(4)))
        response = await origin.ask(search("@attr 1=9999 x"))
        assert refused(response)[0] == 114
        assert refused(await origin.ask(present(1, 1)))[0] == 30
