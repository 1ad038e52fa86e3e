"""Device profiles: how a kiosk, sorter, gate or platform differs from what we say by default, as data.

A profile is declared as a table of texts, at four places of which the later counts for more: the network, the library, the
device's `model` (of `devices.models`) and the device itself. Its options are the attributes of `DeviceProfile`, each declared
once with its meaning, its default, what reads it, and what other servers call it; a profile is checked, read and documented
from them.
"""

# ruff: noqa: RUF009 (`_option` returns dataclass fields: each class has its own)

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from ipaddress import ip_address
from types import MappingProxyType
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from devices import options as read
from devices.models import MODELS
from protocols.sip2.codes import PatronStatus, SecurityMarker, SupportedMessage
from protocols.sip2.session import Profile

_ALL_BUT: Final = " ".join(code for code in SupportedMessage if code not in {"25", "37", "93", "97", "99"})


class Option(NamedTuple):
    """One option: its group, what it is, its value when it is not given, what reads a value, its names elsewhere."""

    group: str
    doc: str
    default: str
    read: Callable[[str], Any]
    elsewhere: tuple[str, ...]


def _option(group: str, reads: Callable[[str], Any], default: str, doc: str, *elsewhere: str) -> Any:
    """Declare an option; *elsewhere* are its names in other servers, as `Koha: encoding`."""
    return field(default=reads(default), metadata={"option": Option(group, doc, default, reads, elsewhere)})


