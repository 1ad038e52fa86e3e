"""Cataloguers on Z39.50: who is let in, and what becomes of the records that they save."""

from __future__ import annotations

from typing import Any

from argon2 import PasswordHasher
from sqlalchemy import Connection, insert, update

from protocols.marc import iso2709
from protocols.marc.marcxml import record_xml
from protocols.marc.record import Field, Record, Subfield
from protocols.z3950 import apdu, oids
from protocols.z3950 import update as wire
from protocols.z3950.apdu import OperationStatus
from protocols.z3950.elements import External, IdAuthentication, IdPass
from protocols.z3950.update import Action, RecordStatus, UpdateStatus
from server.z3950.update import REASONS
from storage import schema
from storage.catalogue.updates import UpdateReason
from tests.network import LENS, LIEVIN
from tests.server.z3950.association import Z3950TestCase
from tests.server.z3950.origin import Origin, init, present, search, texts

MARIE = IdAuthentication(id_pass=IdPass(user_id="marie", password="demo"))


def declare_cataloguers(connection: Connection) -> None:
    """Marie of Lens and Paul of Liévin may update, Jean may not, and Anne is gone. The records of the tests are Lens's."""
    secret = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash("demo")
    rows = [("marie", LENS, 1, 1), ("paul", LIEVIN, 1, 1), ("jean", LENS, 0, 1), ("anne", LENS, 1, 0)]
    for code, library, updates, enabled in rows:
        values = {"code": code, "library_id": library, "password_hash": secret, "updates": updates, "enabled": enabled}
        connection.execute(insert(schema.cataloguer).values(values))
    connection.execute(update(schema.record).values(source="LENS"))


def marc(control: str, title: str, *more: Field) -> bytes:
    """Return a record as a cataloguer's system sends it."""
    fields = [
        *([Field("001", control)] if control else []),
        Field("200", "", "1 ", [Subfield("a", title)]),
        Field("995", "", "  ", [Subfield("f", "I77")]),
        *more,
    ]
    return Record("00000nam  22000003  450 ", fields).to_iso2709()


def supplied(octets: bytes, record_id: wire.RecordId | None = None, version: str | None = None) -> wire.SuppliedRecord:
    """Return one record of a request."""
    return wire.SuppliedRecord(
        record_id=record_id,
        supplemental_id=None if version is None else wire.SupplementalId(version_number=version),
        correlation_info=wire.CorrelationInfo(id=7),
        record=External(direct_reference=oids.UNIMARC, octet_aligned=octets),
    )


def asked(action: int, *records: wire.SuppliedRecord, **changes: Any) -> apdu.ExtendedServicesRequest:
    """Return a request for Update."""
    keep = wire.OriginPartToKeep(action=action, database_name="network")
    request = wire.Update(es_request=wire.UpdateRequest(to_keep=keep, not_to_keep=records))
    fields: dict[str, Any] = {
        "reference_id": b"es",
        "function": 1,
        "package_type": oids.UPDATE,
        "wait_action": 1,
        "task_specific_parameters": wire.parameters(oids.UPDATE, request),
    }
    return apdu.ExtendedServicesRequest(**{**fields, **changes})


def why(response: Any) -> int:
    """Return the condition of the one diagnostic of a response."""
    (record,) = response.diagnostics
    return int(record.default_format.condition)


class UpdateTestCase(Z3950TestCase):
    """A catalogue with its cataloguers."""

    async def setUp(self) -> None:  # type: ignore[override]  # trial waits for it
        await super().setUp()
        await self.store.work(declare_cataloguers)
        await self.store.reload_network()

    async def cataloguer(self, name: str) -> Origin:
        """Return an origin that has given its name."""
        return await self.origin(id_authentication=IdAuthentication(open=f"{name}/demo"))


