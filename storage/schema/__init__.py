"""The tables of the store, in SQLAlchemy Core: the one place where the database's shape is declared.

Rules of this package:

- Instants are integers, seconds since 1970 UTC. Days (a due date, an end of validity) are ISO text ``YYYY-MM-DD``:
  a day has no time zone and must not get one.
- Rows that circulation makes (loans, holds, transits) carry ids from `storage.ids`, so that an act can name what it
  makes before the database has seen it. Rows that people declare (libraries, devices) count from 1.
- An item's status is nowhere: it follows from loan, hold, transit and condition (`storage.circulation.status`).
- What must never happen is forbidden here, by a named constraint, whatever the rules above it do (`GUARDS`).
- A returned loan leaves `loan` for `past_loan`, a closed hold leaves `hold` for `past_hold`; their readers are in
  `past_loan_reader` and `past_hold_reader` alone, with a date on which the link is cut. Nothing else in the store ties
  a reader to what is past.
"""

from __future__ import annotations

from typing import Final

from storage.schema.catalogue import catalogue_version, database, merge_move, posting, record, supersession
from storage.schema.columns import METADATA
from storage.schema.holds import hold, past_hold, past_hold_reader, pull
from storage.schema.ill import ill_request, ncip_exchange, outbox
from storage.schema.items import barcode, item
from storage.schema.journal import anomaly, job, journal, lease, notice, reply
from storage.schema.loans import loan, past_loan, past_loan_reader
from storage.schema.network import (
    calendar_exception,
    cataloguer,
    commune,
    device,
    item_type,
    library,
    membership,
    opening,
    partner,
    patron_category,
    policy_set,
    referent,
    rule,
    service_activation,
    setting,
)
from storage.schema.readers import block, card, household, patron
from storage.schema.shuttle import container, manifest_line, route, route_stop, run, sighting, transit
from storage.schema.tasks import kept_set, task_package, task_permission

__all__ = [
    "GUARDS",
    "METADATA",
    "anomaly",
    "barcode",
    "block",
    "calendar_exception",
    "card",
    "catalogue_version",
    "cataloguer",
    "commune",
    "container",
    "database",
    "device",
    "hold",
    "household",
    "ill_request",
    "item",
    "item_type",
    "job",
    "journal",
    "kept_set",
    "lease",
    "library",
    "loan",
    "manifest_line",
    "membership",
    "merge_move",
    "ncip_exchange",
    "notice",
    "opening",
    "outbox",
    "partner",
    "past_hold",
    "past_hold_reader",
    "past_loan",
    "past_loan_reader",
    "patron",
    "patron_category",
    "policy_set",
    "posting",
    "pull",
    "record",
    "referent",
    "reply",
    "route",
    "route_stop",
    "rule",
    "run",
    "service_activation",
    "setting",
    "sighting",
    "supersession",
    "task_package",
    "task_permission",
    "transit",
]

GUARDS: Final = {
    "one_open_loan_per_item": "on-loan-to-other",
    "loan.item_id": "on-loan-to-other",
    "one_captured_hold_per_item": "held-for-other",
    "hold.item_id": "held-for-other",
    "one_hold_per_reader_and_title": "already-held",
    "hold.patron_id, hold.record_id, hold.volume": "already-held",
    "one_hold_per_reader_and_item": "already-held",
    "hold.patron_id, hold.target_item_id": "already-held",
    "one_open_transit_per_item": "in-transit",
    "transit.item_id": "in-transit",
    "pk_card": "card-taken",
    "card.number, card.namespace": "card-taken",
    "uq_patron_code": "patron-exists",
    "patron.code": "patron-exists",
    "one_open_line_per_transit": "already-packed",
    "manifest_line.transit_id": "already-packed",
    "uq_container_code": "container-exists",
    "container.code": "container-exists",
    "pk_barcode": "barcode-taken",
    "barcode.number, barcode.namespace": "barcode-taken",
    "uq_ill_request_agency_number": "request-made",
    "ill_request.agency, ill_request.number": "request-made",
    "uq_run_route_id_day": "run-exists",
    "run.route_id, run.day": "run-exists",
}
"""Constraint (PostgreSQL) or column (SQLite) of a guard -> the refusal that its violation means to the loser of a race."""
