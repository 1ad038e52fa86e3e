"""The keys of what Z39.50 needs: databases, accounts, and what is known of programs; see `declaration_keys`."""

# ruff: noqa: RUF009 (`key` and `many` return attrs fields: each class has its own)

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_network
from typing import Literal

import attrs

from storage.network.declaration_keys import Checked, Complaint, key, many
from storage.network.declaration_values import Argon2, Capitals, Code, Many, Secret, Text


@attrs.frozen(kw_only=True)
class Cataloguer(Checked):
    """An account of Z39.50. Searching needs none; who gives a name must be known by it."""

    login: Code | None = key("The user that the client gives.", column="code")
    library: Capitals | None = key("The library in which they catalogue.", refers="libraries")
    password: Secret | None = key(
        "The password; the store keeps an argon2 hash. A new account needs this or the next key.",
        None,
        column="",
        secret=True,
    )
    password_hash: Argon2 | None = key(
        "Its argon2 hash instead, so that the file needs no password.", None, column="", secret=True
    )
    updates: bool | None = key("Whether they may save and delete the records of their commune (Update).", False)
    enabled: bool | None = key("Whether they may log in.", True)

    def complaints(self) -> Iterator[Complaint]:
        """Yield what is wrong between the keys of this table."""
        if self.password is not None and self.password_hash is not None:
            yield "password_hash", "password and password_hash are two ways to say one thing: give one"


@attrs.frozen(kw_only=True)
class Database(Checked):
    """A Z39.50 database. Names are compared without case."""

    name: Code | None = key("Its name.")
    title: Text | None = key("What it holds, for people.", "")
    default: bool | None = key("Whether it is the one that `Default` names.", False, column="is_default")
    lenient: bool | None = key(
        "Whether attributes that are not taken are replaced, and the origin is told so, instead of being refused.",
        False,
    )


@attrs.frozen(kw_only=True)
class Z3950Client(Checked):
    """A program that speaks Z39.50, recognised by all that is given of it; the first of several, by name, counts.

    What the program itself agrees on in its Init counts for more than this, and so does the alias of a database.
    """

    name: Code | None = key("What it is called here.", column="")
    implementation_id: Text | None = key("A part of its implementationId.", None, column="")
    implementation_name: Text | None = key("A part of its implementationName.", None, column="")
    addresses: tuple[Text, ...] = many("The networks that it comes from, as `192.0.2.0/24`.")
    terms: Literal["utf-8", "iso-8859-1", "windows-1252", "iso-5426", "marc-8"] | None = key(
        "The characters of its terms.", None, column=""
    )
    records: Literal["utf8", "5426"] | None = key(
        "The characters of its records; `5426` is ISO 5426 or, of MARC 21, MARC-8.", None, column=""
    )
    syntax: Literal["unimarc", "usmarc", "xml", "sutrs", "opac", "grs-1"] | None = key(
        "The syntax of its records where it asks for none.", None, column=""
    )
    language: Literal["en", "fr"] | None = key("The language of its diagnostics.", None, column="")
    message_size: Many | None = key("The octets of records that it takes in one message, at most.", None, column="")
    piggyback: bool | None = key("Whether records may come with the response to a search.", None, column="")

    def complaints(self) -> Iterator[Complaint]:
        """Yield what is wrong between the keys of this table."""
        if not (self.implementation_id or self.implementation_name or self.addresses):
            yield "implementation_name", "by this, implementation_id or addresses it has to be recognised"
        for number, address in enumerate(self.addresses):
            try:
                ip_network(address)
            except ValueError:
                yield f"addresses[{number}]", "a network, as 192.0.2.0/24, is expected"
