"""The routes of a declaration, as rows."""

from __future__ import annotations

from typing import Final

from storage import schema
from storage.network.declaration import Declaration
from storage.network.declaration_keys import REQUIRED, Week, keys_of
from storage.network.declaration_plan import Kind, Plan, Row
from storage.network.declaration_rows import named_rows, row_of

ROUTES: Final = Kind("routes", schema.route, ("code",), named=True)
STOPS: Final = Kind("stops", schema.route_stop, ("route_id", "position"))
_WEEKDAYS: Final = {day.name: str(number) for number, day in enumerate(keys_of(Week), start=1)}


def plan_routes(plan: Plan, declaration: Declaration) -> None:
    """Plan routes with their stops, which are declared whole."""
    rows = named_rows(plan, ROUTES, declaration.routes)
    stops: list[Row] = []
    lengths = {}
    for row, route in zip(rows, declaration.routes, strict=True):
        row.fill = {**row.fill, "weekdays": REQUIRED}
        if route.weekdays:
            row.values["weekdays"] = " ".join(sorted({_WEEKDAYS[name] for name in route.weekdays}))
        owner = plan.expect(ROUTES, route.code)
        if route.stops:
            lengths[owner] = len(route.stops)
        stops += [
            row_of(plan, stop, f"{row.path}.stops[{position}]", {"route_id": owner, "position": position})
            for position, stop in enumerate(route.stops)
        ]
    plan.put(ROUTES, rows)
    gone = [old for old in plan.stored(STOPS, "route_id", lengths) if old["position"] >= lengths[old["route_id"]]]
    plan.put(STOPS, stops, gone)
