"""Task packages: kept for their account, found in IR-Extend-1, changed and deleted, forgotten."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select, update

from protocols.z3950 import elements, oids, rpn, tasks
from protocols.z3950 import update as wire
from protocols.z3950.apdu import Function, OperationStatus, Permission, WaitAction
from protocols.z3950.elements import IntUnit, StringOrNumeric, Unit
from protocols.z3950.ext1 import Use
from protocols.z3950.schema import codec_of
from protocols.z3950.update import Action, TaskStatus
from server.z3950.packages import DATABASE
from storage import packages as kept_packages
from storage import schema
from storage.jobs.forget import FORGET_PACKAGES
from storage.jobs.job import RunRequest, usecase_of
from storage.packages import Right
from storage.usecase import Origin as Actor
from tests.server.z3950.origin import Origin, present, records, refused, search, surrogates
from tests.server.z3950.test_tasks import kept, order
from tests.server.z3950.test_update import UpdateTestCase, asked, marc, supplied, why


def operand(use: int, term: str, relation: int | None = None, attribute_set: str | None = None) -> elements.Operand:
    """Return one condition on packages."""
    pairs = [(1, use)] + ([] if relation is None else [(2, relation)])
    attributes = tuple(
        elements.AttributeElement(
            attribute_set=attribute_set, attribute_type=kind, attribute_value=elements.AttributeValue(numeric=value)
        )
        for kind, value in pairs
    )
    term_ = elements.Term(general=term.encode())
    return elements.Operand(attr_term=elements.AttributesPlusTerm(attributes=attributes, term=term_))


def query(tree: Any) -> elements.Query:
    """Return a query of the attribute set ext-1."""
    return elements.Query(type_1=elements.RPNQuery(attribute_set=oids.EXT_1, rpn=rpn.encode(tree)))


def find(tree: Any, *databases: str, **changes: Any) -> Any:
    """Return a search for packages."""
    return search(query(tree), *(databases or (DATABASE,)), **changes)


def days(number: int, unit: str = "days") -> IntUnit:
    """Return a retention time."""
    return IntUnit(value=number, unit_used=Unit(unit=StringOrNumeric(string=unit)))


def package_of(record: Any) -> wire.TaskPackage:
    """Return the package that a NamePlusRecord is."""
    external = record.record.retrieval_record
    assert (record.name, external.direct_reference) == (DATABASE, oids.TASK_PACKAGE)
    return wire.read_package(external.single_asn1_type)


def inserted(name: str, package: str | None = None, **changes: Any) -> Any:
    """Return a request that saves a record, in a package of this name."""
    return asked(Action.RECORD_INSERT, supplied(marc(name, f"Titre {name}")), package_name=package, **changes)


ANY = operand(Use.USER_ID, "x", 103)


class PackageTestCase(UpdateTestCase):
    """A catalogue with its cataloguers, and what they ask of their packages."""

    async def packages(self, origin: Origin, tree: Any = ANY) -> list[wire.TaskPackage]:
        """Return the packages that are found."""
        response = await origin.ask(find(tree))
        assert response.search_status, refused(response)
        if not response.result_count:
            return []
        answer = await origin.ask(present(1, response.result_count, syntax=None, names=None))
        return [package_of(record) for record in records(answer)]

    async def rows(self) -> int:
        """Return how many packages there are in all."""
        count = select(func.count()).select_from(schema.task_package)
        return int(await self.store.work(lambda connection: connection.execute(count).scalar_one()))


class KeptTests(PackageTestCase):
    """What is kept."""

    async def test_what_was_done_is_found_in_another_association_of_the_account_alone(self) -> None:
        marie = await self.cataloguer("marie")
        response = await marie.ask(inserted("n1", "mardi", description="Les titres de mardi"))
        told = wire.read_package(response.task_package.single_asn1_type)
        await marie.leave()
        (package,) = await self.packages(await self.cataloguer("marie"))
        assert package == told
        assert (package.package_name, package.user_id, package.task_status) == ("mardi", "marie", TaskStatus.COMPLETE)
        assert package.description == "Les titres de mardi"
        assert package.retention_time == days(7, "day")
        assert (package.creation_date_time or "")[-1] == "Z"
        assert await self.packages(await self.cataloguer("paul")) == []

    async def test_nobody_in_particular_sees_none_and_names_none(self) -> None:
        origin = await self.origin()
        assert refused(await origin.ask(find(ANY))) == (236, DATABASE)
        await origin.count("zola")
        request = kept("default")
        assert (await origin.ask(request)).operation_status == OperationStatus.DONE
        assert await self.rows() == 0
        named = type(request)(**{**vars(request), "package_name": "n"})
        assert why(await origin.ask(named)) == 222

    async def test_a_failed_update_is_kept_with_its_diagnostics_and_gives_up_its_name(self) -> None:
        marie = await self.cataloguer("marie")
        await marie.ask(inserted("n1"))
        response = await marie.ask(inserted("n1", "again"))
        assert response.operation_status == OperationStatus.FAILURE
        found = await self.packages(marie, operand(Use.PACKAGE_NAME, "again"))
        (package,) = found
        assert package.task_status == TaskStatus.ABORTED
        (diagnostic,) = package.package_diagnostics or ()
        assert diagnostic.default_format is not None
        assert diagnostic.default_format.condition == 224
        assert (await marie.ask(inserted("n2", "again"))).operation_status == OperationStatus.DONE

    async def test_what_is_refused_leaves_nothing(self) -> None:
        jean = await self.cataloguer("jean")
        assert why(await jean.ask(inserted("n1", "n"))) == 222
        assert await self.rows() == 0

    async def test_an_order_is_kept_without_card_pin_and_contact(self) -> None:
        jean = await self.cataloguer("jean")
        assert await jean.count("@attr 1=4 germinal") == 1
        assert (await jean.ask(order(package_name="pour R"))).operation_status == OperationStatus.DONE
        (package,) = await self.packages(jean)
        octets = await self.store.work(
            lambda connection: bytes(connection.execute(select(schema.task_package.c.package)).scalar_one())
        )
        assert not any(secret in octets for secret in (b"R1", b"1234", b"Camille", b"example"))
        parameters = package.task_specific_parameters.single_asn1_type or b""
        told = codec_of(tasks.ItemOrder).decode(parameters).task_package
        assert told.target_part.auxiliary_status == tasks.AuxiliaryStatus.LOAN_QUEUE

    async def test_the_package_comes_with_the_response_unless_it_is_not_to(self) -> None:
        marie = await self.cataloguer("marie")
        for number, action in enumerate(WaitAction):
            response = await marie.ask(inserted(f"n{number}", wait_action=action))
            assert response.operation_status == OperationStatus.DONE
            assert (response.task_package is None) is (action is WaitAction.DONT_RETURN_PACKAGE)
        assert len(await self.packages(marie)) == len(WaitAction)

    async def test_a_name_is_taken_once_for_each_service(self) -> None:
        marie = await self.cataloguer("marie")
        await marie.ask(inserted("n1", "mardi"))
        assert why(await marie.ask(inserted("n2", "mardi"))) == 218
        assert await marie.count("@attr 1=4 n2") == 0
        assert (await (await self.cataloguer("paul")).ask(inserted("n3", "mardi"))).diagnostics is None

    async def test_the_oldest_without_a_name_goes_first_and_names_are_not_without_end(self) -> None:
        self.patch(kept_packages, "MOST", 2)
        marie = await self.cataloguer("marie")
        for number, name in enumerate(["a", None, "b"]):
            assert (await marie.ask(inserted(f"n{number}", name))).operation_status == OperationStatus.DONE
        assert [package.package_name for package in await self.packages(marie)] == ["a", "b"]
        assert why(await marie.ask(inserted("n9", "c"))) == 220

    async def test_packages_are_kept_as_long_as_is_asked_up_to_a_month(self) -> None:
        marie = await self.cataloguer("marie")
        for number, (asked_for, granted) in enumerate(
            [(days(2), days(2)), (days(3, "Hour"), days(3, "Hour")), (days(99), days(30, "day"))]
        ):
            response = await marie.ask(inserted(f"n{number}", retention_time=asked_for))
            assert wire.read_package(response.task_package.single_asn1_type).retention_time == granted
        assert why(await marie.ask(inserted("n8", retention_time=days(1, "moon")))) == 1041
        assert why(await marie.ask(inserted("n8", retention_time=days(-1)))) == 1041
        await marie.ask(inserted("n9", retention_time=days(0)))
        assert await self.rows() == 3

    async def test_those_whose_time_has_come_are_found_no_more_and_are_forgotten(self) -> None:
        marie = await self.cataloguer("marie")
        await marie.ask(inserted("n1", "old"))
        await marie.ask(inserted("n2", "new"))
        column = schema.task_package.c
        await self.store.work(
            lambda connection: connection.execute(
                update(schema.task_package).where(column.name == "old").values(ends_at=1)
            )
        )
        assert [package.package_name for package in await self.packages(marie)] == ["new"]
        await self.store.transact(usecase_of(FORGET_PACKAGES), RunRequest(Actor("job", "forget-packages", 0), 2), 2)
        assert await self.rows() == 1


class FoundTests(PackageTestCase):
    """How packages are found."""

    async def test_each_use_finds_what_it_says(self) -> None:
        marie = await self.cataloguer("marie")
        await marie.ask(inserted("n1", "mardi"))
        await marie.count("zola")
        await marie.ask(kept("default"))
        update_, set_ = await self.packages(marie)
        year = (update_.creation_date_time or "")[:4]
        for tree, found in [
            (operand(Use.USER_ID, "marie"), [update_, set_]),
            (operand(Use.USER_ID, "paul"), []),
            (operand(Use.PACKAGE_NAME, "mardi"), [update_]),
            (operand(Use.PACKAGE_TYPE, oids.PERSISTENT_RESULT_SET), [set_]),
            (operand(Use.TASK_STATUS, "2"), [update_, set_]),
            (operand(Use.TASK_STATUS, "3"), []),
            (operand(Use.CREATION_DATE_TIME, year), [update_, set_]),
            (operand(Use.CREATION_DATE_TIME, year, 1), []),
            (operand(Use.CREATION_DATE_TIME, f"{year}0101", 4), [update_, set_]),
            (rpn.Boolean(rpn.BooleanOperator.AND_NOT, ANY, operand(Use.PACKAGE_NAME, "mardi")), [set_]),
            (rpn.Boolean(rpn.BooleanOperator.AND, ANY, elements.Operand(result_set="default")), [set_]),
        ]:
            assert await self.packages(marie, tree) == found

    async def test_what_cannot_be_asked_is_refused_with_the_reason(self) -> None:
        marie = await self.cataloguer("marie")
        await marie.count("zola", result_set_name="default")
        near = rpn.Boolean(rpn.Proximity(1, 2, 2), ANY, ANY)
        for request, condition in [
            (find(ANY, DATABASE, "network"), 23),
            (find(operand(9, "x")), 114),
            (find(operand(Use.USER_ID, "x", 1)), 117),
            (find(operand(Use.USER_ID, "x", attribute_set=oids.BIB_1)), 121),
            (find(operand(Use.CREATION_DATE_TIME, "hier")), 126),
            (find(near), 110),
            (find(elements.Operand(result_set="default")), 23),
            (search(elements.Query(type_2=b"x"), DATABASE), 107),
        ]:
            response = await marie.ask(type(request)(**{**vars(request), "result_set_name": "other"}))
            assert refused(response)[0] == condition, request

    async def test_a_set_of_packages_is_no_set_of_the_catalogue(self) -> None:
        marie = await self.cataloguer("marie")
        await marie.ask(inserted("n1"))
        await marie.ask(find(ANY))
        assert (await self.refuses_set(marie)) == 1025
        assert why(await marie.ask(kept("default"))) == 1025
        assert refused(await marie.ask(present(1, 1)))[0] == 239

    async def refuses_set(self, origin: Origin) -> int:
        """Return the condition of a search of the catalogue in the set."""
        octets = rpn.encode(elements.Operand(result_set="default"))
        sent = elements.Query(type_1=elements.RPNQuery(attribute_set=oids.BIB_1, rpn=octets))
        return refused(await origin.ask(search(sent, result_set_name="other")))[0]

    async def test_a_package_that_is_gone_is_told_in_its_place(self) -> None:
        marie = await self.cataloguer("marie")
        await marie.ask(inserted("n1", "mardi"))
        await marie.ask(find(ANY))
        assert (await marie.ask(asked(1, package_name="mardi", function=Function.DELETE))).diagnostics is None
        assert surrogates(await marie.ask(present(1, 1, syntax=oids.TASK_PACKAGE))) == [1028]


class ChangedTests(PackageTestCase):
    """What is changed of packages."""

    async def test_a_deleted_package_takes_its_set_along(self) -> None:
        marie = await self.cataloguer("marie")
        await marie.count("zola")
        request = kept("default")
        response = await marie.ask(type(request)(**{**vars(request), "package_name": "zola"}))
        package = wire.read_package(response.task_package.single_asn1_type)
        parameters = package.task_specific_parameters.single_asn1_type or b""
        name = (
            codec_of(tasks.PersistentResultSet).decode(parameters).task_package.target_part.target_supplied_result_set
        )
        assert (await marie.ask(present(1, 1, result_set_id=name))).number_of_records_returned == 1
        gone = asked(1, package_type=oids.PERSISTENT_RESULT_SET, package_name="zola", function=Function.DELETE)
        assert (await marie.ask(gone)).operation_status == OperationStatus.DONE
        assert refused(await marie.ask(present(1, 1, result_set_id=name)))[0] == 30
        assert why(await marie.ask(gone)) == 219

    async def test_description_and_time_change_and_what_was_done_does_not(self) -> None:
        marie = await self.cataloguer("marie")
        await marie.ask(inserted("n1", "mardi", description="un"))
        (before,) = await self.packages(marie)
        change = {"package_name": "mardi", "function": Function.MODIFY}
        assert why(await marie.ask(asked(1, **change))) == 223
        change["task_specific_parameters"] = None
        response = await marie.ask(asked(1, **change, description="deux", retention_time=days(3)))
        assert response.operation_status == OperationStatus.DONE
        (after,) = await self.packages(marie)
        assert (after.description, after.retention_time) == ("deux", days(3))
        assert after.task_specific_parameters == before.task_specific_parameters
        assert wire.read_package(response.task_package.single_asn1_type) == after

    async def test_nobody_changes_what_another_has(self) -> None:
        await (await self.cataloguer("marie")).ask(inserted("n1", "mardi"))
        for name, condition in (("paul", 219), (None, 222)):
            origin = await self.origin() if name is None else await self.cataloguer(name)
            for function in (Function.DELETE, Function.MODIFY):
                request = asked(1, package_name="mardi", function=function, task_specific_parameters=None)
                assert why(await origin.ask(request)) == condition
        assert await self.rows() == 1

    async def test_a_package_must_be_named_and_not_at_length(self) -> None:
        marie = await self.cataloguer("marie")
        assert why(await marie.ask(asked(1, function=Function.DELETE))) == 1008
        assert why(await marie.ask(inserted("n1", "x" * 1025))) == 1057


def lets(user: str, *functions: int) -> Permission:
    """Return what a user may do."""
    return Permission(user_id=user, allowable_functions=functions)


class PermissionTests(PackageTestCase):
    """What others may do with a package."""

    async def shared(self, *functions: int) -> tuple[Origin, Origin]:
        """Return the owner of a package, and paul, who may do something with it."""
        marie = await self.cataloguer("marie")
        await marie.ask(inserted("n1", "mardi", permissions=(lets("paul", *functions), lets("jean", Right.PRESENT))))
        return marie, await self.cataloguer("paul")

    def to_mardi(self, function: Function, owner: str | None = "marie", **changes: Any) -> Any:
        """Return a request that concerns the package of an owner."""
        fields = {"package_name": "mardi", "function": function, "user_id": owner, "task_specific_parameters": None}
        return asked(1, **{**fields, **changes})

    async def test_who_may_see_a_package_finds_it_as_its_owner_does(self) -> None:
        marie, paul = await self.shared(Right.PRESENT)
        (package,) = await self.packages(marie)
        assert package.permissions == (lets("paul", Right.PRESENT), lets("jean", Right.PRESENT))
        assert await self.packages(paul) == [package]
        assert await self.packages(paul, operand(Use.USER_ID, "marie")) == [package]
        assert await self.packages(paul, operand(Use.USER_ID, "paul")) == []
        assert why(await paul.ask(self.to_mardi(Function.DELETE))) == 223
        assert why(await paul.ask(self.to_mardi(Function.MODIFY, description="x"))) == 223
        assert why(await paul.ask(self.to_mardi(Function.DELETE, owner=None))) == 219  # paul has none of that name

    async def test_who_may_delete_deletes(self) -> None:
        _, paul = await self.shared(Right.DELETE)
        assert await self.packages(paul) == []
        assert (await paul.ask(self.to_mardi(Function.DELETE))).diagnostics is None
        assert await self.rows() == 0

    async def test_contents_and_permissions_are_changed_by_who_may_change_each(self) -> None:
        marie, paul = await self.shared(Right.MODIFY_CONTENTS)
        assert (await paul.ask(self.to_mardi(Function.MODIFY, description="de Paul"))).diagnostics is None
        more = (lets("paul", Right.MODIFY_PERMISSIONS),)
        assert why(await paul.ask(self.to_mardi(Function.MODIFY, permissions=more))) == 223
        assert (await marie.ask(self.to_mardi(Function.MODIFY, None, permissions=more))).diagnostics is None
        (package,) = await self.packages(marie)
        assert (package.description, package.permissions) == ("de Paul", more)
        assert await self.packages(await self.cataloguer("jean")) == []
        assert why(await paul.ask(self.to_mardi(Function.MODIFY, description="x"))) == 223
        assert (await paul.ask(self.to_mardi(Function.MODIFY, permissions=()))).diagnostics is None
        assert why(await paul.ask(self.to_mardi(Function.MODIFY, permissions=more))) == 219  # all is taken from him
        (package,) = await self.packages(marie)
        assert package.permissions is None

    async def test_who_may_invoke_a_kept_set_uses_it(self) -> None:
        marie = await self.cataloguer("marie")
        await marie.count("zola")
        request = kept("default")
        permissions = (lets("paul", Right.INVOKE), lets("jean", Right.PRESENT, Right.DELETE))
        response = await marie.ask(type(request)(**{**vars(request), "permissions": permissions}))
        parameters = wire.read_package(response.task_package.single_asn1_type).task_specific_parameters
        told = codec_of(tasks.PersistentResultSet).decode(parameters.single_asn1_type or b"").task_package
        name = told.target_part.target_supplied_result_set
        for user, number in (("paul", 3), ("marie", 3)):
            answer = await (await self.cataloguer(user)).ask(present(1, 3, result_set_id=name))
            assert answer.number_of_records_returned == number
        assert refused(await (await self.cataloguer("jean")).ask(present(1, 3, result_set_id=name)))[0] == 30

    async def test_what_cannot_be_permitted_is_refused_with_the_reason(self) -> None:
        marie = await self.cataloguer("marie")
        for permission in (lets("nobody", 4), lets("paul", 0), lets("paul", 6), lets("paul", *[4] * 251)):
            assert why(await marie.ask(inserted("n1", permissions=(permission,)))) == 1042
        assert await self.rows() == 0
