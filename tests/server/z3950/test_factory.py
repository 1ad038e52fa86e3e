"""The Z39.50 target: a real store behind it, a real socket before it, and an origin that speaks the sans-I/O package."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import update
from twisted.internet import reactor as installed_reactor
from twisted.internet.endpoints import TCP4ClientEndpoint, connectProtocol
from twisted.trial.unittest import TestCase

from protocols.z3950 import apdu, elements, oids, pqf, rpn
from protocols.z3950.apdu import Options, PresentStatus
from protocols.z3950.diagnostics import Bib1, Refused
from protocols.z3950.elements import CompSpec, IdAuthentication, IdPass, RecordComposition
from protocols.z3950.resources import read_report
from protocols.z3950.search_result import read_search_info, term_report
from server.catalogue.query import BOUNDS, KINDS, MASKS, PROFILE, REASONS, SHAPES, Shape
from server.catalogue.records import Shelf
from server.catalogue.result_sets import MAX_SETS
from server.catalogue.shared import MAX_DATABASES, Catalogue
from server.metrics import Metrics
from server.z3950.factory import Z3950Factory
from server.z3950.records import Form
from server.z3950.refusals import REFUSALS, refusal
from server.z3950.target import ANSWERS
from storage import schema
from storage.catalogue.query import Kind, QueryReason
from storage.catalogue.records import save_records
from storage.database import Location
from storage.store import open_store
from tests.network import NOW
from tests.server.sip2.kiosk import Service, checkin, checkout
from tests.server.z3950.origin import (
    GERMINAL,
    PAGES,
    Origin,
    fill_catalogue,
    generic,
    init,
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


class Z3950TestCase(TestCase):
    """A catalogue in a real store, a listener on a port that the system chooses, and origins that connect to it."""

    location: Location

    @pytest.fixture(autouse=True)
    def _take_location(self, location: Location) -> None:
        self.location = location

    async def setUp(self) -> None:  # type: ignore[override]  # trial waits for it
        self.store = open_store(self.location, reactor)
        self.addCleanup(self.store.close)
        await self.store.work(fill_catalogue)
        await self.store.reload_network()
        self.metrics = Metrics()
        self.factory = Z3950Factory(Catalogue(self.store, reactor), reactor, self.metrics)
        self.port = reactor.listenTCP(0, self.factory, interface="127.0.0.1")
        self.addCleanup(self.factory.drain)
        self.addCleanup(self.port.stopListening)

    async def connected(self) -> Origin:
        """Return an origin that has sent nothing."""
        endpoint = TCP4ClientEndpoint(reactor, "127.0.0.1", self.port.getHost().port)
        origin: Origin = await connectProtocol(endpoint, Origin())
        self.addCleanup(origin.transport.loseConnection)
        return origin

    async def origin(self, version: int = 3, **changes: Any) -> Origin:
        """Return an origin whose Init was accepted."""
        return await (await self.connected()).opened(version, **changes)

    async def refuses(self, query: str | elements.Query, *databases: str, **changes: Any) -> tuple[int, str]:
        """Return the diagnostic that a search gets."""
        origin = await self.origin()
        response = await origin.ask(search(query, *databases, **changes))
        assert response.search_status is False
        assert (response.result_count, response.number_of_records_returned) == (0, 0)
        assert response.result_set_status == apdu.ResultSetStatus.NONE
        return refused(response)


class InitTests(Z3950TestCase):
    """What an association begins with."""

    async def test_what_is_granted_is_what_is_offered_and_the_target_says_its_name(self) -> None:
        origin = await self.connected()
        response = await origin.ask(init())
        assert response.result is True
        assert response.reference_id == b"init"
        assert response.protocol_version == 0b111
        asked = Options.SEARCH | Options.PRESENT | Options.DEL_SET | Options.SCAN | Options.NAMED_RESULT_SETS
        assert response.options == asked
        assert response.implementation_name == "Bibliobus"
        assert response.implementation_version
        await origin.leave()

    async def test_nobody_in_particular_may_search(self) -> None:
        for identity in (
            None,
            IdAuthentication(anonymous=True),
            IdAuthentication(open="Anonymous"),
            IdAuthentication(id_pass=IdPass(password="x")),
        ):
            origin = await self.origin(id_authentication=identity)
            assert await origin.count("zola") == 3

    async def test_without_a_common_version_the_init_is_refused_with_the_reason(self) -> None:
        origin = await self.connected()
        response = await origin.ask(init(protocol_version=1 << 6))
        assert response.result is False
        assert response.user_information_field.direct_reference == oids.USER_INFO_1
        await origin.lost
        assert self.metrics.value("refusals", "z3950", "UNSPECIFIED_ERROR") == 1

    async def test_a_second_init_begins_anew_and_drops_the_result_sets(self) -> None:
        origin = await self.origin()
        assert await origin.count("@attr 1=4 germinal") == 1
        await origin.opened()
        assert refused(await origin.ask(present(1, 1)))[0] == 30


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
        ]:
            assert await origin.count(query) == count, query

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
            ("@attr 2=102 x", (117, "102: 1-6, 103-104 are taken")),
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
            ("@attr 1=4 @attr 2=102 @attr 7=1 germinal", 1, None, "117 "),
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


class VersionTests(Z3950TestCase):
    """Version 2 knows less."""

    async def test_a_diagnostic_is_ascii_in_version_2(self) -> None:
        origin = await self.origin(2)
        response = await origin.ask(search("zola", "médiathèque"))
        assert response.records.non_surrogate_diagnostic.addinfo.v2_addinfo == "mediatheque"

    async def test_a_close_is_no_pdu_of_version_2(self) -> None:
        origin = await self.origin(2)
        origin.transport.write(apdu.encode(apdu.Close(close_reason=0)))
        await origin.lost
        assert self.metrics.value("faults", "z3950", "UnexpectedPdu") == 1


class ServiceTests(Z3950TestCase):
    """Resource reports, and services that are not offered."""

    async def test_a_report_says_what_the_association_has_used(self) -> None:
        origin = await self.origin()
        await origin.count("zola")
        await origin.ask(present(1, 2))
        response = await origin.ask(apdu.ResourceReportRequest(reference_id=b"r", op_id=b"x"))
        assert (response.reference_id, response.resource_report_status) == (b"r", 0)
        assert response.resource_report.direct_reference == oids.RESOURCE_1
        report = read_report(response.resource_report.single_asn1_type)
        assert report.message == "1 searches, 2 records sent, 1 result sets kept"
        assert [(each.type, each.value) for each in report.estimates][:2] == [(1, 3), (3, 2)]
        other = await origin.ask(apdu.ResourceReportRequest(pref_resource_report_format="1.2.840.10003.7.2"))
        assert other.resource_report_status == 1


class TestTables:
    """Tables that must be whole."""

    def test_every_reason_of_the_store_has_its_diagnostic(self) -> None:
        assert set(REASONS) == set(QueryReason)

    def test_every_answered_request_has_the_shape_of_its_refusal(self) -> None:
        assert set(REFUSALS) == set(ANSWERS)

    def test_a_refused_deletion_says_why(self) -> None:
        response = refusal(
            apdu.DeleteResultSetRequest(delete_function=1), Refused(Bib1.TEMPORARY_SYSTEM_ERROR, "why"), 3
        )
        assert isinstance(response, apdu.DeleteResultSetResponse)
        assert response.delete_operation_status == apdu.DeleteSetStatus.SYSTEM_PROBLEM_AT_TARGET
        assert "why" in (response.delete_message or "")

    def test_every_combination_that_is_taken_is_one_of_the_profile(self) -> None:
        assert {structure for structure in SHAPES if structure is not None} <= PROFILE.structure
        assert {truncation for _, truncation in KINDS} | MASKS.keys() == PROFILE.truncation
        assert BOUNDS.keys() | {3, 6, 103} == PROFILE.relation
        assert {shape for shape, _ in KINDS} == set(Shape) == set(SHAPES.values()) | {Shape.FIRST}
        assert set(KINDS.values()) == set(Kind)
        assert PROFILE.use >= MUST_HAVE


# What this product must serve (z3950.md 1.11), but for what items say, which are not records.
MUST_HAVE = {
    *range(1, 9), 12, 13, 20, 21, 22, 27, 31, 33, 48, 49, 54, 57, 58, 59, 62, 63, 1000, *range(1002, 1008), 1009, 1011, 1012,
    1016, 1017, 1018, 1021, 1031, 1032, 1035, 1036, 1045, 1053, 1066, 1075, 1079, 1092, 1094, *range(1097, 1112), 1214,
}  # fmt: skip


def composed(
    uri: str | None = None,
    name: str | None = None,
    syntaxes: tuple[str, ...] | None = None,
    *,
    alternative: bool = False,
) -> RecordComposition:
    """Return a composition in its long form."""
    spec = elements.Specification(
        schema=None if uri is None else elements.Schema(uri=uri),
        element_spec=None if name is None else elements.ElementSpec(element_set_name=name),
    )
    return RecordComposition(
        complex=CompSpec(select_alternative_syntax=alternative, generic=spec, record_syntax=syntaxes)
    )


def ranges(*pairs: tuple[int, int]) -> tuple[elements.Range, ...]:
    """Return additional ranges."""
    return tuple(elements.Range(starting_position=start, number_of_records=number) for start, number in pairs)


def cql_query(text: bytes) -> elements.Query:
    """Return a query of type 104 as YAZ's clients send it."""
    string = b"\x1b" + bytes([len(text)]) + text
    return elements.Query(type_104=elements.External(direct_reference=oids.CQL, single_asn1_type=string))


def raw(use: int, term: bytes) -> elements.Query:
    """Return a query whose term is any octets."""
    attribute = elements.AttributeElement(attribute_type=1, attribute_value=elements.AttributeValue(numeric=use))
    operand = elements.AttributesPlusTerm(attributes=(attribute,), term=elements.Term(general=term))
    octets = rpn.encode(elements.Operand(attr_term=operand))
    return elements.Query(type_1=elements.RPNQuery(attribute_set=oids.BIB_1, rpn=octets))
