"""The Z39.50 target: a real store behind it, a real socket before it, and an origin that speaks the sans-I/O package."""

from __future__ import annotations

from typing import Any

from twisted.internet import reactor as installed_reactor

from protocols.z3950 import apdu, oids
from protocols.z3950.apdu import Options
from protocols.z3950.diagnostics import Bib1, Refused
from protocols.z3950.elements import IdAuthentication, IdPass
from protocols.z3950.resources import read_report
from server.catalogue.query import BOUNDS, KINDS, LIKE, MASKS, PROFILE, REASONS, SHAPES, Shape
from server.z3950.refusals import REFUSALS, refusal
from server.z3950.target import ANSWERS
from storage.catalogue.query import Kind, QueryReason
from tests.server.z3950.association import Z3950TestCase
from tests.server.z3950.origin import (
    init,
    present,
    refused,
    search,
)

reactor: Any = installed_reactor


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
        assert BOUNDS.keys() | LIKE.keys() | {3, 6, 102, 103} == PROFILE.relation
        assert {shape for shape, _ in KINDS} == set(Shape) == set(SHAPES.values()) | {Shape.FIRST}
        assert set(KINDS.values()) == set(Kind)
        assert PROFILE.use >= MUST_HAVE


# What this product must serve (z3950.md 1.11), but for what items say, which are not records.
MUST_HAVE = {
    *range(1, 9), 12, 13, 20, 21, 22, 27, 31, 33, 48, 49, 54, 57, 58, 59, 62, 63, 1000, *range(1002, 1008), 1009, 1011, 1012,
    1016, 1017, 1018, 1021, 1031, 1032, 1035, 1036, 1045, 1053, 1066, 1075, 1079, 1092, 1094, *range(1097, 1112), 1214,
}  # fmt: skip
