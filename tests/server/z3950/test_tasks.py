"""Extended services beside Update: sets that are kept, titles that are reserved."""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import func, select, update
from twisted.internet import reactor as installed_reactor

from protocols.z3950 import apdu, elements, oids, rpn, tasks
from protocols.z3950 import update as wire
from protocols.z3950.apdu import OperationStatus
from protocols.z3950.elements import External, IdAuthentication
from protocols.z3950.schema import codec_of
from protocols.z3950.update import Action
from server.catalogue.shared import Catalogue
from server.z3950.factory import Z3950Factory
from storage import kept_sets, schema
from storage.catalogue.records import delete_records
from storage.refusals import Reason, sentence
from storage.store import open_store
from tests.network import LENS, NOW
from tests.server.z3950.origin import GERMINAL, Origin, present, records, refused, search, surrogates, texts
from tests.server.z3950.test_index import by_use, sort
from tests.server.z3950.test_update import UpdateTestCase, asked, marc, supplied, why
from tests.server.z3950.test_variants import proposal

reactor: Any = installed_reactor


def task(package_type: str, service: Any, **changes: Any) -> apdu.ExtendedServicesRequest:
    """Return a request for a service."""
    return asked(
        Action.RECORD_INSERT,
        **{"package_type": package_type, "task_specific_parameters": wire.parameters(package_type, service), **changes},
    )


def order(item: int = 1, card: str | None = "R1/1234", **changes: Any) -> apdu.ExtendedServicesRequest:
    """Return an order of a record of the set "default"."""
    wanted = tasks.OrderRequest(result_set_item=tasks.ResultSetItem(result_set_id="default", item=item))
    keep = tasks.OrderToKeep(contact=tasks.Contact(name="Camille", email="camille@example.org"))
    sent = tasks.OrderEsRequest(to_keep=keep, not_to_keep=wanted)
    return task(oids.ITEM_ORDER, tasks.ItemOrder(es_request=sent), user_id=card, **changes)


def kept(name: str | None, mode: int | None = None) -> apdu.ExtendedServicesRequest:
    """Return a request to keep a set."""
    wanted = tasks.SetRequest(origin_supplied_result_set=name, replace_or_append=mode)
    sent = tasks.SetEsRequest(to_keep=True, not_to_keep=wanted)
    return task(oids.PERSISTENT_RESULT_SET, tasks.PersistentResultSet(es_request=sent))


def told(response: Any, service: Any) -> tuple[wire.TaskPackage, Any]:
    """Return the task package of a response and what it tells."""
    assert response.operation_status == OperationStatus.DONE, response.diagnostics
    package = wire.read_package(response.task_package.single_asn1_type)
    assert package.task_status == wire.TaskStatus.COMPLETE
    return package, codec_of(service).decode(package.task_specific_parameters.single_asn1_type or b"").task_package


def words(response: Any) -> str:
    """Return what the one diagnostic of a response says."""
    (diagnostic,) = response.diagnostics
    said: str = diagnostic.default_format.addinfo.v3_addinfo
    return said


