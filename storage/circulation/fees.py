"""What a loan costs: nothing, unless the network has decided otherwise (S-13).

The reader must agree before the loan is made, and pays at the desk: no money is counted here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from storage.circulation.acts import Setting
    from storage.network.network import Network


class Fee(NamedTuple):
    """A price: *amount* as ``1.50``, *currency* in three letters (ISO 4217), and the *rule* that sets it."""

    amount: str
    currency: str
    rule: str


def fee_of(network: Network, setting: Setting) -> Fee | None:
    """Return what the loan costs; a network without any fee is not even asked for its rules."""
    if not network.charges:
        return None
    found = network.policy(setting.day).find("fee.loan", setting.context)
    if found.value == "none":
        return None
    amount, currency = found.value.split()
    return Fee(amount, currency, found.rule)
