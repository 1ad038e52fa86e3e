"""Searches and result sets over a real socket, on a real store."""

from __future__ import annotations

from typing import Any

from sqlalchemy import update
from twisted.internet import reactor as installed_reactor

from protocols.z3950 import apdu, elements, oids, pqf
from protocols.z3950.apdu import Options, PresentStatus
from protocols.z3950.search_result import read_search_info, term_report
from server.catalogue.result_sets import MAX_SETS
from server.catalogue.shared import MAX_DATABASES
from storage import schema
from tests.server.z3950.association import Z3950TestCase, cql_query, raw
from tests.server.z3950.origin import (
    GERMINAL,
    PAGES,
    present,
    refused,
    search,
)

reactor: Any = installed_reactor


class SearchTests(Z3950TestCase):
    """What is found."""

    async def test_terms_are_found_by_every_use_attribute(self) -> None:
        origin = await self.origin()
        for query, count in [
            ("@attr 1=4 germinal", 1),
            ("@attr 1=1003 zola", 3),
            ("@attr 1=1004 zola", 3),
            ("@attr 1=1 hugo", 1),
            ("@attr 1=7 9782253004226", 1),
            ("@attr 1=7 978-2-253-00422-6", 1),
            ("@attr 1=7 2253002860", 1),
            ("@attr 1=7 2-253-00286-0", 1),
            ("@attr 1=7 9782253002861", 0),
            ("@attr 1=12 z1", 1),
            ("@attr 1=1032 z1", 1),
            ("@attr 1=21 greves", 1),
            ("@attr 1=31 1885", 1),
            ("@attr 1=59 paris", PAGES + 3),
            ("@attr 1=1018 fasquelle", PAGES + 3),
            ("@attr 1=1016 zola", 3),
            ("@attr 1=5 zola", 0),
            ("@attr 1=8 zola", 0),
            ("zola", 3),
            ('@attr 1=7 @attr 2=103 ""', PAGES + 3),
            ('@attr 2=103 ""', PAGES + 4),
        ]:
            assert await origin.count(query) == count, query

    async def test_records_are_found_by_their_items_and_what_items_cannot_tell_is_refused(self) -> None:
        origin = await self.origin()
        shown = schema.item.c.record_id == GERMINAL
        await self.store.work(
            lambda connection: connection.execute(update(schema.item).where(shown).values(owner_id=2))
        )
        for query, count in [
            ("@attr 1=8023 I1", 1),
            ("@attr 1=8023 I9999", 0),
            ("@attr 1=1044 @attr 2=3 @attr 3=1 @attr 4=1 @attr 5=100 @attr 6=1 LIEVIN", 1),
            ("@attr 1=1044 avion", 0),
            ('@attr 1=53 "R ZOL"', 1),
            ('@attr 1=20 @attr 5=1 "R Z"', 1),
            ('@attr 1=1044 @attr 2=103 ""', 1),
        ]:
            assert await origin.count(query) == count, query
        assert await self.refuses("@attr 1=8023 @attr 5=2 1") == (120, "2: of use 8023, 1 and 100 are taken")
        assert (await self.refuses("@attr 1=53 @attr 2=4 R"))[0] == 123

    async def test_a_search_asked_again_reads_nothing_until_something_is_committed(self) -> None:
        origin = await self.origin()
        reads: list[Any] = []
        read = self.store.read

        def counted(steps: Any) -> Any:
            reads.append(steps)
            return read(steps)

        self.patch(self.store, "read", counted)
        for query in ("zola", "@and @attr 1=4 germinal zola", '@attr 4=105 "germinal nana"'):
            assert [await origin.count(query) for _ in range(3)] == [3 if query == "zola" else 1] * 3
        assert len(reads) == 1 + 1 + 3  # where words are counted, records have to be put in order
        await self.store.work(lambda _connection: None)
        await origin.count("zola")
        assert len(reads) == 6

    async def test_words_stand_in_any_order_and_phrases_in_theirs(self) -> None:
        origin = await self.origin()
        assert await origin.count('@attr 1=1003 "zola emile"') == 3
        assert await origin.count('@attr 1=1003 @attr 4=6 "emile zola"') == 3
        assert await origin.count('@attr 1=4 @attr 4=1 "la terre"') == 1
        assert await origin.count('@attr 1=4 @attr 4=1 "terre la"') == 0
        assert await origin.count('@attr 1=4 @attr 4=2 "terre la"') == 1

    async def test_right_truncation_finds_what_goes_on(self) -> None:
        origin = await self.origin()
        assert await origin.count("@attr 1=4 @attr 5=1 germ") == 1
        assert await origin.count("@attr 1=4 @attr 5=100 germ") == 0
        assert await origin.count("@attr 1=31 @attr 5=1 188") == 3

    async def test_accents_are_read_in_any_encoding_and_count_for_nothing(self) -> None:
        origin = await self.origin()
        for octets in ("œuvre".encode(), "Œuvre".encode(), b"oeuvre", "l'œuvre".encode(), b"OEUVRE"):
            assert await origin.count(raw(4, octets)) == 1, octets
        for octets in (
            "misérables".encode(),
            "mise\u0301rables".encode(),
            b"mis\xe9rables",
            b"mis\xc2erables",
            b"MIS\xc9RABLES",
        ):
            assert await origin.count(raw(4, octets)) == 1, octets

    async def test_operators_join_terms_and_result_sets(self) -> None:
        origin = await self.origin()
        assert await origin.count("@and @attr 1=1003 zola @attr 1=4 germinal", result_set_name="a") == 1
        assert await origin.count("@or @attr 1=4 germinal @attr 1=4 terre", result_set_name="b") == 2
        assert await origin.count("@not @attr 1=1003 zola @attr 1=4 germinal") == 2
        assert await origin.count("@set b", result_set_name="c") == 2
        assert await origin.count("@not @set b @set a", result_set_name="b") == 1
        assert await origin.count("@and @set b @attr 1=1003 zola") == 1
        assert await self.refuses("@and @set nosuch @attr 1=4 x") == (30, "nosuch")

    async def test_words_of_the_same_family_and_of_the_same_sound_are_found(self) -> None:
        origin = await self.origin()
        for query, count in [
            ("@attr 1=4 @attr 2=101 miserable", 1),
            ("@attr 1=21 @attr 2=101 mine", 1),
            ("@attr 1=21 @attr 2=101 @attr 4=1 greve", 1),
            ('@attr 1=4 @attr 2=101 @attr 4=6 "terres la"', 1),
            ("@attr 1=4 @attr 2=101 germinaux", 1),
            ("@attr 1=1003 @attr 2=100 zolas", 3),
            ("@attr 1=1003 @attr 2=100 @attr 4=2 hugot", 1),
            ("@attr 1=1003 @attr 2=100 sola", 0),
        ]:
            assert await origin.count(query) == count, query

    async def test_the_language_of_bath_is_a_code_first_in_its_field(self) -> None:
        origin = await self.origin()
        for shape in ("3=1 4=2", "3=1 4=1", "3=3 4=2", "3=1 4=1 6=3", "4=3"):
            attributes = " ".join(f"@attr {each}" for each in shape.split())
            assert await origin.count(f"@attr 1=54 {attributes} @attr 5=100 fre") == 1, shape
        assert await self.refuses('@attr 1=54 @attr 3=1 @attr 4=1 "fre eng"') == (123, "language")

    async def test_a_query_of_type_101_is_one_of_type_1(self) -> None:
        origin = await self.origin()
        query = elements.Query(type_101=pqf.parse("@attr 1=4 germinal"))
        assert await origin.count(query) == 1

    async def test_databases_are_named_in_any_case_and_one_is_the_default(self) -> None:
        origin = await self.origin()
        assert await origin.count("zola", "NetWork") == 3
        assert await origin.count("zola", "Default") == 3
        assert await origin.count("zola", "lens") == 2
        assert await origin.count("zola", "vide") == 0
        assert await origin.count("hugo", "lens", "network", "lens") == 1
        assert await self.refuses("zola", "network", "nosuch") == (235, "nosuch")

    async def test_a_search_names_databases_but_not_too_many(self) -> None:
        origin = await self.origin()
        assert refused(await origin.ask(search("zola", database_names=()))) == (235, "")
        assert refused(await origin.ask(search("zola", *["network"] * (MAX_DATABASES + 1)))) == (
            111,
            str(MAX_DATABASES),
        )

    async def test_a_search_that_finds_nothing_has_an_empty_set(self) -> None:
        origin = await self.origin()
        response = await origin.ask(search("@attr 1=4 nosuchword"))
        assert (response.search_status, response.result_count, response.next_result_set_position) == (True, 0, 0)
        assert response.reference_id == b"search"
        assert refused(await origin.ask(present(1, 1))) == (13, "1")

    async def test_what_is_not_supported_gets_its_diagnostic_with_the_value(self) -> None:
        for query, expected in [
            ("@attr 2=7 x", (117, "7: 1-6, 100-104 are taken")),
            ("@attr 1=4 @attr 2=101 @attr 5=1 x", (123, "relation 101 with truncation 1")),
            ("@attr 1=31 @attr 2=100 1885", (123, "relation 100 with date-of-publication")),
            ('@attr 1=4 @attr 2=101 @attr 4=1 "x y"', (123, "relation 101 with a phrase")),
            ("@attr 1=4 @attr 2=102 @attr 3=1 x", (123, "relation 102 with the first words of a field")),
            ('@attr 1=4 @attr 2=101 "!!!"', (125, "!!!")),
            ('@attr 2=100 "a1 a2 a3 a4 a5 a6 a7 a8 a9"', (7, "8 masks")),
            ("@attr 3=2 x", (119, "2: 1, 3 are taken")),
            ("@attr 4=103 x", (118, "103: 1-6, 100-102, 104-109 are taken")),
            ("@attr 5=4 x", (120, "4: 1-3, 100-104 are taken")),
            ("@attr 6=4 x", (122, "4: 1-3 are taken")),
            ("@attr 9=1 x", (113, "9: 1-6 are taken")),
            ("@attrset gils x", (121, "1.2.840.10003.3.5")),
            ("@attr 1=4 @attr 4=4 x", (123, "use 4 holds words: no structure 4")),
            ("@attr 1=4 @attr 4=105 @attr 5=1 x", (123, "any of the words, with truncation 1")),
            ("@attr 1=4 @attr 6=3 @attr 5=2 x", (123, "a whole field, with truncation 2")),
            ('@attr 1=4 @attr 4=6 @attr 3=1 "x y"', (123, "structure 6 with position 1: 1 phrase is taken")),
            ("@attr 1=4 @attr 4=105 @attr 6=3 x", (123, "structure 105 with completeness 3: 1 phrase is taken")),
            ("@attr 1=4 @attr 2=1 x", (123, "title")),
            ("@attr 1=31 @attr 2=4 @attr 5=1 19", (123, "relation 4 with truncation 1")),
            ("@attr 1=59 @attr 6=3 x", (123, "place-of-publication")),
            ("@attr 1=31 soon", (126, "soon")),
            ("@attr 1=31 @attr 2=4 88", (126, "88")),
            ("@attr 1=31 @attr 2=104 1990", (126, "1990: two bounds are needed")),
            ("@attr 1=1011 199", (126, "199")),
            ('@attr 1=4 "!!!"', (125, "!!!")),
            ('@attr 1=4 @attr 5=2 "!!!"', (125, "!!!")),
            ('@attr 1=4 @attr 5=102 "(a|b)*"', (125, "(a|b)*")),
            ("@attr 1=4 @attr 5=101 a#b#c#d#e#f", (125, "a#b#c#d#e#f")),
        ]:
            assert await self.refuses(query) == expected, query

    async def test_a_use_attribute_that_is_not_served_is_named_with_those_that_are(self) -> None:
        condition, addinfo = await self.refuses("@attr 1=9999 x")
        assert condition == 114
        assert addinfo.startswith("9999: 1-9, 12-14,")
        assert addinfo.endswith(" are taken")

    async def test_every_type_of_query_finds_the_same(self) -> None:
        origin = await self.origin()
        for query in (
            "@and @attr 1=4 germinal @attr 1=1003 zola",
            elements.Query(type_101=pqf.parse("@and @attr 1=4 germinal @attr 1=1003 zola")),
            elements.Query(type_2=b"ti=germinal and au=zola"),
            elements.Query(type_2_implicit=b"find ti=germ? et au=zola"),
            cql_query(b'dc.title = germinal and dc.creator = "Zola"'),
            elements.Query(type_104=elements.External(direct_reference=oids.CQL, octet_aligned=b"dc.title = germinal")),
        ):
            assert await origin.count(query) == 1

    async def test_queries_that_cannot_be_read_are_refused_with_the_place(self) -> None:
        for query, expected in [
            (elements.Query(type_100=b"zola"), (107, "100: 1, 2, 101, 104 are taken")),
            (elements.Query(type_2=b"ti=(zola"), (108, "a term is missing at character 4")),
            (elements.Query(type_2=b"xx=zola"), (114, None)),
            (cql_query(b"dc.title ="), (108, None)),
            (cql_query(b"nosuch.index = x"), (121, None)),
            (elements.Query(type_104=elements.External(direct_reference="1.2.3", octet_aligned=b"x")), (107, None)),
            (
                elements.Query(type_104=elements.External(direct_reference=oids.CQL, single_asn1_type=b"\x02\x01\x01")),
                (108, None),
            ),
        ]:
            condition, addinfo = await self.refuses(query)
            assert condition == expected[0]
            assert expected[1] is None or addinfo == expected[1]

    async def test_terms_near_to_each_other_are_found(self) -> None:
        origin = await self.origin()
        for query, count in [
            ("@prox 0 1 1 2 k 2 @attr 1=1003 emile @attr 1=1003 zola", 3),
            ("@prox 0 1 0 2 k 2 @attr 1=4 miserables @attr 1=4 les", 1),
            ("@prox 0 1 1 2 k 2 @attr 1=4 miserables @attr 1=4 les", 0),
            ("@prox 1 1 1 2 k 2 @attr 1=4 miserables @attr 1=4 les", 1),
            ("@prox 0 0 0 3 k 8 @attr 1=4 miserables @attr 1=4 les", 1),
        ]:
            assert await origin.count(query) == count, query

    async def test_nearness_that_cannot_be_told_is_refused(self) -> None:
        for query, condition in [
            ("@prox 0 1 1 2 k 3 a b", 132),
            ("@prox 0 1 1 7 k 2 a b", 131),
            ("@prox 0 0 1 2 k 2 a b", 202),
            ("@prox 0 3 1 2 k 8 a b", 202),
            ("@prox 0 1 1 2 k 2 @attr 1=4 a @attr 1=21 b", 201),
            ("@prox 0 1 1 2 k 2 @attr 5=1 a @attr 5=1 b", 201),
            ("@prox 0 1 1 2 k 2 @set a b", 129),
            ("@prox 0 1 1 2 k 2 @and a c b", 110),
        ]:
            assert (await self.refuses(query))[0] == condition, query

    async def test_what_each_term_finds_is_told_to_who_asks(self) -> None:
        origin = await self.origin()
        asking = (elements.OtherInformationUnit(information=elements.Information(oid=oids.SEARCH_RESULT_1)),)
        query = "@and @attr 1=4 germinal @not @attr 1=1003 zola @attr 1=4 nothing"
        response = await origin.ask(search(query, additional_search_info=asking))
        reports = read_search_info(response.additional_search_info)
        expected = enumerate([(b"germinal", 1), (b"zola", 3), (b"nothing", 0)], 1)
        assert reports == tuple(term_report(number, term, count) for number, (term, count) in expected)
        assert not any(each.full_query for each in reports)
        assert (await origin.ask(search(query))).additional_search_info is None

    async def test_explain_is_answered_with_where_to_look(self) -> None:
        assert await self.refuses("x", "IR-Explain-1") == (1007, "the explain record of SRU, on this port")

    async def test_a_malformed_query_is_refused_and_the_association_goes_on(self) -> None:
        origin = await self.origin()
        query = elements.Query(type_1=elements.RPNQuery(attribute_set=oids.BIB_1, rpn=b"\xa0\x01\x00"))
        assert refused(await origin.ask(search(query)))[0] == 108
        assert await origin.count("zola") == 3


