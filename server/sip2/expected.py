"""Which device a peer is expected to be before it has logged in: the one that alone may log in from its address."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any

from devices.options import Address, addresses
from devices.profiles import DeviceProfile, resolve
from protocols.sip2.session import Profile
from storage.network.network import Device, Network


class Expected:
    """The devices with `addresses` of their own, by address. They are read once for each network."""

    def __init__(self) -> None:
        self._network: Network | None = None
        self._anyone = DeviceProfile()
        self._spoken = self._anyone.wire  # all who are not expected share it
        self._hosts: dict[Any, set[str]] = {}
        self._others: list[tuple[Address, str]] = []

    def profile(self, network: Network, host: str) -> DeviceProfile:
        """Return how a peer at *host* is answered before it logs in: as the device that it must be, or as the network says."""
        device = self._device(network, host)
        if device is None:
            return self._anyone
        library = network.libraries[device.library_id]
        return resolve(network.profiles.get("", {}), network.profiles.get(library.code, {}), device.profile)

    def wire(self, network: Network, host: str) -> Profile:
        """Return how a peer at *host* is taken to speak before it logs in."""
        found = self.profile(network, host)
        return self._spoken if found is self._anyone else found.wire

    def _device(self, network: Network, host: str) -> Device | None:
        if network is not self._network:
            self._read(network)
        try:
            address = ip_address(host)
        except ValueError:
            return None
        found = self._hosts.get(address, set()) | {code for block, code in self._others if address in block}
        return network.devices[found.pop()] if len(found) == 1 else None

    def _read(self, network: Network) -> None:
        self._network, self._hosts, self._others = network, {}, []
        self._anyone = resolve(network.profiles.get("", {}))
        self._spoken = self._anyone.wire
        for code, device in network.devices.items():
            for block in _blocks(device) if device.enabled else ():
                if block.num_addresses == 1:
                    self._hosts.setdefault(block.network_address, set()).add(code)
                else:
                    self._others.append((block, code))


def _blocks(device: Device) -> tuple[Address, ...]:
    try:
        return addresses(str(device.profile.get("addresses", "")))
    except ValueError:  # it is told when the device logs in
        return ()
