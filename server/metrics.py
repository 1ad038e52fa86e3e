"""What the daemon counts: messages and how long they took, refusals, unreadable input, per protocol.

Counting is on the way of every message, so it is a dictionary and a list (0.5 microseconds a call); the Prometheus text is made
from them when someone asks. Labels are names out of tables: never what came over a wire.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from itertools import accumulate
from typing import Final

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.registry import Collector

MEDIA_TYPE: Final = CONTENT_TYPE_PLAIN_0_0_4
"""Content type of `Metrics.text`."""

BUCKETS: Final = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 3.0)
"""Upper bounds of the latency histogram, in seconds: a kiosk waits no longer than the last."""

COUNTERS: Final[dict[str, tuple[str, tuple[str, ...]]]] = {
    "connections": ("Connections accepted", ("protocol",)),
    "disconnections": ("Connections ended", ("protocol",)),
    "faults": ("Input that is no message of the protocol, by kind", ("protocol", "kind")),
    "refusals": ("Requests refused, by reason", ("protocol", "reason")),
    "repeats": ("Requests answered with the stored reply of an earlier one", ("protocol", "message")),
    "letters": ("Messages of ours that a partner was to take, by what became of them", ("message", "fate")),
    "defects": ("Departures from the standard that were tolerated, by kind", ("protocol", "kind")),
}
"""Counter -> (help, labels). `count` takes a value for each label, in this order."""


class Metrics(Collector):
    """Counters and histograms of one process."""

    def __init__(self) -> None:
        self._counts: dict[tuple[str, ...], int] = {}
        self._latencies: dict[tuple[str, str], list[float]] = {}
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(self)
        ProcessCollector(registry=self._registry)

    def count(self, counter: str, *labels: str) -> None:
        """Count one more of *counter*, a key of `COUNTERS`."""
        key = (counter, *labels)
        self._counts[key] = self._counts.get(key, 0) + 1

    def observe(self, protocol: str, message: str, seconds: float) -> None:
        """Note that a *message* of *protocol* was answered in *seconds*."""
        row = self._latencies.get((protocol, message))
        if row is None:
            row = self._latencies[protocol, message] = [0] * (len(BUCKETS) + 1) + [0.0]
        row[bisect_left(BUCKETS, seconds)] += 1
        row[-1] += seconds

    def value(self, counter: str, *labels: str) -> int:
        """Return what was counted so far."""
        return self._counts.get((counter, *labels), 0)

    def answered(self, protocol: str, message: str) -> int:
        """Return how many messages were answered so far."""
        return int(sum(self._latencies.get((protocol, message), [0.0])[:-1]))

    def text(self) -> bytes:
        """Write everything in Prometheus' text format."""
        return generate_latest(self._registry)

    def collect(self) -> Iterator[Metric]:
        """Yield the families, as Prometheus' client asks for them."""
        for name, (documentation, labels) in COUNTERS.items():
            family = CounterMetricFamily(f"bibliobus_{name}", documentation, labels=labels)
            for key, number in list(self._counts.items()):
                if key[0] == name:
                    family.add_metric(key[1:], number)
            yield family
        latency = HistogramMetricFamily(
            "bibliobus_message_seconds", "Time to answer a message", labels=("protocol", "message")
        )
        for latency_labels, row in list(self._latencies.items()):
            bounds = (*map(str, BUCKETS), "+Inf")
            latency.add_metric(latency_labels, list(zip(bounds, accumulate(row[:-1]), strict=True)), row[-1])
        yield latency


METRICS: Final = Metrics()
"""The process's own."""
