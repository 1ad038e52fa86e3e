"""The network: communes, libraries, calendars, kinds, policies, devices, partners."""

from __future__ import annotations

from sqlalchemy import Column, Index, PrimaryKeyConstraint, Text, UniqueConstraint

from storage.schema.columns import Small, day, flag, key, one_of, ref, table, words

setting = table("setting", Column("name", Text, primary_key=True), words("value"))

commune = table("commune", key(), words("code", unique=True), words("name"), words("insee", null=True))

# A convention is a fact in time, never an attribute of a library (S-01, S-28, S-30).
membership = table(
    "membership",
    key(),
    ref("commune_id", "commune"),
    words("convention", default=""),
    day("deliberated_on"),
    day("signed_on"),
    day("notified_on"),
    day("ends_on"),
    day("denounced_on"),
    words("denounced_by", null=True),
    words("clause", null=True),
    words("evidence", null=True),
    day("withdrawn_on"),
    day("left_on"),
    UniqueConstraint("commune_id", "notified_on"),
)

library = table(
    "library",
    key(),
    words("code", unique=True),
    words("name"),
    words("kind", default="library"),
    ref("commune_id", "commune", null=True),
    ref("parent_id", "library", null=True),
    words("isil", null=True, unique=True),
    words("timezone", default="Europe/Paris"),
    words("namespace", default=""),
    one_of("kind", "network", "library", "hub", "vehicle", "external"),
)

service_activation = table(
    "service_activation",
    ref("library_id", "library"),
    words("service"),
    day("from_on", null=False),
    day("to_on"),
    PrimaryKeyConstraint("library_id", "service", "from_on"),
    one_of(
        "service", "catalogue", "circulation", "self-check", "holds-pickup", "holds-supply", "shuttle", "rfid", "portal"
    ),
)

referent = table(
    "referent",
    key(),
    ref("library_id", "library"),
    words("role"),
    words("name"),
    words("contact", default=""),
    day("from_on", null=False),
    day("to_on"),
)

opening = table(
    "opening",
    ref("library_id", "library"),
    Column("weekday", Small, nullable=False, info={"check": "weekday BETWEEN 1 AND 7"}),
    words("opens"),
    words("closes"),
    day("from_on"),
    day("to_on"),
    Index("ix_opening_library_id", "library_id"),
)

calendar_exception = table(
    "calendar_exception",
    ref("library_id", "library"),
    day("day", null=False),
    words("opens", null=True),
    words("closes", null=True),
    words("reason", default=""),
    PrimaryKeyConstraint("library_id", "day"),
)

patron_category = table(
    "patron_category", key(), words("code", unique=True), words("name"), ref("parent_id", "patron_category", null=True)
)

item_type = table(
    "item_type",
    key(),
    words("code", unique=True),
    words("name"),
    ref("parent_id", "item_type", null=True),
    words("media_type", default="001"),
)

# `opened` names the attributes that libraries may have rules of their own for, blank-separated; NULL: all that are not locked.
policy_set = table(
    "policy_set",
    key(),
    words("code", unique=True),
    day("effective_from", null=False),
    words("decision", default=""),
    words("opened", null=True),
)

# One row says: for who and what its scope columns name (NULL: any), `attribute` has `value`.
rule = table(
    "rule",
    key(),
    ref("policy_set_id", "policy_set", index=True),
    words("attribute"),
    words("value"),
    ref("patron_category_id", "patron_category", null=True),
    ref("item_type_id", "item_type", null=True),
    ref("owner_id", "library", null=True),
    ref("library_id", "library", null=True),
    words("location", null=True),
    words("channel", null=True),
    flag("locked"),
)

device = table(
    "device",
    key(),
    words("code", unique=True),
    ref("library_id", "library"),
    words("protocol", default="sip2"),
    words("password_hash"),
    words("profile", default="{}"),
    flag("enabled", default=True),
    one_of("protocol", "sip2"),
)

# Who has a name on Z39.50; the library is where they catalogue.
cataloguer = table(
    "cataloguer",
    key(),
    words("code", unique=True),
    ref("library_id", "library"),
    words("password_hash"),
    flag("updates"),
    flag("enabled", default=True),
)

partner = table(
    "partner",
    key(),
    words("agency", unique=True),
    words("name"),
    ref("library_id", "library", index=True),
    words("secret_hash", null=True),
    words("endpoint", null=True),
    words("profile", default="{}"),
    flag("enabled", default=True),
)
