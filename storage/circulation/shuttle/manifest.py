"""What is printed for the van: the manifest of a run, and the slip of an item that travels (domain.md 2.9).

Neither knows who reads what: a hold is a number and a short code of the shelf, titles stay out. The texts are in French or
English; plain text is wrapped for a page of 80 columns, HTML comes from one template.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from jinja2 import Environment
from sqlalchemy import and_, bindparam, literal_column, select

from storage.circulation.shuttle import facts
from storage.circulation.shuttle.carriage import route_of
from storage.circulation.shuttle.facts import Run
from storage.schema import barcode, container, item, manifest_line, route, run, transit
from storage.statements import Statement

if TYPE_CHECKING:
    from jinja2 import Template

    from storage.circulation.shuttle.reads import UnderWay
    from storage.network.network import Network
    from storage.statements import Steps

WORDS: Final[dict[str, tuple[str, str]]] = {
    "manifest": ("Bordereau de navette", "Shuttle manifest"),
    "slip": ("Navette", "Shuttle"),
    "driver": ("Chauffeur", "Driver"),
    "left": ("Départ", "Left"),
    "stop": ("Arrêt", "Stop"),
    "unload": ("À décharger", "To unload"),
    "nothing": ("rien à décharger", "nothing to unload"),
    "container": ("Caisse", "Container"),
    "item": ("document", "item"),
    "items": ("documents", "items"),
    "from": ("De", "From"),
    "to": ("Vers", "To"),
    "number": ("n°", "no."),
    "shelf": ("Étagère", "Shelf"),
    "signature": ("Reçu par", "Received by"),
    "planned": ("prévu", "planned"),
    "done": ("terminé", "done"),
    "cancelled": ("annulé", "cancelled"),
}
"""Words of the papers -> (French, English)."""
REASONS: Final[dict[str, tuple[str, str]]] = {
    "return": ("retour", "return"),
    "hold": ("réservation", "hold"),
    "deposit": ("dépôt", "deposit"),
    "ill": ("prêt entre bibliothèques", "inter-library loan"),
    "kit": ("malle", "kit"),
    "balance": ("rééquilibrage", "rebalancing"),
    "repair": ("réparation", "repair"),
    "exit": ("sortie du réseau", "leaving the network"),
}
"""Reason of a transit -> (French, English)."""
WIDTH: Final = 80
"""Columns of a page."""

_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def shelf_code(hold_id: int) -> str:
    """Return the short code under which a hold stands on its shelf: four signs that no two look alike."""
    mixed = (hold_id * 0x9E3779B97F4A7C15) >> 20
    return "".join(_ALPHABET[mixed >> shift & 31] for shift in (15, 10, 5, 0))


class Carried(NamedTuple):
    """A line of the manifest. Times are instants; *outcome* is None while the ride goes on."""

    barcode: str
    from_id: int
    to_id: int
    reason: str
    hold_id: int | None
    container: str
    loaded_at: int | None
    unloaded_at: int | None
    received_at: int | None
    outcome: str | None
    stop_id: int | None


class Box(NamedTuple):
    """A container on the manifest, with its lines."""

    code: str
    lines: tuple[Carried, ...]


class Halt(NamedTuple):
    """A stop of the run, with the containers that come off there. A hub that ends the tour is a stop of its own."""

    library_id: int
    at: str
    boxes: tuple[Box, ...]


class Manifest(NamedTuple):
    """What a run carries or carried, by the stop where it comes off."""

    route: str
    name: str
    day: str
    state: str
    driver: str
    left_at: int | None
    halts: tuple[Halt, ...]

    @property
    def items(self) -> int:
        """How many items there are."""
        return sum(len(box.lines) for halt in self.halts for box in halt.boxes)


_PRINTED: Final = and_(barcode.c.item_id == item.c.id, barcode.c.is_primary == literal_column("1"))
_CARRIED: Final = Statement(
    "lines of run",
    select(
        barcode.c.number,
        manifest_line.c.from_id,
        manifest_line.c.to_id,
        manifest_line.c.reason,
        transit.c.hold_id,
        container.c.code,
        manifest_line.c.loaded_at,
        manifest_line.c.unloaded_at,
        manifest_line.c.received_at,
        manifest_line.c.outcome,
        manifest_line.c.stop_id,
    )
    .select_from(
        manifest_line.join(run, run.c.id == manifest_line.c.run_id)
        .join(route, route.c.id == run.c.route_id)
        .join(container, container.c.id == manifest_line.c.container_id)
        .join(transit, transit.c.id == manifest_line.c.transit_id)
        .join(item, item.c.id == manifest_line.c.item_id)
        .join(barcode, _PRINTED)
    )
    .where(route.c.code == bindparam("code"), run.c.day == bindparam("day"))
    .order_by(container.c.code, barcode.c.number),
    "code",
    "day",
)


def read_manifest(network: Network, code: str, day: str) -> Steps[Manifest | None]:
    """Read the manifest of the run of route *code* on *day* (ISO); None when there is no such route."""
    found = route_of(network, code)
    if found is None:
        yield []
        return None
    rows, lines = yield [facts.RUN(found.code, day), _CARRIED(found.code, day)]
    made = Run._make(rows[0]) if rows else Run(0, found.id, day, "", "planned", None, None)
    carried = [Carried._make(line) for line in lines]
    # A tour may come to a place twice: what comes off there does so the last time.
    last = {stop.library_id: stop for stop in found.stops}
    halts = tuple(
        Halt(stop.library_id, stop.at, tuple(_boxes(line for line in carried if line.stop_id == stop.library_id)))
        for stop in found.stops
        if last[stop.library_id] is stop
    )
    return Manifest(found.code, found.name, day, made.state, made.driver, made.left_at, halts)


def _boxes(lines: Iterator[Carried]) -> Iterator[Box]:
    by_code: dict[str, list[Carried]] = {}
    for line in lines:
        by_code.setdefault(line.container, []).append(line)
    for code, inside in by_code.items():
        yield Box(code, tuple(inside))


# --- words ---------------------------------------------------------------------------------------------------------------


def word(name: str, language: str) -> str:
    """Return a word of `WORDS` or `REASONS` in *language* (``fr`` or ``en``; French for any other)."""
    french, english = (WORDS | REASONS)[name]
    return english if language == "en" else french


def _items(number: int, language: str) -> str:
    return f"{number} {word('item' if number == 1 else 'items', language)}"


def _day(day: str, language: str) -> str:
    return day if language == "en" else "/".join(reversed(day.split("-")))


def _time(network: Network, manifest: Manifest) -> str:
    if manifest.left_at is None:
        return ""
    zone = network.libraries[manifest.halts[0].library_id].zone
    return datetime.fromtimestamp(manifest.left_at, tz=UTC).astimezone(zone).strftime("%H:%M")


def hold_label(hold_id: int | None, language: str) -> str:
    """Return what paper says of a hold: its shelf code and its number; nothing without a hold."""
    if hold_id is None:
        return ""
    return f"{word('shelf', language)} {shelf_code(hold_id)} ({word('number', language)} {hold_id})"


# --- JSON ----------------------------------------------------------------------------------------------------------------


def as_dict(network: Network, manifest: Manifest) -> dict[str, Any]:
    """Return *manifest* as JSON holds it; libraries are codes, times ISO in UTC."""

    def instant(at: int | None) -> str | None:
        return datetime.fromtimestamp(at, tz=UTC).isoformat() if at is not None else None

    def line(each: Carried) -> dict[str, Any]:
        return {
            "barcode": each.barcode,
            "from": network.libraries[each.from_id].code,
            "to": network.libraries[each.to_id].code,
            "reason": each.reason,
            "hold": each.hold_id,
            "shelf_code": shelf_code(each.hold_id) if each.hold_id is not None else None,
            "loaded_at": instant(each.loaded_at),
            "unloaded_at": instant(each.unloaded_at),
            "received_at": instant(each.received_at),
            "outcome": each.outcome,
        }

    return {
        "route": manifest.route,
        "name": manifest.name,
        "day": manifest.day,
        "state": manifest.state,
        "driver": manifest.driver,
        "left_at": instant(manifest.left_at),
        "items": manifest.items,
        "stops": [
            {
                "library": network.libraries[halt.library_id].code,
                "at": halt.at,
                "containers": [{"code": box.code, "items": [line(each) for each in box.lines]} for box in halt.boxes],
            }
            for halt in manifest.halts
        ],
    }


# --- plain text ----------------------------------------------------------------------------------------------------------


def as_text(network: Network, manifest: Manifest, language: str) -> str:
    """Return *manifest* as plain text, no line longer than `WIDTH`."""
    return "\n".join(line for each in _text(network, manifest, language) for line in _wrapped(each)) + "\n"


def _wrapped(line: str) -> list[str]:
    indent = " " * (len(line) - len(line.lstrip()) + 4)
    return textwrap.wrap(line, WIDTH, subsequent_indent=indent, drop_whitespace=False, break_on_hyphens=False) or [""]


def _text(network: Network, manifest: Manifest, language: str) -> Iterator[str]:
    yield f"{word('manifest', language)}  {manifest.route} {manifest.name}".rstrip()
    left = (
        word("planned", language)
        if manifest.left_at is None
        else f"{word('left', language)} {_time(network, manifest)}"
    )
    driver = f"  {word('driver', language)} : {manifest.driver}" if manifest.driver else ""
    yield f"{_day(manifest.day, language)}  {left}{driver}  {_items(manifest.items, language)}"
    for halt in manifest.halts:
        library = network.libraries[halt.library_id]
        yield ""
        yield f"{halt.at}  {library.code}  {library.name}"
        if not halt.boxes:
            yield f"    {word('nothing', language)}"
        for box in halt.boxes:
            yield f"    [ ] {word('container', language)} {box.code}  {_items(len(box.lines), language)}"
            for line in box.lines:
                to = network.libraries[line.to_id].code
                told = f"{line.barcode:14} {word(line.reason, language)} > {to}  {hold_label(line.hold_id, language)}"
                yield f"        {told}".rstrip()
        if halt.boxes:
            yield f"    {word('signature', language)} : ____________________"


def slip(network: Network, row: UnderWay, language: str) -> str:
    """Return the slip that lies in an item under way: where it goes and why, and on which shelf it is put there."""
    to, origin = network.libraries[row.to_id], network.libraries[row.from_id]
    lines = [
        f"{word('slip', language).upper()}  {to.code}",
        f"{word('to', language)} : {to.name}",
        f"{word('from', language)} : {origin.name}",
        f"{row.barcode}  {word(row.reason, language)}",
        hold_label(row.hold_id, language),
    ]
    return "\n".join(part for line in lines if line for part in textwrap.wrap(line, WIDTH // 2)) + "\n"


# --- HTML ----------------------------------------------------------------------------------------------------------------

_PAGE: Final = """<!DOCTYPE html>
<html lang="{{ language }}">
<head>
<meta charset="utf-8">
<title>{{ word("manifest") }} {{ manifest.route }} {{ day }}</title>
<style>
@page { size: A4; margin: 15mm }
body { font: 11pt sans-serif }
table { border-collapse: collapse; width: 100% }
td, th { border-bottom: 1px solid; padding: 1mm; text-align: left }
section { break-inside: avoid }
</style>
</head>
<body>
<h1>{{ word("manifest") }} {{ manifest.route }} {{ manifest.name }}</h1>
<p>{{ day }} {{ time or word("planned") }}{% if manifest.driver %} · {{ word("driver") }} : {{ manifest.driver }}{% endif %} ·
{{ items(manifest.items) }}</p>
{% for halt in manifest.halts %}
<section>
<h2>{{ halt.at }} {{ libraries[halt.library_id].code }} {{ libraries[halt.library_id].name }}</h2>
{% for box in halt.boxes %}
<h3>☐ {{ word("container") }} {{ box.code }} ({{ items(box.lines | length) }})</h3>
<table>
{% for line in box.lines %}
<tr><td>{{ line.barcode }}</td><td>{{ word(line.reason) }}</td><td>{{ libraries[line.to_id].code }}</td>
<td>{{ hold_label(line.hold_id) }}</td></tr>
{% endfor %}
</table>
{% else %}
<p>{{ word("nothing") }}</p>
{% endfor %}
</section>
{% endfor %}
</body>
</html>
"""


@cache
def _template() -> Template:
    return Environment(autoescape=True, trim_blocks=True, keep_trailing_newline=True).from_string(_PAGE)


def as_html(network: Network, manifest: Manifest, language: str) -> str:
    """Return *manifest* as a page of HTML, for A4."""
    return _template().render(
        manifest=manifest,
        libraries=network.libraries,
        language=language,
        day=_day(manifest.day, language),
        time=_time(network, manifest),
        word=lambda name: word(name, language),
        items=lambda number: _items(number, language),
        hold_label=lambda hold_id: hold_label(hold_id, language),
    )