_WIRE, _RIGHTS, _TEXTS, _RULES, _FIELDS, _SAFETY = "Wire", "Rights", "Texts", "Rules", "Fields", "Safety"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceProfile:
    """A profile as it is used: every option with its value."""

    model: str = _option(
        _WIRE, read.one_of("", *MODELS), "", "A ready-made profile that this one starts from: see [models](#models)."
    )
    charset: str = _option(
        _WIRE, read.charset, "utf-8",
        "Character set of the texts, a Python codec that contains ASCII: `utf-8`, `cp850`, `latin-1`, `cp1252`, or `ascii`, "
        "which takes accents off.",
        "Koha: encoding", "Evergreen: encoding", "FOLIO: charset", "invenio: SIP2_TEXT_ENCODING", "pysip2: encoding",
        "SIP2Mediator: ascii",
    )  # fmt: skip
    terminator: bytes = _option(
        _WIRE, read.terminator, "CR",
        "What ends a response: `CR`, `CRLF` or `LF`. Requests may end in any of them.",
        "Koha: terminator", "FOLIO: messageDelimiter", "invenio: SIP2_LINE_TERMINATOR",
    )  # fmt: skip
    delimiter: bytes = _option(
        _WIRE, read.delimiter, "|", "What ends a variable field.",
        "Koha: delimiter", "Evergreen: delimiter", "FOLIO: fieldDelimiter", "pysip2: field_delimiter",
    )  # fmt: skip
    error_detection: str = _option(
        _WIRE, read.one_of("mirror", "required", "off"), "mirror",
        "AY and AZ: as the request has them, `required` in every request (else 96), or `off` in every response.",
        "Koha: error_detect", "Evergreen: error-detect", "FOLIO: errorDetectionEnabled", "invenio: SIP2_ERROR_DETECTION",
        "pysip2: error_detection",
    )  # fmt: skip
    longest_message: int = _option(
        _WIRE, read.between(256, 65536), "16384", "The longest request, in bytes.",
        "pysip2: max_message_size", "invenio: SIP2_SOCKET_BUFFER_SIZE",
    )  # fmt: skip
    repeat_window: int = _option(
        _WIRE, read.between(0, 3600), "60",
        "For how many seconds the same bytes again are a repetition: the device's timeout times its retries.",
    )  # fmt: skip
    idle_timeout: int = _option(
        _WIRE, read.between(0, 86400), "0", "Seconds of silence after which it is cut off; 0: as the daemon's configuration says.",
        "Koha: client_timeout", "Evergreen: timeout", "pysip2: idle_timeout",
    )  # fmt: skip
    timeout: int = _option(
        _WIRE, read.between(1, 999), "100",
        "Timeout period of 98, in tenths of a second. An answer that takes four fifths of it is a refusal.",
        "Koha: timeout", "Evergreen: policy timeout", "FOLIO: timeoutPeriod", "fsip2: timeoutPeriod",
        "invenio: SIP2_TIMEOUT_PERIOD", "pysip2: timeout_period",
    )  # fmt: skip
    retries: int = _option(
        _WIRE, read.between(0, 999), "3", "Retries allowed of 98.",
        "Koha: retries", "Evergreen: policy retries", "FOLIO: retriesAllowed", "fsip2: retriesAllowed",
        "invenio: SIP2_RETRIES_ALLOWED", "pysip2: retries_allowed",
    )  # fmt: skip
    timezone: ZoneInfo | None = _option(
        _WIRE, read.zone, "", "The zone of its clock, as `Europe/Paris`; empty: its library's.", "FOLIO: timezone"
    )
    status_before_login: bool = _option(
        _WIRE, read.flag, "yes", "Whether 99 is answered before a login; counts for the network, and for a device that alone may log in from its `addresses`.",
        "Evergreen: allow_sc_status_then_login", "Evergreen gateway: sip.sc_status_before_login_institution",
        "pysip2: login_required",
    )  # fmt: skip

    messages: frozenset[SupportedMessage] = _option(
        _RIGHTS, read.requests, _ALL_BUT,
        "Codes of the requests that it may make; 98 and the 16 positions of BX tell it so. Reading and logging in are always allowed.",
        "Koha: policy checkin, checkout, renewal, status_update", "Evergreen: policy", "Evergreen: supports",
        "FOLIO: supportedMessages", "FOLIO: checkinOk, checkoutOk, acsRenewalPolicy, statusUpdateOk",
        "fsip2: enabled messages", "invenio: SIP2_SUPPORT_CHECKIN, _CHECKOUT, _RENEWAL_POLICY, _STATUS_UPDATE",
    )  # fmt: skip
    offline: bool = _option(
        _RIGHTS, read.flag, "yes", "Whether it may store acts while it is off line (98), and tell of them later with `no block`.",
        "Koha: policy offline", "Evergreen: policy offline", "FOLIO: offlineOk", "invenio: SIP2_OFFLINE_STATUS",
        "pysip2: offline_ok",
    )  # fmt: skip

    language: str = _option(
        _TEXTS, read.language, "fr", "The language of the screen when the reader has chosen none.",
        "pysip2: default_language", "invenio: SIP2_DEFAULT_LANGUAGE", "FOLIO: template locale",
    )  # fmt: skip
    languages: tuple[str, ...] = _option(
        _TEXTS,
        read.languages,
        "fr en",
        "The languages that a reader may choose, by ISO 639-1: `fr`, `en`, and those of a catalogue; for another one the first counts.",
    )
    screen: str = _option(
        _TEXTS, read.one_of("needed", "never", "always"), "needed",
        "Screen messages (AF): when there is something to say, `never`, or `always` (`OK` then).",
        "Koha: show_checkin_message", "Evergreen: want_patron_ok",
    )  # fmt: skip
    screen_rules: tuple[read.Replacement, ...] = _option(
        _TEXTS, read.replacements, "", "What to replace in screen messages, as `Carte => Votre carte`, with `;` between rules.",
        "Koha: screen_msg_regexs", "Evergreen gateway: sip.screen_message",
    )  # fmt: skip
    receipt: frozenset[str] = _option(
        _TEXTS, read.printed, "", "The responses that bring lines to print (AG): of 10 12 30 36."
    )
    receipt_lines: tuple[tuple[str, str], ...] = _option(
        _TEXTS, read.receipt_lines, "",
        "What they print, as `12 {title}; 12 Retour le {due}; 36 Merci !`, of `{title}` `{item}` `{due}` `{library}` and, of what "
        "travels, `{place}` `{route}` `{day}`; a line that says nothing of it is left out. Empty: what is printed by default.",
    )  # fmt: skip
    print_width: int = _option(
        _TEXTS, read.between(0, 255), "40", "Characters on a line to print, where 99 does not tell (0: do not wrap)."
    )
    institution: str = _option(
        _TEXTS, read.one_of("echo", "library"), "echo", "AO of a response: what the request said, or always the library's code.",
        "Koha: institution id", "Evergreen: institution", "FOLIO: institution", "fsip2: institutionID", "pysip2: institution_id",
    )  # fmt: skip
    library_name: str = _option(
        _TEXTS, read.anything, "", "AM of 98; empty: the library's name.",
        "FOLIO: libraryName", "fsip2: libraryName", "pysip2: library_name",
    )  # fmt: skip
    terminal_location: str = _option(
        _TEXTS, read.anything, "", "AN of 98.",
        "FOLIO: terminalLocation", "pysip2: terminal_location", "Evergreen: location_code",
    )  # fmt: skip
    personal_name: str = _option(
        _TEXTS, read.template(read.PATRON_NAMES), "{forename} {surname}", "How a reader is called (AE).",
        "Koha: ae_field_template", "fsip2: preferredFirstName",
    )  # fmt: skip
    due_date: str = _option(
        _TEXTS, read.day_format, "sip",
        "AH of 12 and 30: `sip` (`YYYYMMDD    HHMMSS`), or a format as `%d/%m/%Y`.",
        "Koha: format_due_date", "Evergreen: use_sip_date_format", "Evergreen gateway: due_date_use_sip_date_format",
        "invenio: SIP2_DATE_FORMAT, SIP2_CIRCULATION_DATE_FORMAT",
    )  # fmt: skip
    item_due_date: str = _option(_TEXTS, read.day_format, "sip", "AH of 18, in the same way.")
    entries: str = _option(
        _TEXTS, read.one_of("barcode", "title"), "barcode", "What stands in the lists of loans of 64.",
        "Evergreen: msg64_summary_datatype",
    )  # fmt: skip
    hold_entries: str = _option(
        _TEXTS, read.one_of("barcode", "title"), "barcode",
        "What stands in the lists of holds of 64; a hold on a title that no item serves yet is called by it in any case.",
        "Evergreen: msg64_hold_datatype",
    )  # fmt: skip
    ready_holds: str = _option(
        _TEXTS, read.one_of("ready", "all"), "ready", "Which holds AS lists: those that are ready, or all.",
        "Evergreen: msg64_hold_items_available",
    )  # fmt: skip
    most_entries: int = _option(
        _TEXTS, read.between(0, 9999), "0",
        "The most entries of a list in 64, from the one that BP asks for on; 0: any number.", "fsip2: patronItemsLimit",
    )  # fmt: skip

    empty_pin: str = _option(
        _RULES, read.one_of("wrong", "trust"), "wrong",
        "What an empty AD means: CQ is N, or the card alone is trusted and CQ is Y. It is never a try.",
        "Koha: allow_empty_passwords",
    )  # fmt: skip
    pin_required: bool = _option(
        _RULES, read.flag, "no", "Whether nothing of a reader is said or done without the right PIN.",
        "FOLIO: patronPasswordVerificationRequired, usePinForPatronVerification, alwaysCheckPatronPassword",
    )  # fmt: skip
    hidden_flags: frozenset[PatronStatus] = _option(
        _RULES, read.positions, "", "Positions (0 to 13) of the patron status that are left blank: what this device must not heed.",
        "Evergreen: patron_status_always_permit_loans", "Evergreen gateway: patron_status_permit_loans, patron_status_permit_all",
        "Koha: overdues_block_checkout, prevcheckout_block_checkout, lost_block_checkout",
        "Evergreen: patron_calculate_recal_ok",
    )  # fmt: skip
    not_on_loan_ok: bool = _option(
        _RULES, read.flag, "yes", "Whether ok is 1 in 10 for an item that was not on loan.", "Koha: checked_in_ok"
    )
    alert_when_refused: bool = _option(
        _RULES, read.flag, "yes", "Whether alert is Y in 10 whenever ok is 0, without an alert type too.",
        "Koha: cv_triggers_alert",
    )  # fmt: skip
    alert_type_always: bool = _option(
        _RULES,
        read.flag,
        "no",
        "Whether 10 has the alert type (CV) 00 when there is no alert.",
        "Koha: cv_send_00_on_success",
    )
    destination_always: bool = _option(
        _RULES,
        read.flag,
        "no",
        "Whether 10 has the destination (CT) when there is none, empty.",
        "Koha: ct_always_send",
    )
    bins: tuple[read.Bin, ...] = _option(
        _RULES, read.bins, "",
        "Sort bins (CL of 10), as `alert = 01: 2; type = DVD: 3; home != LENS: 4; route = R1: 5; *: 1`; the first rule that fits "
        "counts. `route` is that of the next run of the shuttle to where the item goes.",
        "Koha: sort_bin_mappings",
    )  # fmt: skip
    checkin_place: str = _option(
        _RULES, read.one_of("terminal", "device"), "terminal",
        "Where a check-in happens: at the library that the terminal names (AP), or always at the device's.",
        "Evergreen: client_location_code",
    )  # fmt: skip
    checkin_mode: str = _option(
        _RULES, read.one_of("return", "inventory", "in-house", "local", "private"), "return",
        "What a check-in is: see the modes of [items](commands.md).",
        "Koha: holds_get_captured, holds_block_checkin", "Evergreen: checkin_hold_as_transit",
        "Koha: inhouse_item_types, inhouse_patron_categories",
    )  # fmt: skip
    security_marker: SecurityMarker = _option(
        _RULES, read.marker, "00", "Security marker of 18.", "invenio: SIP2_DEFAULT_SECURITY_MARKER"
    )
    magnetic_media: str = _option(
        _RULES, read.one_of("type", "no", "unknown"), "type",
        "Magnetic media of 10, 12 and 30: as the item's type says, or always `no` or `unknown`, where nothing is magnetic.",
    )  # fmt: skip
    asked_is_seen: bool = _option(
        _RULES, read.flag, "no", "Whether an item that it asks for (17) is in its hands: one that was missing is found then.",
        "Koha: seen_on_item_information",
    )  # fmt: skip
    loan_number: bool = _option(
        _FIELDS, read.flag, "no", "Whether 12 and 30 name the loan (BK), for a receipt that staff can find it by."
    )
    card_validity: bool = _option(
        _FIELDS,
        read.flag,
        "no",
        "Whether a 12 that refuses says whether the card is known (BL), as Koha and Evergreen do.",
    )
    queue_digits: int = _option(_RULES, read.between(0, 5), "0", "Least digits of the hold queue length (CF).")

    personal: frozenset[bytes] = _option(
        _FIELDS, read.identifiers, "AE",
        "Which personal fields it gets: of AE BD BE BF in 64 (AE also in 24 and 26); in 10, AA (who had the item), and CY, DA and "
        "BF (card, name and telephone of who gets it), of which 18 has CY and DA. One that it does not need it should not get.",
        "Koha: da_field_template", "Evergreen: phone_ext_to_msg10",
    )  # fmt: skip
    hidden_fields: frozenset[bytes] = _option(
        _FIELDS, read.identifiers, "", "Fields that no response has.",
        "Koha: hide_fields", "Evergreen: filters", "Evergreen gateway: sip.filter", "fsip2: enabled fields",
    )  # fmt: skip
    shown_fields: frozenset[bytes] = _option(
        _FIELDS, read.identifiers, "", "The only fields that responses have; empty: all.", "Koha: allow_fields"
    )
    extensions: tuple[read.Extension, ...] = _option(
        _FIELDS, read.extensions, "",
        "Fields that responses have besides, as `64 PA {expires:%Y%m%d}; 64 PC {category}; 18 IT {type}`.",
        "Koha: custom_patron_fields, patron_attributes, custom_item_fields, item_fields", "Koha: cr_item_field",
        "Evergreen: statistical categories", "fsip2: patronCustomFields", "Koha: send_patron_home_library_in_af",
        "Evergreen: relais_extensions_to_msg24",
    )  # fmt: skip

    addresses: tuple[read.Address, ...] = _option(
        _SAFETY, read.addresses, "", "Addresses and networks from which it may log in, as `10.1.2.0/24 fd00::7`; empty: any.",
        "FOLIO: scSubnet",
    )  # fmt: skip
    certificate: str = _option(
        _SAFETY, read.fingerprint, "", "SHA-256 fingerprint of the client certificate that it must show; empty: none."
    )
    connections: int = _option(
        _SAFETY, read.between(0, 4096), "0", "How many connections it may have at once; 0: any number.",
        "Koha: max_servers", "Evergreen: max-concurrent", "SIP2Mediator: max-clients",
    )  # fmt: skip
    rate: int = _option(
        _SAFETY, read.between(0, 10000), "0",
        "Messages a second over a while, of which it may be ten seconds ahead; more wait. 0: any number.",
    )  # fmt: skip
    pin_tries: int = _option(
        _SAFETY, read.between(0, 10000), "60", "Wrong PINs that may come from it in ten minutes; 0: any number."
    )

    @property
    def details(self) -> bool:
        """Whether it is told of a reader what is not read for every message."""
        said = [rule.template for rule in self.extensions] + [self.personal_name]
        return any(read.names_in(text) & read.DETAILS for text in said)

    @property
    def wire(self) -> Profile:
        """How the session speaks."""
        return Profile(
            charset=self.charset, terminator=self.terminator, delimiter=self.delimiter, error_detection=self.error_detection,
            longest_frame=self.longest_message, duplicate_window=self.repeat_window, hidden=self.hidden_fields,
            shown=self.shown_fields,
        )  # fmt: skip

    def lets_in(self, address: str) -> bool:
        """Tell whether the device may log in from *address*; one that is no address of IP is let in when none is asked for."""
        if not self.addresses:
            return True
        try:
            parsed = ip_address(address)
        except ValueError:
            return False
        return any(parsed in network for network in self.addresses)