class ItemOrderTests(UpdateTestCase):
    """Item Order reserves a title."""

    async def holds(self) -> list[tuple[Any, ...]]:
        columns = (schema.hold.c.patron_id, schema.hold.c.record_id, schema.hold.c.channel, schema.hold.c.state)
        rows: list[Any] = await self.store.work(lambda connection: connection.execute(select(*columns)).all())
        return [tuple(row) for row in rows]

    async def found(self, name: str = "jean") -> Origin:
        origin = await self.cataloguer(name)
        assert await origin.count("@attr 1=4 germinal") == 1
        return origin

    async def test_what_was_found_is_reserved_for_the_reader_of_a_card_and_its_pin(self) -> None:
        response = await (await self.found()).ask(order())
        package, what = told(response, tasks.ItemOrder)
        assert what.target_part.auxiliary_status == tasks.AuxiliaryStatus.LOAN_QUEUE
        assert what.origin_part.contact.name == "Camille"
        assert package.user_id == "jean"
        assert (package.target_reference or b"").isdigit()
        assert await self.holds() == [(1, GERMINAL, "z3950", "waiting")]

    async def test_the_journal_tells_which_account_has_ordered(self) -> None:
        await (await self.found()).ask(order())
        journal = schema.journal.c
        columns = (journal.act, journal.channel, journal.actor, journal.library_id)
        rows = await self.store.work(lambda connection: connection.execute(select(*columns)).all())
        assert [tuple(row) for row in rows] == [("hold", "z3950", "jean", LENS)]

    async def test_nobody_in_particular_orders_nothing(self) -> None:
        origin = await self.origin()
        await origin.count("@attr 1=4 germinal")
        assert why(await origin.ask(order())) == 222
        assert await self.holds() == []

    async def test_a_wrong_pin_and_an_unknown_card_are_refused_alike(self) -> None:
        origin = await self.found()
        refusals = [(await origin.ask(order(card=card))).diagnostics for card in ("R1/0000", "R1/", "nobody/1234")]
        assert {each[0].default_format.condition for each in refusals} == {222}
        assert refusals[0] == refusals[1] == refusals[2]
        assert await self.holds() == []

    async def test_a_card_whose_pin_was_guessed_at_too_often_is_not_told_from_an_unknown_one(self) -> None:
        origin = await self.found()
        guesses = [(await origin.ask(order(card=f"R1/{pin:04}"))).diagnostics for pin in range(20)]
        unknown = (await origin.ask(order(card="nobody/1234"))).diagnostics
        assert all(guess == unknown for guess in guesses)
        assert (await origin.ask(order())).diagnostics == unknown  # locked, even for who knows it
        assert await self.holds() == []

    async def test_what_cannot_be_ordered_is_refused_with_the_reason(self) -> None:
        origin = await self.found()
        ill = External(direct_reference="1.0.10161.2.1", octet_aligned=b"x")
        by_ill = tasks.OrderEsRequest(not_to_keep=tasks.OrderRequest(item_request=ill))
        by_nothing = tasks.OrderEsRequest(not_to_keep=tasks.OrderRequest())
        for request, condition in [
            (order(2), 13),
            (order(0), 13),
            (order(card=None), 1008),
            (order(card="R1"), 1008),
            (order(task_specific_parameters=None), 1008),
            (order(task_specific_parameters=External(direct_reference="1.2.3", single_asn1_type=b"\x05\x00")), 1043),
            (order(function=4), 1040),
            (order(function=3), 1008),
            (order(wait_action=5), 1047),
            (task(oids.ITEM_ORDER, tasks.ItemOrder(es_request=by_ill), user_id="R1/1234"), 1009),
            (task(oids.ITEM_ORDER, tasks.ItemOrder(es_request=by_nothing), user_id="R1/1234"), 1008),
        ]:
            response = await origin.ask(request)
            assert (response.operation_status, why(response)) == (OperationStatus.FAILURE, condition)
        assert await self.holds() == []

    async def test_a_second_order_of_the_same_title_is_refused_in_words(self) -> None:
        origin = await self.found()
        await origin.ask(order())
        (diagnostic,) = (await origin.ask(order())).diagnostics
        assert diagnostic.default_format.condition == 224
        assert diagnostic.default_format.addinfo.v3_addinfo
        assert len(await self.holds()) == 1

    async def test_card_pin_and_contact_are_in_no_repr(self) -> None:
        shown = repr(order()) + repr(tasks.Contact(name="Camille", phone="0321", email="camille@example.org"))
        assert not any(secret in shown for secret in ("R1", "1234", "Camille", "0321", "example"))


