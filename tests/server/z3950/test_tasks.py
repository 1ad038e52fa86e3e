"""Extended services beside Update: sets that are kept, titles that are reserved."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from twisted.internet import reactor as installed_reactor

from protocols.z3950 import apdu, oids, tasks
from protocols.z3950 import update as wire
from protocols.z3950.apdu import OperationStatus
from protocols.z3950.elements import External, IdAuthentication
from protocols.z3950.schema import codec_of
from protocols.z3950.update import Action
from server.catalogue.shared import Catalogue
from server.z3950.factory import Z3950Factory
from storage import schema
from storage.store import open_store
from tests.network import LENS
from tests.server.z3950.origin import GERMINAL, Origin, present, refused, texts
from tests.server.z3950.test_update import UpdateTestCase, asked, marc, supplied, why

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

    async def test_what_cannot_be_kept_is_refused_with_the_reason(self) -> None:
        origin = await self.origin()
        assert why(await origin.ask(kept("nowhere"))) == 30
        assert why(await origin.ask(kept(None))) == 1008
        await origin.count("zola")
        assert why(await origin.ask(kept("default", tasks.ReplaceOrAppend.APPEND))) == 1057
        response = await origin.ask(present(1, 1, result_set_id="nowhere"))
        assert refused(response)[0] == 30


class ReadingProcessTests(UpdateTestCase):
    """A process beside the one that writes."""

    async def setUp(self) -> None:  # type: ignore[override]  # trial waits for it
        await super().setUp()
        self.reader = open_store(self.location, reactor, read_only=True)
        self.addCleanup(self.reader.close)
        self.factory.catalogue = Catalogue(self.reader, reactor)
        assert isinstance(self.factory, Z3950Factory)

    async def test_it_keeps_sets_and_says_225_to_what_it_cannot_write(self) -> None:
        origin = await self.origin(id_authentication=IdAuthentication(open="marie/demo"))
        assert await origin.count("@attr 1=4 germinal") == 1
        assert why(await origin.ask(asked(Action.RECORD_INSERT, supplied(marc("n1", "Neuve"))))) == 225
        assert why(await origin.ask(order())) == 225
        _, what = told(await origin.ask(kept("default")), tasks.PersistentResultSet)
        assert what.target_part.number_of_records == 1