OPTIONS: Final[Mapping[str, Option]] = MappingProxyType(
    {each.name: each.metadata["option"] for each in fields(DeviceProfile)}
)


def check_profile(profile: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with a profile: option and fault."""
    for name, value in profile.items():
        option = OPTIONS.get(name)
        if option is None:
            yield name, f"unknown option: there are {', '.join(OPTIONS)}"
            continue
        try:
            option.read(str(value))
        except ValueError as error:
            yield name, str(error)


def resolve(*declared: Mapping[str, Any]) -> DeviceProfile:
    """Return the profile that *declared* make, from the network's to the device's own: the later counts for more.

    The last `model` that is named stands between the last of them and those before it. What is wrong in one counts as not
    given: see `check_profile`.
    """
    *shared, own = [_sound(each) for each in declared] or [{}]
    model = next((each["model"] for each in (own, *reversed(shared)) if "model" in each), "")
    given: dict[str, Any] = {}
    for each in (*shared, MODELS[model].options if model else {}, own):
        given |= each
    return DeviceProfile(**{name: OPTIONS[name].read(str(value)) for name, value in given.items()})


def _sound(profile: Mapping[str, Any]) -> dict[str, Any]:
    faulty = {name for name, _ in check_profile(profile)}
    return {name: value for name, value in profile.items() if name not in faulty}


def reference() -> str:
    """Return the Markdown sections on device profiles and models."""
    lines = ["## Device profiles", ""]
    for group in dict.fromkeys(option.group for option in OPTIONS.values()):
        lines += [f"### {group}", "", "| option | default | what it is |", "|---|---|---|"]
        lines += [
            f"| `{name}` | {_code(option.default)} | {_cell(option.doc)} |"
            for name, option in OPTIONS.items()
            if option.group == group
        ]
        lines.append("")
    lines += ["## Models", "", "| model | what it is | options |", "|---|---|---|"]
    for name, model in MODELS.items():
        given = " ".join(f"`{option}` {_code(value)}" for option, value in model.options.items())
        lines.append(f"| `{name}` | {model.title} | {given} |")
    return "\n".join([*lines, ""])


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _code(value: str) -> str:
    return f"`{_cell(value)}`" if value else ""