class AccessTests(UpdateTestCase):
    """Who is let in."""

    async def test_a_name_is_taken_with_its_password_in_each_form(self) -> None:
        for identity in (
            MARIE,
            IdAuthentication(open="marie/demo"),
            IdAuthentication(open_international="marie/demo"),
            IdAuthentication(id_pass=IdPass(group_id="marie", password="demo")),
        ):
            await self.origin(id_authentication=identity)

    async def test_others_are_refused_alike_and_the_connection_ends(self) -> None:
        for identity, condition in [
            (IdAuthentication(open="marie/wrong"), b"\x03\xf3"),
            (IdAuthentication(open="nobody/demo"), b"\x03\xf3"),
            (IdAuthentication(open="anne/demo"), b"\x03\xf3"),
            (IdAuthentication(id_pass=IdPass(user_id="marie")), b"\x03\xf3"),
            (IdAuthentication(other=External(direct_reference="1.2.3", octet_aligned=b"x")), b"\x03\xf6"),
        ]:
            origin = await self.connected()
            response = await origin.ask(init(id_authentication=identity))
            assert response.result is False
            assert response.user_information_field.direct_reference == oids.USER_INFO_1
            assert condition in response.user_information_field.single_asn1_type
            await origin.lost

    async def test_a_password_is_in_no_repr(self) -> None:
        assert "demo" not in repr(init(id_authentication=MARIE))


