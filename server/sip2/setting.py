"""Where, when, in which language and for which device a request is answered, and how values are written there."""

from __future__ import annotations

from datetime import date, datetime, time
from functools import lru_cache
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from devices.profiles import DeviceProfile
from protocols.sip2.codes import TONGUES, Language
from protocols.sip2.tables import Message
from server.sip2 import languages
from storage.circulation.accounts import Item, Patron
from storage.circulation.due import Due
from storage.circulation.shuttle.eta import Leg
from storage.network.network import Library, Network
from storage.refusals import SENTENCES, Reason

VERSION: Final = "2.00"
LEGACY: Final = "1.00"
DEFAULT: Final = DeviceProfile()


@lru_cache(64)
def local_time(now: int, zone: ZoneInfo) -> datetime:
    """Return the local time of *now* (seconds since 1970 UTC) as the wire has it: without zone."""
    return datetime.fromtimestamp(now, zone).replace(tzinfo=None)


@lru_cache(1024)
def _end_of_day(day: str, form: str) -> str:
    return datetime.combine(date.fromisoformat(day), time(23, 59)).strftime(form)


def sentences(reasons: tuple[Reason, ...], language: str) -> tuple[str, ...]:
    """Return the sentences for *reasons*, each once."""
    return tuple(dict.fromkeys(languages.in_language(SENTENCES[reason], language) for reason in reasons))


def network_zone(network: Network) -> ZoneInfo:
    """Return the zone of the network's clocks: that of its libraries."""
    return next((library.zone for library in network.libraries.values() if library.kind != "external"), ZoneInfo("UTC"))


class Setting(NamedTuple):
    """Where, when and in which language a request is answered; no library and no network before a login."""

    library: Library | None
    now: int
    language: str
    zone: ZoneInfo
    profile: DeviceProfile = DEFAULT
    network: Network | None = None

    @property
    def date(self) -> datetime:
        """The transaction date of the response."""
        return local_time(self.now, self.zone)

    def institution(self, given: str) -> str:
        """Return AO: what the terminal calls it, for some compare, else the library's code."""
        own = self.library.code if self.library is not None else ""
        return own or given if self.profile.institution == "library" else given or own

    def due(self, due: Due | None, form: str) -> str:
        """Return AH in *form* (`sip`, or as strftime has it); a loan for days ends with its last day."""
        if due is None:
            return ""
        if due.on is not None:
            return _end_of_day(due.on, "%Y%m%d    %H%M%S" if form == "sip" else form)
        return local_time(due.at or 0, self.zone).strftime("%Y%m%d    %H%M%S" if form == "sip" else form)

    def next_run(self, code: str) -> Leg | None:
        """Return the run of the shuttle that takes along what is to go to the library with this *code*, if there is one."""
        if self.network is None or self.library is None or code.upper() not in self.network.by_code:
            return None
        to = self.network.by_code[code.upper()]
        arrival = self.network.timetable.arrival(self.library.id, to.id, self.now)
        return arrival.runs[0] if arrival is not None and arrival.runs else None

    def word(self, pair: tuple[str, str]) -> str:
        """Return the text that *pair* has in French and in English."""
        return languages.in_language(pair, self.language)

    def spoken(self, asked: Language) -> Language:
        """Return the code of the language that is answered in to who *asked* for one."""
        return languages.code_of(self.language, asked)

    def say(self, *reasons: Reason) -> tuple[str, ...]:
        """Return the screen messages for *reasons*, each once."""
        return sentences(reasons, self.language) if reasons else ()


def language_of(message: Message, otherwise: str, profile: DeviceProfile = DEFAULT) -> str:
    """Return the language that *message* asks for, or *otherwise*: 23 and 63 alone name one."""
    code = getattr(message, "language", Language.UNKNOWN)
    if code is Language.UNKNOWN:
        return otherwise
    wanted = TONGUES[code]
    return wanted if wanted in profile.languages and languages.has(wanted) else profile.languages[0]


def called(patron: Patron, profile: DeviceProfile) -> str:
    """Return how a reader is called on this device (AE, DA)."""
    form = profile.personal_name
    return patron.name if form == DEFAULT.personal_name else form.format_map(about_reader(patron))


def about_reader(patron: Patron) -> dict[str, Any]:
    """Return what a template may say of a reader: `devices.options.PATRON_NAMES`."""
    row = patron.row
    return {
        "card": row.card,
        "number": row.code,
        "forename": row.forename,
        "surname": row.surname,
        "expires": _day(row.valid_until),
        "category": patron.category.code,
        "category_name": patron.category.name,
        "home": patron.home.code,
        "home_name": patron.home.name,
        "language": row.language,
        "born": _day(row.born_on),
        "address": row.address or "",
        "email": row.email or "",
        "phone": row.phone or "",
    }


class _Never:
    """A day that does not come: it is blank in every form."""

    def __format__(self, _form: str) -> str:
        return ""


def _day(text: str | None) -> date | _Never:
    return date.fromisoformat(text) if text else _Never()


def about_item(item: Item) -> dict[str, str]:
    """Return what a template or a rule may say of an item: `devices.options.ITEM_NAMES`."""
    row = item.row
    return {
        "barcode": row.barcode,
        "title": row.title,
        "author": row.author,
        "call_number": row.call_number,
        "location": row.location,
        "type": item.type.code,
        "type_name": item.type.name,
        "owner": item.owner.code,
        "home": item.home.code,
        "current": item.current.code,
        "destination": item.destination.code if item.destination is not None else "",
        "volume": row.volume,
        "media": item.type.media_type,
        "properties": row.properties or "",
    }


def extended(setting: Setting, code: str, about: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    """Return the fields that responses with *code* get besides, for this device."""
    return tuple(
        (each.field, each.template.format_map(about)) for each in setting.profile.extensions if each.response == code
    )