class LenientTests(Z3950TestCase):
    """Databases that replace attributes instead of refusing them, and say so."""

    async def setUp(self) -> None:  # type: ignore[override]  # trial waits for it
        await super().setUp()
        await self.store.work(lambda connection: connection.execute(update(schema.database).values(lenient=1)))
        await self.store.reload_network()

    async def test_what_is_not_taken_is_replaced_and_told(self) -> None:
        origin = await self.origin()
        for query, count, understood, note in [
            ("@attr 1=9999 zola", 3, '@attr 1=1016 @attr 2=3 @attr 3=3 @attr 5=100 @attr 6=1 "zola"', "114 "),
            ("@attr 1=4 @attr 2=7 @attr 7=1 germinal", 1, None, "117 "),
            (
                "@attr 1=4 @attr 2=1 germinal",
                1,
                '@attr 1=4 @attr 2=3 @attr 3=3 @attr 5=100 @attr 6=1 "germinal"',
                "123 ",
            ),
            ("@attrset gils @attr 1=4 germinal", 1, None, "121 "),
            ("@and @attr 1=4 @attr 3=2 germinal @not @attr 1=1003 zola @attr 1=4 @attr 4=4 terre", 1, None, "119 "),
        ]:
            response = await origin.ask(search(query))
            assert (response.search_status, response.result_count) == (True, count), query
            (report,) = read_search_info(response.additional_search_info)
            assert (report.full_query, report.subquery_count) == (True, count)
            assert report.subquery_interpretation is not None
            told = report.subquery_interpretation.term
            assert told is not None
            assert note in str(told.term_comment)
            assert understood is None or told.query_term.general == understood.encode()

    async def test_what_is_taken_is_told_nothing_and_what_is_wrong_is_still_refused(self) -> None:
        origin = await self.origin()
        assert (await origin.ask(search("@attr 1=4 germinal"))).additional_search_info is None
        assert (await self.refuses("@attr 1=31 soon"))[0] == 126
        assert (await self.refuses("@set nosuch"))[0] == 30


