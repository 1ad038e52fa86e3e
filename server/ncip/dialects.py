"""How partners want to be spoken to: one row for each product or agreement, taken by ``dialect`` in a partner's profile.

A profile may give any field of a row in its place. What a dialect does not say is as in ours, which is the first row.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Final

from protocols.ncip.envelope import DEFAULTS, Envelope
from protocols.ncip.releases import Release

_WAYS: Final = "http://www.niso.org/ncip/v2_02/imp1/xsd/ncip_v2_02.xsd"


@dataclass(frozen=True, slots=True)
class Dialect:
    """One way to speak.

    *release* and *version* (empty: the release's own) stand at the root, *prefix* before its elements; *profile_type* is
    ApplicationProfileType. *request_type* and *scope* are the words of RequestItem, *user_type*, *item_type* and *record_code*
    those of identifiers. *notifications*: beyond what a loan needs. *quiet*: who matches texts is told identifiers alone, for a title
    may hold the word that it takes for a failure. *chooses*: who asks for a title is told the item that it will be. *timeout* is how many seconds an answer may take.
    """

    title: str
    release: Release = Release.V2_02
    version: str = ""
    prefix: str = "ns1"
    profile_type: str = ""
    request_type: str = "Loan"
    scope: str = "Bibliographic Item"
    user_type: str = "Barcode"
    item_type: str = "Barcode"
    record_code: str = ""
    notifications: tuple[str, ...] = ()
    quiet: bool = False
    chooses: bool = False
    timeout: int = 30

    @property
    def envelope(self) -> Envelope:
        """The envelope of what is sent."""
        prefix = "" if self.release is Release.V1_0 else self.prefix
        return Envelope(version=self.version or DEFAULTS[self.release], prefix=prefix, release=self.release)


DIALECTS: Final[dict[str, Dialect]] = {
    "bibliobus": Dialect("our own profile, for departments and for daemons of ours"),
    "nncipp": Dialect("NNCIPP 1.0 (Norway): peers", request_type="Physical", scope="Title"),
    "reshare": Dialect("ReShare", prefix="", record_code="SYSNUMBER", item_type="Item Barcode", chooses=True),
    "crosslink": Dialect(
        "CrossLink", version=_WAYS, request_type="Page", scope="Item", record_code="SYSNUMBER", item_type="Item Barcode",
        chooses=True,
    ),
    "alma": Dialect("Alma", profile_type="PARTNER", request_type="Hold", chooses=True),
    "folio": Dialect("FOLIO mod-ncip", request_type="Page", scope="Item", timeout=60),
    "koha": Dialect("Koha ncip-server", prefix="", request_type="Hold", record_code="SYSNUMBER"),
    "evergreen": Dialect("Evergreen NCIPServer", release=Release.V2_0, record_code="BibID", request_type="Hold"),
    "illiad": Dialect("ILLiad add-ons", quiet=True),
    "oclc-circill": Dialect(
        "WorldShare", profile_type="2.00", user_type="OCLC Institution Symbol", notifications=("ItemCheckedOut",), timeout=30
    ),
    "innreach-v1": Dialect(
        "INN-Reach", release=Release.V1_0, notifications=("ItemCheckedOut", "ItemCheckedIn"), timeout=60
    ),
    "danzig": Dialect("danZIG (Denmark)", release=Release.V1_0, request_type="Hold"),
}  # fmt: skip
"""Name -> dialect."""

_FIELDS: Final = {field.name for field in fields(Dialect)} - {"release", "title"}


def dialect_of(profile: Mapping[str, Any]) -> Dialect:
    """Give a partner's dialect; what its profile says of a field, in the field's type, stands in its place."""
    dialect = DIALECTS.get(str(profile.get("dialect", "")), DIALECTS["bibliobus"])
    said: dict[str, Any] = {}
    for name in _FIELDS & set(profile):
        value, usual = profile[name], getattr(dialect, name)
        if isinstance(usual, tuple) and isinstance(value, list):
            said[name] = tuple(map(str, value))
        elif type(value) is type(usual):
            said[name] = value
    return replace(dialect, **said)
