"""Ready-made profiles: what makes of kiosks, sorters, gates and platforms are known to want, and what they were used to.

A model is a table of options, as a device's own profile is; see `devices.profiles`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple


class Model(NamedTuple):
    """A make of devices, and the options that it wants otherwise than by default."""

    title: str
    options: Mapping[str, str]


_SELF_CHECK: Final = "01 09 11 15 17 19 23 29 35 63 65"
_READ_ONLY: Final = "17 23 35 63"
_KOHA: Final = {
    "terminator": "CRLF",
    "charset": "utf-8",
    "due_date": "sip",
    "item_due_date": "sip",
    "not_on_loan_ok": "no",
    "card_validity": "yes",
}
_EVERGREEN: Final = {
    "card_validity": "yes",
    "charset": "ascii",
    "due_date": "%Y-%m-%d %H:%M:%S",
    "item_due_date": "%Y-%m-%d %H:%M:%S",
    "entries": "title",
    "hold_entries": "title",
}

MODELS: Final[Mapping[str, Model]] = {
    "self-check": Model("A self-check of any make, with a printer", {"messages": _SELF_CHECK, "receipt": "12 30"}),
    "bibliotheca-self-check": Model(
        "Bibliotheca and 3M SelfCheck: exceptions are sorted by alert type",
        {"messages": _SELF_CHECK, "receipt": "12 30", "alert_type_always": "yes"},
    ),
    "sorter": Model(
        "A sorter of any make: checks in, and asks of items",
        {"messages": "09 17", "alert_type_always": "yes", "screen": "never", "personal": ""},
    ),
    "bibliotheca-sorter": Model(
        "Bibliotheca, 3M and Lyngsoe sorters, which want alert type and destination always",
        {
            "messages": "09 17",
            "alert_type_always": "yes",
            "destination_always": "yes",
            "screen": "never",
            "personal": "",
        },
    ),
    "pv-supa-sorter": Model(
        "PV-Supa Libretto: keeps returns while it is off line, and tells of them later",
        {"messages": "09 17", "destination_always": "yes", "offline": "yes", "personal": "", "timeout": "30"},
    ),
    "gate": Model(
        "Security gates, Nedap's and others: ask of items alone",
        {"messages": "17", "screen": "never", "personal": "", "offline": "no", "timeout": "20"},
    ),
    "envisionware": Model(
        "EnvisionWare: PC booking and payments; wants the expiry of cards, dates of birth are not given away",
        {
            "messages": "23 35 63 17",
            "screen": "always",
            "extensions": "24 PA {expires:%Y%m%d}; 24 PC {category}; 64 PA {expires:%Y%m%d}; 64 PC {category}",
        },
    ),
    "libki": Model(
        "Libki PC booking: splits names, and reads a reply in one piece",
        {
            "messages": "23 35 63",
            "terminator": "CRLF",
            "personal_name": "{surname}, {forename}",
            "empty_pin": "wrong",
        },
    ),
    "e-books": Model(
        "Palace and other platforms that only authenticate: a card and a PIN, and no more of the reader than that",
        {
            "messages": "23 63",
            "charset": "cp850",
            "pin_required": "yes",
            "personal": "",
            "hidden_flags": "2 3 5 7 8",
            "entries": "barcode",
            "offline": "no",
            "pin_tries": "600",
        },
    ),
    "cen-tec": Model("Cen-Tec kiosks, which end lines with CR LF", {"messages": _SELF_CHECK, "terminator": "CRLF"}),
    "koha": Model("A device that was set up for Koha, as it is", _KOHA),
    "evergreen": Model("A device that was set up for Evergreen, as it is", _EVERGREEN),
    "reader-services": Model("A portal that reads accounts", {"messages": _READ_ONLY, "pin_required": "yes"}),
}
