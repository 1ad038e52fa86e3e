"""The items of a declaration as rows: known by any of their barcodes, attached to the record that they name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from sqlalchemy import func, select

from storage import schema
from storage.catalogue.access_points import ISBN
from storage.catalogue.postings import union
from storage.network.declaration import Declaration
from storage.network.declaration_keys import Item
from storage.network.declaration_patrons import check_namespace, namespaces
from storage.network.declaration_plan import Kind, Plan, Row, chunks
from storage.network.declaration_rows import row_of

ITEMS: Final = Kind("items", schema.item, ("id",), named=True)
BARCODES: Final = Kind("barcodes", schema.barcode, ("number", "namespace"), fixed="item_id", taken="is on another item")

Name = tuple[str, str]
"""A barcode with its namespace."""


class _Title(NamedTuple):
    """A record as an item needs it."""

    id: int
    title: str
    author: str


_COLUMNS: Final = (schema.record.c.id, schema.record.c.title, schema.record.c.author)


class _Records:
    """The records that the items of a declaration name."""

    def __init__(self, plan: Plan, items: Sequence[Item]) -> None:
        self._plan = plan
        self._by_control = self._controls([item.control for item in items if item.control is not None])
        self._by_isbn = self._isbns([item.isbn for item in items if item.isbn is not None])

    def _controls(self, controls: Iterable[str]) -> dict[tuple[str, str], _Title]:
        # A record that was merged into another stands for that one.
        record, merged, title = schema.record, schema.supersession, schema.record.alias()
        living = title.c.id == func.coalesce(merged.c.by_id, record.c.id)
        found_as = record.outerjoin(merged, merged.c.record_id == record.c.id).join(title, living)
        columns = (record.c.source, record.c.control, title.c.id, title.c.title, title.c.author)
        query = select(*columns).select_from(found_as).where(title.c.deleted == 0)
        found = {}
        for chunk in chunks(controls):
            for source, control, *rest in self._plan.connection.execute(query.where(record.c.control.in_(chunk))):
                found[source, control] = _Title(*rest)
        return found

    def _isbns(self, isbns: Iterable[str]) -> dict[str, list[_Title]]:
        posting = schema.posting.c
        query = select(posting.term, posting.size, posting.bitmap).where(posting.access_point == ISBN.code)
        rows: dict[str, list[tuple[int, bytes]]] = {}
        for chunk in chunks(isbns):
            for term, *row in self._plan.connection.execute(query.where(posting.term.in_(chunk))):
                rows.setdefault(term, []).append(tuple(row))
        ids = {term: list(union(found)) for term, found in rows.items()}
        titles = {}
        for chunk in chunks(number for numbers in ids.values() for number in numbers):
            for found in self._plan.connection.execute(select(*_COLUMNS).where(schema.record.c.id.in_(chunk))):
                titles[found.id] = _Title(*found)
        return {term: [titles[number] for number in numbers] for term, numbers in ids.items()}

    def find(self, item: Item, path: str) -> _Title | None:
        """Return the record that *item* is attached to; None when it names none, or, with a complaint, not one."""
        if item.isbn is not None:
            found = self._by_isbn.get(item.isbn, [])
            if len(found) == 1:
                return found[0]
            several = f"{len(found)} records have this ISBN: name one by source and control"
            self._plan.problem(f"{path}.isbn", several if found else "no record has this ISBN")
        elif item.source is not None and item.control is not None:
            title = self._by_control.get((item.source, item.control))
            if title is None:
                self._plan.problem(f"{path}.control", "no record of this source has this control number")
            return title
        return None


def plan_items(plan: Plan, declaration: Declaration) -> None:
    """Plan items with their barcodes."""
    items = declaration.items
    records = _Records(plan, items)
    known = namespaces(plan, declaration)
    borne = _borne(plan, items)
    rows, barcodes = [], []
    for number, item in enumerate(items):
        path = f"items[{number}]"
        for place, former in enumerate(item.former_barcodes):
            check_namespace(plan, known, former, f"{path}.former_barcodes[{place}]")
        check_namespace(plan, known, item, path)
        if item.barcode is None:
            plan.problem(f"{path}.barcode", "missing")
            continue
        row = _item(plan, item, path, records)
        names = _names(item)
        bearers = {borne[name] for name in names if name in borne}
        if len(bearers) > 1:
            plan.problem(f"{path}.former_barcodes", "these are barcodes of different items")
        row.name = names[0]
        own = row.values["id"] = bearers.pop() if bearers else plan.expect(ITEMS, row.name)
        rows.append(row)
        barcodes += [
            Row(
                f"{path}.barcode" if not place else f"{path}.former_barcodes[{place - 1}]",
                {"number": text, "namespace": namespace, "item_id": own, "is_primary": int(not place)},
            )
            for place, (text, namespace) in enumerate(names)
        ]
    plan.put(ITEMS, rows)
    # An item has one printed barcode at every moment: the old one steps back before the new one comes.
    plan.put(BARCODES, sorted(_with_replaced(plan, barcodes), key=lambda row: row.values["is_primary"]))


def _names(item: Item) -> list[Name]:
    """Return the barcodes of *item*, the printed one first."""
    former = [(barcode.number or "", barcode.namespace or "") for barcode in item.former_barcodes]
    return [(item.barcode or "", item.namespace or ""), *former]


def _borne(plan: Plan, items: Sequence[Item]) -> dict[Name, int]:
    """Return the items that bear the declared barcodes already."""
    wanted = {name for item in items for name in _names(item)}
    found = plan.stored(BARCODES, "number", (number for number, _ in wanted))
    return {name: row["item_id"] for row in found if (name := (row["number"], row["namespace"])) in wanted}


def _item(plan: Plan, item: Item, path: str, records: _Records) -> Row:
    row = row_of(plan, item, path)
    fill = dict(row.fill)
    record = records.find(item, path)
    fill["record_id"] = None
    if record is not None:
        row.values["record_id"] = record.id
        fill["title"], fill["author"] = record.title, record.author
    elif item.isbn is not None or item.control is not None:
        fill["title"] = ""
    fill["home_id"] = row.values.get("home_id", row.values.get("owner_id"))
    fill["current_id"] = fill["home_id"]
    row.fill = fill
    return row


def _with_replaced(plan: Plan, barcodes: Sequence[Row]) -> list[Row]:
    """Add the barcodes that are not the printed ones any more."""
    declared = {(row.values["number"], row.values["namespace"]) for row in barcodes}
    old = [
        Row(
            f"barcodes.{found['number']}",
            {column: found[column] for column in ("number", "namespace", "item_id")} | {"is_primary": 0},
        )
        for found in plan.stored(BARCODES, "item_id", (row.values["item_id"] for row in barcodes))
        if found["is_primary"] and (found["number"], found["namespace"]) not in declared
    ]
    return [*barcodes, *old]
