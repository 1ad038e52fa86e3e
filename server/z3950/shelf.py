"""Where task packages are put: kept in the store for the account that asked for the task, changed, and deleted (Z39.50 3.2.9.1)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final, NamedTuple, TypeVar

from sqlalchemy import Connection

from protocols.z3950 import apdu, elements
from protocols.z3950 import update as wire
from protocols.z3950.diagnostics import Bib1, Refused
from protocols.z3950.elements import DiagRec, IntUnit, StringOrNumeric, Unit
from protocols.z3950.schema import Choice, without_secrets
from server.catalogue.result_sets import ResultSet
from server.catalogue.shared import Catalogue
from server.z3950.packages import stamp
from storage import kept_sets
from storage import packages as kept
from storage.network.network import Cataloguer, Network
from storage.packages import Named, Right

T = TypeVar("T")

DAY: Final = 86_400
UNITS: Final = {"second": 1, "minute": 60, "hour": 3600, "day": DAY, "week": 7 * DAY}
"""Unit of a retention time, in the singular or the plural -> seconds."""
USUAL: Final = IntUnit(value=7, unit_used=Unit(unit=StringOrNumeric(string="day")))
LONGEST: Final = IntUnit(value=30, unit_used=USUAL.unit_used)
"""How long packages are kept: where nothing is said, and at most."""
MAX_RIGHTS: Final = 250
"""Permissions of one package."""
MAX_TEXT: Final = 1024
"""Characters of a name, and of a description."""


class Outcome(NamedTuple):
    """What became of a task: the parameters that its package has, and a reference of ours; *diagnostics* where something failed.

    *kept* is the name of a set that goes with the package, and the set.
    """

    parameters: Choice
    reference: bytes | None = None
    failed: bool = False
    diagnostics: tuple[DiagRec, ...] = ()
    kept: tuple[str, ResultSet] | None = None


class Shelf:
    """Where the package of a request is kept: that of its account, and nowhere for nobody in particular."""

    def __init__(self, catalogue: Catalogue, account: Cataloguer | None, request: apdu.ExtendedServicesRequest) -> None:
        self._catalogue = catalogue
        self._account = account
        self._request = request
        self._number: int | None = None
        self._now = int(catalogue.clock.seconds())
        self._time = retention(request.retention_time)
        self._seconds = _seconds(self._time)
        if max(len(request.package_name or ""), len(request.description or "")) > MAX_TEXT:
            raise Refused(Bib1.ES_PARAMETER_VALUE, f"packageName, description: {MAX_TEXT} characters are taken")
        self._rights = _rights(catalogue.store.network, request.permissions or ())

    async def reserve(self) -> None:
        """Make place before the task begins. Raises Refused (218, 220, 222)."""
        request, name = self._request, self._request.package_name or ""
        if name:
            self._owner()
        if self._account is None or not self._seconds or self._catalogue.store.reads_only:
            return
        try:
            self._number = await self._catalogue.store.work(
                kept.reserve, self._account.code, request.package_type, name, self._now
            )
        except kept.NameTaken as error:
            raise Refused(Bib1.ES_NAME_IN_USE, name) from error
        except kept.TooMany as error:
            raise Refused(Bib1.ES_QUOTA, kept.MOST) from error

    async def forget(self) -> None:
        """Give up the place: nothing became of the task."""
        if self._number is not None:
            await self._catalogue.store.work(kept.forget, self._number)

    async def settle(self, outcome: Outcome) -> apdu.ExtendedServicesResponse:
        """Keep what became of the task, and return the response. Raises Refused (220)."""
        if self._number is not None:
            package = wire.write_package(self._package(without_secrets(outcome.parameters), outcome))
            status = wire.TaskStatus.ABORTED if outcome.failed else wire.TaskStatus.COMPLETE
            try:
                await self._catalogue.store.work(
                    _settle, self._number, status, package, self._now + self._seconds, self._rights, outcome.kept
                )
            except kept_sets.TooLarge as error:
                raise Refused(Bib1.ES_QUOTA, f"{kept_sets.MOST_OCTETS} octets of result sets") from error
        elif outcome.kept is not None:  # for nobody in particular, as long as the process has room for it
            name, found = outcome.kept
            self._catalogue.publish(found, name)
        return apdu.ExtendedServicesResponse(
            reference_id=self._request.reference_id,
            operation_status=apdu.OperationStatus.FAILURE if outcome.failed else apdu.OperationStatus.DONE,
            diagnostics=outcome.diagnostics or None,
            task_package=self._returned(self._package(outcome.parameters, outcome)),
        )

    async def delete(self) -> apdu.ExtendedServicesResponse:
        """Delete a package, and the set that it is of. Raises Refused (219, 222, 223, 1008)."""
        await self._changed(kept.remove, self._named(), self._now)
        return self._done(None)

    async def modify(self) -> apdu.ExtendedServicesResponse:
        """Change how a package is described, how long it is kept and for whom; what was done is done. Raises Refused."""
        named, request, wanted = self._named(), self._request, set()
        if request.task_specific_parameters is not None:
            raise Refused(Bib1.ES_PERMISSION_MODIFY, "taskSpecificParameters: the task has ended")
        changes: dict[str, object] = {}
        if request.description is not None:
            changes["description"] = request.description
        ends_at = None
        if request.retention_time is not None:
            changes["retention_time"] = self._time
            ends_at = self._now + self._seconds
        if changes or request.permissions is None:
            wanted.add(Right.MODIFY_CONTENTS)
        if request.permissions is not None:
            changes["permissions"] = request.permissions or None
            wanted.add(Right.MODIFY_PERMISSIONS)

        def amended(package: bytes) -> bytes:
            return wire.write_package(replace(wire.read_package(package), **changes))  # type: ignore[arg-type]  # names of fields

        rights = None if request.permissions is None else self._rights
        found: bytes = await self._changed(kept.amend, named, wanted, self._now, amended, ends_at, rights)
        return self._done(wire.read_package(found))

    def _named(self) -> Named:
        """Return the package that the request names, of the account or of the one that it names. Raises Refused (222, 1008)."""
        account, request = self._owner(), self._request
        if not request.package_name:
            raise Refused(Bib1.ES_MISSING_PARAMETER, "packageName")
        known = request.user_id in self._catalogue.store.network.cataloguers  # no reader's card, which is not for here
        owner = request.user_id if request.user_id and known else account.code
        return Named(owner, request.package_type, request.package_name, account.code)

    async def _changed(self, change: Callable[..., T | None], named: Named, *how: object) -> T:
        """Change a package. Raises Refused (219, 223)."""
        try:
            changed = await self._catalogue.store.work(change, named, *how)
        except kept.NotAllowed as error:
            raise Refused(Bib1.ES_PERMISSION_MODIFY, named.name) from error
        if changed is None:
            raise Refused(Bib1.ES_NO_SUCH_PACKAGE, named.name)
        return changed

    def _owner(self) -> Cataloguer:
        if self._account is None:
            raise Refused(Bib1.ES_PERMISSION_ID, "Init must name an account of the network")
        return self._account

    def _package(self, parameters: Choice, outcome: Outcome) -> wire.TaskPackage:
        request = self._request
        return wire.TaskPackage(
            package_type=request.package_type,
            package_name=request.package_name,
            user_id=None if self._account is None else self._account.code,
            retention_time=None if self._number is None else self._time,
            permissions=None if self._number is None else request.permissions or None,
            description=request.description,
            target_reference=outcome.reference,
            creation_date_time=None if self._number is None else stamp(self._now),
            task_status=wire.TaskStatus.ABORTED if outcome.failed else wire.TaskStatus.COMPLETE,
            package_diagnostics=outcome.diagnostics or None,
            task_specific_parameters=wire.parameters(request.package_type, parameters),
        )

    def _done(self, package: wire.TaskPackage | None) -> apdu.ExtendedServicesResponse:
        return apdu.ExtendedServicesResponse(
            reference_id=self._request.reference_id,
            operation_status=apdu.OperationStatus.DONE,
            task_package=None if package is None else self._returned(package),
        )

    def _returned(self, package: wire.TaskPackage) -> elements.External | None:
        wants_none = self._request.wait_action == apdu.WaitAction.DONT_RETURN_PACKAGE
        return None if wants_none else wire.task_package(package)


def _settle(
    connection: Connection,
    number: int,
    status: int,
    package: bytes,
    ends_at: int,
    rights: Sequence[tuple[str, int]],
    found: tuple[str, ResultSet] | None,
) -> None:
    kept.settle(connection, number, status, package, ends_at)
    kept.permit(connection, number, rights)
    if found is not None:
        name, result = found
        names = tuple(database.name for database in result.databases)
        kept_sets.keep(connection, number, name, kept_sets.KeptSet(names, result.records, result.order))


def _rights(network: Network, permissions: Sequence[apdu.Permission]) -> list[tuple[str, int]]:
    """Return who may do what. Raises Refused (1042)."""
    rights = [(each.user_id, function) for each in permissions for function in each.allowable_functions]
    if len(rights) > MAX_RIGHTS:
        raise Refused(Bib1.ES_PERMISSIONS, f"{MAX_RIGHTS} are taken")
    for user, function in rights:
        if user not in network.cataloguers:
            raise Refused(Bib1.ES_PERMISSIONS, f"userId: {user}")
        if function not in set(Right):
            raise Refused(Bib1.ES_PERMISSIONS, f"{function}: 1-5 are taken")
    return rights


def retention(asked: IntUnit | None) -> IntUnit:
    """Return how long a package is kept that is to be kept so long. Raises Refused (1041)."""
    if asked is None:
        return USUAL
    if asked.value < 0:
        raise Refused(Bib1.ES_RETENTION_TIME, asked.value)
    return asked if _seconds(asked) <= _seconds(LONGEST) else LONGEST


def _seconds(time: IntUnit) -> int:
    unit = time.unit_used.unit.string if time.unit_used.unit is not None else "second"
    seconds = UNITS.get((unit or "").casefold().removesuffix("s"))
    if seconds is None:
        raise Refused(Bib1.ES_RETENTION_TIME, f"{unit}: {', '.join(UNITS)} are taken")
    return time.value * seconds