class PersistentResultSetTests(UpdateTestCase):
    """A set is kept for other associations."""

    async def test_a_set_outlives_its_association_under_a_name_that_nobody_guesses(self) -> None:
        first = await self.origin()
        assert await first.count("@attr 1=4 germinal") == 1
        _, what = told(await first.ask(kept("default")), tasks.PersistentResultSet)
        assert what.target_part.number_of_records == 1
        await first.leave()
        second = await self.origin()
        (text,) = texts(await second.ask(present(1, 1, result_set_id=what.target_part.target_supplied_result_set)))
        assert "Germinal" in text

    async def keep(self, name: str = "default", account: str = "marie", query: str = "zola") -> tuple[Origin, str]:
        """Have an account keep what a query finds, by title; return its association and the name that the set is given."""
        origin = await self.cataloguer(account)
        assert await origin.count(query, result_set_name=name)
        await origin.ask(sort(by_use(4), name, to=name))
        _, what = told(await origin.ask(kept(name)), tasks.PersistentResultSet)
        return origin, what.target_part.target_supplied_result_set

    async def elsewhere(self) -> Origin:
        """Return an origin of the same account at another daemon of the same database."""
        store = open_store(self.location, reactor, read_only=True)
        self.addCleanup(store.close)
        self.factory.catalogue = Catalogue(store, reactor)
        return await self.cataloguer("marie")

    async def titles(self, origin: Origin, number: int, name: str) -> list[str]:
        return [
            re.sub("[\x88\x89]", "", each)
            for text in texts(await origin.ask(present(1, number, result_set_id=name)))
            for each in re.findall("\x1fa([^\x1f]*)\x1ff", text)
        ]

    async def test_the_set_of_an_account_is_found_at_another_daemon_in_its_order(self) -> None:
        first, name = await self.keep()
        await first.leave()
        second = await self.elsewhere()
        assert await self.titles(second, 3, name) == ["Germinal", "L'Œuvre", "La Terre"]

    async def test_a_kept_set_can_be_searched_sorted_ordered_and_kept_again(self) -> None:
        origin, name = await self.keep()
        operand = elements.Operand(result_set=name)
        both = rpn.Boolean(rpn.BooleanOperator.AND, elements.Operand(result_set="default"), operand)
        assert await origin.count("germinal")
        query = elements.Query(type_1=elements.RPNQuery(attribute_set=oids.BIB_1, rpn=rpn.encode(both)))
        assert await origin.count(query) == 1  # in the set that it replaces
        assert (await origin.ask(sort(by_use(31, descending=True), name, to="years"))).sort_status == 0
        assert await self.titles(origin, 3, "years") == ["La Terre", "L'Œuvre", "Germinal"]
        wanted = tasks.OrderRequest(result_set_item=tasks.ResultSetItem(result_set_id=name, item=1))
        ordered = tasks.ItemOrder(es_request=tasks.OrderEsRequest(not_to_keep=wanted))
        told(await origin.ask(task(oids.ITEM_ORDER, ordered, user_id="R1/1234")), tasks.ItemOrder)
        told(await origin.ask(kept(name)), tasks.PersistentResultSet)

    async def test_who_is_not_the_account_names_its_set_in_vain(self) -> None:
        _, name = await self.keep()
        for other in (await self.cataloguer("paul"), await self.origin()):
            assert refused(await other.ask(present(1, 1, result_set_id=name))) == (30, name)
            assert (
                refused(
                    await other.ask(
                        search(
                            elements.Query(
                                type_1=elements.RPNQuery(
                                    attribute_set=oids.BIB_1, rpn=rpn.encode(elements.Operand(result_set=name))
                                )
                            )
                        )
                    )
                )[0]
                == 30
            )

    async def test_a_record_that_was_deleted_since_is_told_in_its_place(self) -> None:
        origin, name = await self.keep()
        await self.store.work(delete_records, [GERMINAL], NOW)
        assert surrogates(await origin.ask(present(1, 3, result_set_id=name))) == [1028, 0, 0]

    async def test_what_an_account_has_no_room_for_is_refused_and_leaves_nothing(self) -> None:
        self.patch(kept_sets, "MOST_OCTETS", 60)
        origin, _ = await self.keep()
        assert why(await origin.ask(kept("default"))) == 220
        count = select(func.count()).select_from(schema.task_package)
        assert await self.store.work(lambda connection: connection.execute(count).scalar_one()) == 1

    async def test_a_set_is_as_its_databases_are_named_and_is_no_more_without_them(self) -> None:
        origin = await self.cataloguer("marie")
        assert await origin.count("germinal", "lens-5426")
        _, what = told(await origin.ask(kept("default")), tasks.PersistentResultSet)
        name = what.target_part.target_supplied_result_set
        (record,) = records(await origin.ask(present(1, 1, result_set_id=name)))
        assert record.name == "lens-5426"
        assert b"\xc2\x65" not in record.record.retrieval_record.octet_aligned
        assert "É".encode() not in record.record.retrieval_record.octet_aligned
        await self.store.work(
            lambda connection: connection.execute(
                update(schema.database).where(schema.database.c.name == "lens").values(name="gone")
            )
        )
        await self.store.reload_network()
        assert refused(await origin.ask(present(1, 1, result_set_id=name))) == (235, "lens-5426")

    async def test_what_cannot_be_kept_is_refused_with_the_reason(self) -> None:
        origin = await self.origin()
        assert why(await origin.ask(kept("nowhere"))) == 30
        assert why(await origin.ask(kept(None))) == 1008
        await origin.count("zola")
        assert why(await origin.ask(kept("default", tasks.ReplaceOrAppend.APPEND))) == 1057
        response = await origin.ask(present(1, 1, result_set_id="nowhere"))
        assert refused(response)[0] == 30


