"""What a record is called for ever, wherever it is sent: its number in the store, which no other record ever has."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final

from storage.network.network import Network

_MAX_NUMBER: Final = 1 << 31


def domain(network: Network) -> str:
    """Return what stands in identifiers for the repository: it stays as long as the network has its name."""
    return _domain(network.name)


@lru_cache(maxsize=8)
def _domain(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return f"{'-'.join(re.findall(r'[a-z0-9]+', plain)) or 'catalogue'}.bibliobus"


def identifier(network: Network, number: int) -> str:
    """Return the identifier of a record, of the form that OAI-PMH knows."""
    return f"oai:{domain(network)}:{number}"


def number_of(network: Network, identified: str) -> int | None:
    """Return the number of the record that an identifier is of, None where it is none of ours."""
    number = identified.removeprefix(f"oai:{domain(network)}:")
    if number == identified or not re.fullmatch(r"[1-9][0-9]{0,9}", number, re.ASCII):
        return None
    return int(number) if int(number) < _MAX_NUMBER else None
