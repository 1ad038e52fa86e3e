"""Where each option of other SIP2 servers is found here: what `devices.profiles` does not name, and the page made of both."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from devices.profiles import OPTIONS

_FREE: Final = "not here: nothing is to be paid in a free network"
_RULES: Final = "a rule of the network for the channel `sip2`, for any library and item type: `bibliobus policy`"
_CONFIGURATION: Final = "[the daemon's configuration](../reference/configuration.md)"
_SERVICE: Final = "the service manager's: see [run under systemd](run-under-systemd.md)"
_ONE: Final = "not needed: one process serves all devices, and each has an account that no member of staff shares"
_BACKEND: Final = "not needed: there is no other server behind this one"

ELSEWHERE: Final[Mapping[str, Mapping[str, str]]] = {
    "Koha": {
        "min_servers, min_spare_servers": _ONE,
        "setsid, user, group, pid_file": _SERVICE,
        "log_file, syslog_ident, syslog_facility": f"`[log]` of {_CONFIGURATION}, to standard error",
        "custom_tcp_keepalive, custom_tcp_keepalive_time, custom_tcp_keepalive_intvl": "always on, as the system does it",
        "port, transport": f"`[listen]` of {_CONFIGURATION}; `telnet:` before an endpoint prompts for the login",
        "protocol": "1.00 and 2.00, as the device says in 99",
        "login timeout": f"`[sip2] login_timeout` of {_CONFIGURATION}",
        "implementation": _ONE,
        "login_id": "the device's own account: `[[devices]]`",
        "convert_nonprinting_characters": "always done: control characters become blanks",
        "show_outstanding_amount, register_id, payment_type_writeoff, disallow_overpayment, av_field_template": _FREE,
        "lost_block_checkout_value": "a block that staff or a job sets: `bibliobus patron`",
        "lost_status_for_missing": "missing and lost are conditions of their own: `bibliobus item`",
        "blocked_item_types, allow_additional_materials_checkout": _RULES,
        "system_preference_overrides": _RULES,
    },
    "Evergreen": {
        "server-params, personality, worker-keepalive, cache servers": _ONE,
        "listeners port, transport": f"`[listen]` of {_CONFIGURATION}",
        "protocol": "1.00 and 2.00, as the device says in 99",
        "listeners timeout": f"`[sip2] login_timeout` of {_CONFIGURATION}",
        "id, password": "`[[devices]]`: `login`, `password`",
        "av_format, currency": _FREE,
        "bootstrap": _BACKEND,
        "patron_type_uses_code": "templates say the category's code",
        "support_patron_username_login": "not here: a reader is a card",
        "checkin_override, checkout_override": _RULES,
    },
    "Evergreen gateway": {
        "enabled, sip_username, setting_group, workstation, transient, activity_who": "`[[devices]]`, and profiles for a library or the network",
        "currency, av_format": _FREE,
        "msg64_summary_datatype, msg64_hold_datatype, msg64_hold_items_available": "`entries`, `hold_entries`, `ready_holds`",
        "checkout.override, checkin.override": _RULES,
        "checkin_hold_as_transit": "`checkin_mode = private`",
        "support_acs_resend_messages": "always on",
        "sip.session": "kept over restarts: what was acknowledged is in the store",
    },
    "SIP2Mediator": {
        "sip-address, sip-port": f"`[listen]` of {_CONFIGURATION}",
        "http-host, http-port, http-proto, http-path": _BACKEND,
        "syslog-facility, syslog-level": f"`[log]` of {_CONFIGURATION}",
        "daemonize": _SERVICE,
        "USR1": "SIGTERM drains: what is under way is finished first",
    },
    "FOLIO": {
        "port, netServerOptions": f"`[listen]` of {_CONFIGURATION}: `ssl:` has key and certificate",
        "okapiUrl, token_cache_capacity, tenant": _BACKEND,
        "haProxy": "`haproxy:` before an endpoint",
        "tenantConfigRetrieverOptions, scanPeriod": "profiles are in the store: `bibliobus load` changes them at once",
        "health-check port": "`/healthz` and `/readyz` of the web listener",
        "locationCodes, username prefix": "the login alone says which device it is",
        "invalidCheckinStatuses": _RULES,
        "currency": _FREE,
    },
    "fsip2": {
        "circulationStatusMapping": "[a table](../reference/sip2.md), the same for all",
        "claimedReturnedResolution": "staff settle it: `bibliobus loan`",
        "renewAllMaxItems": "no bound: all loans are renewed",
        "rollingRenewals": "not here: cards are renewed by staff",
        "acceptBulkPayment, paymentMethod": _FREE,
        "notifyPatron": "a rule of the network",
        "logLevel": f"`[log]` of {_CONFIGURATION}; `bibliobus daemon capture` for one device",
        "TLS": "`ssl:` endpoints",
    },
    "invenio": {
        "SIP2_DATASTORE_HANDLER, SIP2_DATASTORE_REDIS_PREFIX, SIP2_DATASTORE_REDIS_URL": _BACKEND,
        "SIP2_LOGGING_CONSOLE, SIP2_LOGGING_FS_LOGFILE, _LEVEL, _BACKUPCOUNT, _MAXBYTES": f"`[log]` of {_CONFIGURATION}",
        "SIP2_PERMISSIONS_FACTORY, SIP2_REMOTE_ACTION_HANDLERS": "`messages`",
        "SIP2_PROTOCOL": "1.00 and 2.00, as the device says in 99",
        "SIP2_ONLINE_STATUS": "as the store is",
    },
    "pysip2": {
        "protocol_version, min_protocol_version": "1.00 and 2.00, as the device says in 99",
        "unsupported_message": "refused in the shape of its own answer",
        "internal_error_message": "a sentence in the reader's language",
    },
}  # fmt: skip
"""Server -> its options -> where that is here, for those that no option of a profile stands for."""


def _rows(server: str) -> Iterator[tuple[str, str]]:
    for name, option in OPTIONS.items():
        for other in option.elsewhere:
            where, _, theirs = other.partition(": ")
            if where == server:
                yield theirs, f"`{name}`"
    yield from ELSEWHERE[server].items()


def page() -> str:
    """Return the Markdown page on moving a device here from another server."""
    lines = [
        "# Move a kiosk here from another server",
        "",
        "Generated from `devices/peers.py` and `devices/profiles.py`. A device keeps its login, its password and its settings: declare",
        "them, give it the model of the server it comes from, and change the address that it connects to.",
        "",
        "```toml",
        "[[devices]]",
        'login = "kiosk-avion-2"           # as it logs in now',
        'library = "AVION"',
        'password = "as it is now"',
        'profile = { model = "koha" }      # or "evergreen": AH, lists, CR LF and check-in as there',
        "```",
        "",
        "What all devices of a library, or of the network, have in common is said once:",
        "",
        "```toml",
        "[[device_profiles]]               # all devices",
        'profile = { charset = "cp850" }',
        "[[device_profiles]]               # those of one library",
        'library = "AVION"',
        'profile = { terminal_location = "Médiathèque d\'Avion" }',
        "```",
        "",
        "A device's own profile counts for more than its model, that for more than its library's, that for more than the network's. A",
        "change holds from the device's next message on. `python -m conformance sip2` shows, before the move and after it, what the old",
        "server did and what this one does.",
        "",
        "## Where each setting is",
        "",
    ]
    for server in ELSEWHERE:
        lines += [f"### {server}", "", "| there | here |", "|---|---|"]
        lines += [f"| {theirs} | {ours} |" for theirs, ours in _rows(server)]
        lines.append("")
    return "\n".join(lines)