class FrenchTests(UpdateTestCase):
    """What was not done, told in French."""

    async def test_what_goes_wrong_with_records_and_orders_is_told_in_french(self) -> None:
        sent = proposal(records_too=False, language="fre")
        marie = IdAuthentication(open="marie/demo")
        origin = await self.origin(other_info=sent, options=(1 << 18) - 1, id_authentication=marie)
        await origin.ask(asked(Action.RECORD_INSERT, supplied(marc("n1", "Neuve"))))
        response = await origin.ask(asked(Action.RECORD_INSERT, supplied(marc("n1", "Neuve"))))
        whole = "exécution immédiate impossible"
        assert words(response) == f"{whole} : il y a déjà une notice de ce numéro : n1"
        parameters = wire.read_package(response.task_package.single_asn1_type).task_specific_parameters
        told_of: Any = wire.read_update(parameters.single_asn1_type or b"").task_package
        (record,) = told_of.target_part.task_package_records
        assert record.record_or_sur_diag.surrogate_diagnostics == response.diagnostics
        assert await origin.count("@attr 1=4 germinal") == 1
        await origin.ask(order())
        assert words(await origin.ask(order())) == f"{whole} : {sentence(Reason.ALREADY_HELD, 'fr')}"
        assert words(await origin.ask(order(card="R1"))) == "paramètre manquant : userId : carte/code du lecteur"


class ReadingProcessTests(UpdateTestCase):
    """A process beside the one that writes."""

    async def setUp(self) -> None:  # type: ignore[override]  # trial waits for it
        await super().setUp()
        self.reader = open_store(self.location, reactor, read_only=True)
        self.addCleanup(self.reader.close)
        self.factory.catalogue = Catalogue(self.reader, reactor)
        assert isinstance(self.factory, Z3950Factory)

    async def test_it_keeps_sets_of_nobody_and_says_225_to_what_it_cannot_write(self) -> None:
        origin = await self.origin(id_authentication=IdAuthentication(open="marie/demo"))
        assert await origin.count("@attr 1=4 germinal") == 1
        assert why(await origin.ask(asked(Action.RECORD_INSERT, supplied(marc("n1", "Neuve"))))) == 225
        assert why(await origin.ask(order())) == 225
        assert why(await origin.ask(kept("default"))) == 225
        nobody = await self.origin()
        assert await nobody.count("@attr 1=4 germinal") == 1
        _, what = told(await nobody.ask(kept("default")), tasks.PersistentResultSet)
        assert what.target_part.number_of_records == 1
