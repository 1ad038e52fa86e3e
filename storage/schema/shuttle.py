"""What is under way between libraries, and what carries it."""

from __future__ import annotations

from sqlalchemy import Column, Index, PrimaryKeyConstraint, UniqueConstraint, text

from storage.schema.columns import (
    Int,
    Small,
    count,
    day,
    flag,
    instant,
    key,
    long_key,
    loose,
    one_of,
    ref,
    table,
    words,
)

# What an item travels in is said by the open line of a manifest, if anyone scanned it.
transit = table(
    "transit",
    long_key(),
    ref("item_id", "item"),
    ref("from_id", "library"),
    ref("to_id", "library"),
    words("reason"),
    loose("hold_id", long=True),
    instant("sent_at"),
    instant("received_at", null=True),
    words("state", default="created"),
    loose("received_id"),
    one_of("reason", "return", "hold", "deposit", "ill", "kit", "balance", "repair", "exit"),
    one_of("state", "created", "received", "misrouted", "cancelled", "lost"),
)
_OPEN_TRANSIT = text("received_at IS NULL")
Index(
    "one_open_transit_per_item",
    transit.c.item_id,
    unique=True,
    sqlite_where=_OPEN_TRANSIT,
    postgresql_where=_OPEN_TRANSIT,
)
Index("ix_transit_open_to_id", transit.c.to_id, sqlite_where=_OPEN_TRANSIT, postgresql_where=_OPEN_TRANSIT)
Index("ix_transit_open_from_id", transit.c.from_id, sqlite_where=_OPEN_TRANSIT, postgresql_where=_OPEN_TRANSIT)

# Where an item under way was seen, which is not where it was to be.
sighting = table(
    "sighting",
    key(),
    ref("item_id", "item", index=True),
    ref("library_id", "library"),
    loose("transit_id", long=True),
    instant("at"),
    words("actor", default=""),
)

# `weekdays` are ISO numbers, blank-separated. `capacity` is in items, None without limit.
route = table(
    "route",
    key(),
    words("code", unique=True),
    words("name", default=""),
    words("weekdays"),
    ref("hub_id", "library", null=True),
    Column("capacity", Int, nullable=True),
    count("cut_off"),  # minutes before the van comes after which an item misses it
    day("from_on"),
    day("to_on"),
)

# `at` is HH:MM, local; `handling` the minutes from arrival until items are on the shelf.
route_stop = table(
    "route_stop",
    ref("route_id", "route"),
    Column("position", Small, nullable=False),
    ref("library_id", "library"),
    words("at"),
    count("handling"),
    PrimaryKeyConstraint("route_id", "position"),
)

# Runs follow from their route's weekdays: one has a row once something is done about it.
run = table(
    "run",
    long_key(),
    ref("route_id", "route"),
    day("day", null=False),
    words("driver", default=""),
    words("state", default="planned"),
    instant("left_at", null=True),
    instant("ended_at", null=True),
    UniqueConstraint("route_id", "day"),
    one_of("state", "planned", "left", "done", "cancelled"),
)

# A crate, bag or trolley. It stands at a place or is aboard a run; sealed, it goes to one place.
container = table(
    "container",
    key(),
    words("code", unique=True),
    words("kind", default="crate"),
    Column("capacity", Int, nullable=True),
    words("state", default="empty"),
    ref("place_id", "library"),
    ref("to_id", "library", null=True),
    ref("run_id", "run", null=True, long=True),
    one_of("kind", "crate", "bag", "trolley"),
    one_of("state", "empty", "open", "sealed", "aboard", "delivered"),
)

# An item's ride in a container: open until it ends in some way, kept after, without any reader. A line that is
# `inferred` was completed from what came later: nobody scanned the item, or the container, when it happened.
manifest_line = table(
    "manifest_line",
    long_key(),
    ref("run_id", "run", null=True, long=True, index=True),
    ref("container_id", "container", null=True),
    loose("transit_id", null=False, long=True),
    ref("item_id", "item", index=True),
    ref("from_id", "library"),
    ref("to_id", "library"),
    words("reason"),
    loose("stop_id"),  # where it was to come off the run
    words("packed_by", default=""),
    instant("packed_at", null=True),
    instant("loaded_at", null=True),
    instant("unloaded_at", null=True),
    instant("received_at", null=True),
    loose("received_id"),
    words("outcome", null=True),
    flag("inferred"),
    one_of("outcome", "received", "wrong-stop", "unpacked", "repacked", "transferred", "missing"),
)
_OPEN_LINE = text("outcome IS NULL")
Index(
    "one_open_line_per_transit",
    manifest_line.c.transit_id,
    unique=True,
    sqlite_where=_OPEN_LINE,
    postgresql_where=_OPEN_LINE,
)
Index(
    "ix_manifest_line_open_container_id",
    manifest_line.c.container_id,
    sqlite_where=_OPEN_LINE,
    postgresql_where=_OPEN_LINE,
)
Index("ix_manifest_line_transit_id", manifest_line.c.transit_id)
