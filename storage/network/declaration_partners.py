"""The keys of what is agreed with the agencies that speak NCIP; see `declaration_keys`."""

# ruff: noqa: RUF009 (`key` and `many` return attrs fields: each class has its own)

from __future__ import annotations

from collections.abc import Iterator

import attrs

from storage.network.declaration_keys import Checked, Complaint, key, many
from storage.network.declaration_values import (
    Argon2,
    Capitals,
    Code,
    Language,
    Many,
    Options,
    Secret,
    Text,
    Zone,
)


@attrs.frozen(kw_only=True)
class PartnerProfile(Checked):
    """What is agreed with a partner."""

    language: Language | None = key("Language of messages.", "fr")
    timezone: Zone | None = key("Where its dates without a zone were written.", None)
    our_agency: Code | None = key("What it calls us; the ISIL or code of the library concerned, when not given.", None)
    account: Code | None = key("The card of the reader that stands for it: what we lend it is lent to this card.", None)
    category: Code | None = key("The category in which readers are registered that it brings.", None)
    dialect: Code | None = key("How it wants to be spoken to: see [NCIP profile](ncip-profile.md).", None)
    version: Text | None = key("The version that its messages name, where its dialect names another.", None)
    prefix: Text | None = key("The prefix of elements, likewise.", None)
    profile_type: Text | None = key("ApplicationProfileType, likewise: Alma's is the partner's code.", None)
    request_type: Text | None = key("RequestType of what it is asked for, likewise.", None)
    scope: Text | None = key("RequestScopeType, likewise.", None)
    user_type: Text | None = key("UserIdentifierType, likewise.", None)
    item_type: Text | None = key("ItemIdentifierType, likewise.", None)
    record_code: Text | None = key("BibliographicRecordIdentifierCode, likewise.", None)
    quiet: bool | None = key("Whether it takes a text for a failure that holds the word `Problem`.", None)
    chooses: bool | None = key("Whether it wants to be told the very item when it asks for a title.", None)
    timeout: Many | None = key("How many seconds it may take to answer.", None)
    pickup_locations: Options | None = key("What it calls our libraries: its name, our code.", None)
    notifications: tuple[Text, ...] = many(
        "What it wants to be told beyond what a loan needs: `ItemCheckedOut`, `ItemCheckedIn`."
    )
    order: Many | None = key(
        "Its place among the lenders that are asked one after the other; none, when not given.", None
    )
    fees: Code | None = key("`waive`: a fee that it reports is taken, and owed by nobody; else it is refused.", None)
    restrictions: tuple[Text, ...] = many("Restrictions of use that it must acknowledge in what it asks of us.")
    lend_days: Many | None = key("How many days it may keep what we lend.", None)
    renewals: Many | None = key("How often what we lend it is prolonged.", None)
    transit_days: Many | None = key("How many days before its date our reader's loan of its item ends.", None)
    addresses: tuple[Text, ...] = many(
        "The networks that it may come from, as `192.0.2.0/24`; any, when none is given."
    )
    certificate: Text | None = key("SHA-256 fingerprint of the certificate that it must show.", None)
    services: tuple[Text, ...] = many("The services that it may ask for; all, when none is given.")
    libraries: tuple[Capitals, ...] = many("The libraries in which its acts may take place; all, when none is given.")
    per_minute: Many | None = key("How many messages it may send in a minute.", None)
    retry_first: Many | None = key(
        "Seconds until what it did not take is brought again; twice as many each time.", None
    )
    retry_longest: Many | None = key("The longest of these pauses, in seconds.", None)
    trace: bool | None = key("Whether all its messages are kept in the journal, masked.", None)


@attrs.frozen(kw_only=True)
class Partner(Checked):
    """An NCIP agency that may ask."""

    agency: Code | None = key("Its agency id, as `FR-MDPC62`.")
    name: Text | None = key("Its name.")
    library: Capitals | None = key("The library that stands for it here.", refers="libraries")
    secret: Secret | None = key(
        "What it proves itself with (FromAgencyAuthentication); without any it needs no proof.",
        None,
        column="",
        secret=True,
    )
    secret_hash: Argon2 | None = key("Its argon2 hash instead.", None, column="", secret=True)
    endpoint: Text | None = key("The address where it answers.", None)
    profile: PartnerProfile | None = key("What is agreed with it.", None, column="")
    enabled: bool | None = key("Whether it is answered.", True)

    def complaints(self) -> Iterator[Complaint]:
        """Yield what is wrong between the keys of this table."""
        if self.secret is not None and self.secret_hash is not None:
            yield "secret_hash", "secret and secret_hash are two ways to say one thing: give one"