class ResultSetTests(Z3950TestCase):
    """Names, replacement, limits, deletion."""

    async def test_a_set_that_may_not_be_replaced_stays(self) -> None:
        origin = await self.origin()
        assert await origin.count("zola", result_set_name="a") == 3
        assert refused(await origin.ask(search("hugo", result_set_name="a", replace_indicator=False))) == (21, "a")
        assert (await origin.ask(present(3, 1, result_set_id="a"))).number_of_records_returned == 1

    async def test_a_failed_search_that_would_replace_a_set_has_dropped_it(self) -> None:
        origin = await self.origin()
        assert await origin.count("zola", result_set_name="a") == 3
        await origin.ask(search("@attr 1=9999 x", result_set_name="a"))
        assert refused(await origin.ask(present(1, 1, result_set_id="a"))) == (30, "a")

    async def test_names_need_the_option(self) -> None:
        origin = await self.origin(options=Options.SEARCH | Options.PRESENT)
        assert await origin.count("zola", result_set_name="Default") == 3
        assert refused(await origin.ask(search("zola", result_set_name="a"))) == (22, "a")

    async def test_a_set_has_a_name(self) -> None:
        assert (await self.refuses("zola", result_set_name=""))[0] == 128

    async def test_the_oldest_of_too_many_sets_goes_and_says_so(self) -> None:
        origin = await self.origin()
        for number in range(MAX_SETS + 1):
            await origin.count("zola", result_set_name=str(number))
        condition, why = refused(await origin.ask(present(1, 1, result_set_id="0")))
        assert condition == 27
        assert str(MAX_SETS) in why
        assert (await origin.ask(present(1, 1, result_set_id="1"))).present_status == PresentStatus.SUCCESS

    async def test_sets_are_deleted_by_name_or_all(self) -> None:
        origin = await self.origin()
        for name in "abc":
            await origin.count("zola", result_set_name=name)
        one = apdu.DeleteResultSetRequest(reference_id=b"d", delete_function=0, result_set_list=("a", "nosuch"))
        response = await origin.ask(one)
        assert response.reference_id == b"d"
        assert response.delete_operation_status == apdu.DeleteSetStatus.NOT_ALL_REQUESTED_RESULT_SETS_DELETED
        assert [(each.id, each.status) for each in response.delete_list_statuses] == [("a", 0), ("nosuch", 1)]
        assert refused(await origin.ask(present(1, 1, result_set_id="a")))[0] == 30
        assert (await origin.ask(apdu.DeleteResultSetRequest(delete_function=1))).delete_operation_status == 0
        assert refused(await origin.ask(present(1, 1, result_set_id="b")))[0] == 30