class SavingTests(UpdateTestCase):
    """What becomes of records."""

    async def test_a_new_record_is_found_by_the_next_search(self) -> None:
        origin = await self.cataloguer("marie")
        assert await origin.count("@attr 1=4 fourmi") == 0
        response = await origin.ask(asked(Action.RECORD_INSERT, supplied(marc("n1", "La fourmi rouge"))))
        assert (response.reference_id, response.operation_status) == (b"es", OperationStatus.DONE)
        assert response.task_package.direct_reference == oids.TASK_PACKAGE
        package = wire.read_package(response.task_package.single_asn1_type)
        told = wire.read_update(package.task_specific_parameters.single_asn1_type or b"").task_package
        assert package.task_status == wire.TaskStatus.COMPLETE
        assert told is not None
        assert told.target_part.update_status == UpdateStatus.SUCCESS
        (result,) = told.target_part.task_package_records
        assert result.record_status == RecordStatus.SUCCESS
        assert result.correlation_info == wire.CorrelationInfo(id=7)
        assert await origin.count("@attr 1=4 fourmi") == 1
        (text,) = texts(await origin.ask(present(1, 1)))
        assert "I77" not in text

    async def test_a_record_in_xml_is_taken_as_well(self) -> None:
        origin = await self.cataloguer("marie")
        raw = marc("x1", "La fourmi verte")
        xml = record_xml(raw[:24], iso2709.fields(raw)).encode()
        for octets, condition in [
            (xml, None),
            (b"<record", 1057),
            (b"<a/>", 1057),
            (b"<c>" + xml + xml + b"</c>", 1057),
        ]:
            external = External(direct_reference=oids.XML, octet_aligned=octets)
            response = await origin.ask(asked(Action.SPECIAL_UPDATE, wire.SuppliedRecord(record=external)))
            assert (why(response) if response.diagnostics else None) == condition
        assert await origin.count("@attr 1=4 verte") == 1

    async def test_a_record_is_replaced_and_deleted_by_any_of_its_names(self) -> None:
        origin = await self.cataloguer("marie")
        for title, name in [("Une", None), ("Deux", wire.RecordId(string="z1")), ("Trois", wire.RecordId(number=1))]:
            response = await origin.ask(asked(Action.RECORD_REPLACE, supplied(marc("z1", f"{title} fois"), name)))
            assert response.operation_status == OperationStatus.DONE
            assert await origin.count(f'@attr 1=4 @attr 4=1 "{title} fois"') == 1
        assert await origin.count("@attr 1=4 germinal") == 0
        opaque = wire.RecordId(opaque=b"z1")
        assert (
            await origin.ask(asked(Action.RECORD_DELETE, supplied(b"", opaque)))
        ).operation_status == OperationStatus.DONE
        assert await origin.count("@attr 1=4 trois") == 0

    async def test_a_version_that_was_seen_guards_against_losing_what_another_did(self) -> None:
        origin = await self.cataloguer("marie")
        first = supplied(marc("z1", "Premier", Field("005", "20260101120000.0")), version="1")
        assert (await origin.ask(asked(Action.RECORD_REPLACE, first))).operation_status == OperationStatus.DONE
        response = await origin.ask(asked(Action.RECORD_REPLACE, supplied(marc("z1", "Second"), version="1")))
        assert (response.operation_status, why(response)) == (OperationStatus.FAILURE, 1026)
        assert await origin.count("@attr 1=4 second") == 0
        by_stamp = supplied(marc("z1", "Second"), version="20260101120000.0")
        assert (await origin.ask(asked(Action.RECORD_REPLACE, by_stamp))).operation_status == OperationStatus.DONE

    async def test_what_is_another_communes_is_not_touched(self) -> None:
        paul = await self.cataloguer("paul")
        for action in (Action.RECORD_REPLACE, Action.RECORD_DELETE, Action.SPECIAL_UPDATE):
            response = await paul.ask(asked(action, supplied(marc("z1", "Volé"), wire.RecordId(string="z1"))))
            assert (response.operation_status, why(response)) == (OperationStatus.FAILURE, 223)
        assert await paul.count("@attr 1=4 germinal") == 1

    async def test_one_record_that_fails_takes_no_other_with_it(self) -> None:
        origin = await self.cataloguer("marie")
        records = [supplied(marc("n1", "Bonne")), supplied(marc("z1", "Prise")), supplied(b"no record")]
        response = await origin.ask(asked(Action.RECORD_INSERT, *records))
        assert response.operation_status == OperationStatus.DONE
        assert [each.default_format.condition for each in response.diagnostics] == [224, 1057]
        assert await origin.count("@attr 1=4 bonne") == 1
        assert await origin.count("@attr 1=4 prise") == 0

    async def test_what_cannot_be_done_is_refused_with_the_reason(self) -> None:
        good = supplied(marc("n1", "Neuve"))
        other = External(direct_reference="1.2.3", single_asn1_type=b"\x05\x00")
        bad = External(direct_reference=oids.UPDATE, single_asn1_type=b"\xa1\x02\x05\x00")
        pair = supplied(marc("", "Sans numéro"))
        for name, request, condition in [
            ("jean", asked(Action.RECORD_INSERT, good), 222),
            ("marie", asked(Action.RECORD_INSERT, good, package_type="1.2.840.10003.9.2"), 221),
            ("marie", asked(Action.RECORD_INSERT, good, function=4), 1040),
            ("marie", asked(Action.ELEMENT_UPDATE, good), 1044),
            ("marie", asked(Action.RECORD_INSERT, *[good] * 51), 1046),
            ("marie", asked(Action.RECORD_INSERT, good, task_specific_parameters=None), 1008),
            ("marie", asked(Action.RECORD_INSERT, good, task_specific_parameters=other), 1043),
            ("marie", asked(Action.RECORD_INSERT, good, task_specific_parameters=bad), 1057),
            ("marie", asked(Action.RECORD_REPLACE, good), 10),
            ("marie", asked(Action.RECORD_INSERT, pair), 1008),
        ]:
            response = await (await self.cataloguer(name)).ask(request)
            assert (response.operation_status, why(response)) == (OperationStatus.FAILURE, condition)
        nobody = await self.origin()
        assert why(await nobody.ask(asked(Action.RECORD_INSERT, good))) == 222
        assert (await nobody.ask(search("@attr 1=4 neuve"))).result_count == 0


def test_every_reason_has_its_diagnostic() -> None:
    assert set(REASONS) == set(UpdateReason)
