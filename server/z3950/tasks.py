"""Extended services: which there are, and those that change no record: a set kept for later, a title reserved for a reader.

A task is done before its response, whatever the origin says of waiting, and of who has an account the package is kept.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final, NamedTuple

from protocols.z3950 import apdu, oids, tasks
from protocols.z3950.diagnostics import Bib1, Refused
from server.catalogue.result_sets import ResultSet
from server.catalogue.shared import Catalogue, new_name
from server.z3950 import update as z3950_update
from server.z3950.shelf import Outcome, Shelf
from storage.circulation.holds.place import PLACE_HOLD, PlaceHoldRequest
from storage.network.network import Cataloguer
from storage.refusals import Reason, sentence
from storage.usecase import Origin

STRANGERS: Final = frozenset({Reason.UNKNOWN_PATRON, Reason.AMBIGUOUS_CARD, Reason.WRONG_PIN, Reason.PIN_LOCKED})
"""Reasons that all say the same to an origin: who asks is not known. It must not learn which cards there are."""


class Asked(NamedTuple):
    """A task, and who asks: *named* finds the result sets that the association may name, *told* puts a no into its language."""

    catalogue: Catalogue
    account: Cataloguer | None
    named: Callable[[str], ResultSet]
    version: int
    language: str
    told: Callable[[Refused], Refused]
    request: apdu.ExtendedServicesRequest


async def answer(asked: Asked) -> apdu.ExtendedServicesResponse:
    """Return the response to a request for an extended service. Raises Refused, StoreUnavailable."""
    request = asked.request
    service = SERVICES.get(request.package_type)
    if service is None:
        raise Refused(Bib1.ES_TYPE, request.package_type)
    if request.wait_action not in set(apdu.WaitAction):
        raise Refused(Bib1.ES_WAIT_ACTION, f"{request.wait_action}: 1-4 are taken")
    if asked.catalogue.store.reads_only and (service is not _keep or asked.account is not None):
        raise Refused(Bib1.ES_IMMEDIATE_UNSUPPORTED, "this process of the daemon only reads")
    shelf = Shelf(asked.catalogue, asked.account, request)
    match request.function:
        case apdu.Function.CREATE:
            return await _created(asked, shelf, service)
        case apdu.Function.DELETE:
            return await shelf.delete()
        case apdu.Function.MODIFY:
            return await shelf.modify()
    raise Refused(Bib1.ES_FUNCTION, f"{request.function}: 1-3 are taken")


def needs_account(request: apdu.ExtendedServicesRequest) -> bool:
    """Tell whether nobody in particular is refused: all may keep a set, in no package."""
    service = SERVICES.get(request.package_type)
    keeps = service is _keep and request.function == apdu.Function.CREATE and not request.package_name
    return service is not None and not keeps


async def _created(
    asked: Asked, shelf: Shelf, service: Callable[[Asked], Awaitable[Outcome]]
) -> apdu.ExtendedServicesResponse:
    """Do a task, and keep what became of it."""
    await shelf.reserve()
    try:
        return await shelf.settle(await service(asked))
    except BaseException:
        await shelf.forget()
        raise


async def _update(asked: Asked) -> Outcome:
    return await z3950_update.perform(asked.catalogue, asked.account, asked.request, asked.version, asked.told)


async def _keep(asked: Asked) -> Outcome:
    """Keep a set of the association under a name that nobody guesses: with its package, and for its account, where it has one."""
    sent = tasks.parameters_of(asked.request, tasks.PersistentResultSet).es_request
    wanted = sent.not_to_keep if sent is not None else None
    if wanted is None or wanted.origin_supplied_result_set is None:
        raise Refused(Bib1.ES_MISSING_PARAMETER, "originSuppliedResultSet")
    if wanted.replace_or_append == tasks.ReplaceOrAppend.APPEND:
        raise Refused(Bib1.ES_PARAMETER_VALUE, "replaceOrAppend: append; a set is kept anew")
    found = asked.named(wanted.origin_supplied_result_set)
    name = new_name()
    told = tasks.SetKept(target_supplied_result_set=name, number_of_records=len(found.records))
    package = tasks.SetPackage(origin_part=True, target_part=told)
    return Outcome(tasks.PersistentResultSet(task_package=package), kept=(name, found))


async def _order(asked: Asked) -> Outcome:
    """Reserve a title that was found for the reader whose card and PIN the request names, in the name of an account."""
    account, request = asked.account, asked.request
    if account is None:
        raise Refused(Bib1.ES_PERMISSION_ID, "Init must name an account of the network")
    sent = tasks.parameters_of(request, tasks.ItemOrder).es_request
    if sent is None:
        raise Refused(Bib1.ES_MISSING_PARAMETER, "esRequest")
    record = _record(asked, sent.not_to_keep)
    card, has_pin, pin = (request.user_id or "").partition("/")
    if not (card and has_pin):
        raise Refused(Bib1.ES_MISSING_PARAMETER, "userId: the reader's card/PIN")
    origin = Origin("z3950", account.code, account.library_id)
    wanted = PlaceHoldRequest(card, origin, record_id=record, pin=pin)
    catalogue = asked.catalogue
    placed = (await catalogue.store.transact(PLACE_HOLD, wanted, int(catalogue.clock.seconds()))).answer
    if placed is None or placed.hold is None:
        raise _refused(placed.reasons if placed is not None else (), asked.language)
    status = tasks.OrderStatus(auxiliary_status=tasks.AuxiliaryStatus.LOAN_QUEUE)
    package = tasks.OrderPackage(origin_part=sent.to_keep, target_part=status)
    return Outcome(tasks.ItemOrder(task_package=package), reference=str(placed.hold.id).encode())


def _record(asked: Asked, wanted: tasks.OrderRequest) -> int:
    """Return the number of the record that is ordered. Raises Refused."""
    item = wanted.result_set_item
    if item is None:
        if wanted.item_request is not None:
            raise Refused(Bib1.ES_ITEM_REQUEST, wanted.item_request.direct_reference or "")
        raise Refused(Bib1.ES_MISSING_PARAMETER, "resultSetItem")
    found = asked.named(item.result_set_id)
    if not 1 <= item.item <= len(found.records):
        raise Refused(Bib1.PRESENT_OUT_OF_RANGE, item.item)
    return found.numbers(item.item - 1, item.item)[0]


def _refused(reasons: tuple[Reason, ...], language: str) -> Refused:
    """Return the no that the reasons of a hold that was not placed are."""
    if not STRANGERS.isdisjoint(reasons):
        return Refused(Bib1.ES_PERMISSION_ID, "userId: no reader of this card and PIN")
    return Refused(Bib1.ES_IMMEDIATE_FAILED, " ".join(sentence(reason, language) for reason in reasons))


SERVICES: Final[dict[str, Callable[[Asked], Awaitable[Outcome]]]] = {
    **dict.fromkeys(oids.UPDATES, _update),
    oids.PERSISTENT_RESULT_SET: _keep,
    oids.ITEM_ORDER: _order,
}
"""Type of package -> what answers."""
