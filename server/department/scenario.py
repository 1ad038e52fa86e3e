"""Scenarios: how a department behaves, read from TOML. The tables here are what the help and the page of the documentation show."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, dataclass, field, fields
from random import Random
from typing import Any, Final

from protocols.ncip.problems import SERVICES, ProblemType

Pause = float | tuple[float, float] | None
"""Seconds: so many, some number between two, or never."""

ACTIONS: Final = {
    "delay": "waits for `seconds` first, and goes on",
    "refuse": "is refused with `problem`, and nothing is done",
    "conditions": "RequestItem alone: it demands a fee and a restriction of use, until they are acknowledged",
    "pending": "RenewItem alone: it says Pending, and its answer comes by itself (`answer_after`, `granted`)",
    "break": "the line is broken off before anything is done",
    "lose": "it is done, and the line is broken off before the answer",
    "twice": "it is done twice, one after the other",
}
"""Action of a step -> what becomes of the message."""
OUTWARD: Final = frozenset({"delay", "break", "lose", "twice"})
"""Actions that may be taken with what the department itself sends: it is late, never leaves, its answer is lost, it is sent twice."""
STEP: Final = {
    "service": "name of the service, or `*`",
    "action": f"one of {', '.join(f'`{name}`' for name in ACTIONS)}",
    "nth": "which of the service's messages since the start; 0 is each",
    "chance": "how likely it is, from 0 to 1",
    "out": "`true`: of what the department sends, not of what it is sent",
    "seconds": "how long a delay is",
    "problem": "type of problem of a refusal",
}
KEYS: Final = {
    "ship_after": "from a request to its shipping",
    "home_after": "from what is sent back to its arrival",
    "recall_after": "from an arrival at the borrower's to the recall",
    "answer_after": "from a renewal left pending to its answer: ItemRenewed, or Item Not Renewed",
    "receive_after": "from what is shipped to it to its arrival",
    "lend_after": "from that arrival to the loan to its reader",
    "renew_after": "from that arrival to the asking for more time",
    "return_after": "from that arrival, or the loan, to the sending back",
    "cancel_after": "from its own request to its giving up",
    "unfilled": "how likely it is that it cannot fill a request, from 0 to 1",
    "recalls": "how likely a recall is",
    "granted": "how likely it is that a renewal left pending is granted",
    "renews": "how likely it is that it asks for more time",
    "cancels": "how likely it is that it gives a request up",
    "asks": "what it asks its partner for, one after the other: records, or `isbn:...`",
    "ask_every": "seconds between two of these",
    "outages": "pairs: seconds since the start, from and to, when nothing is answered nor sent",
    "retry": "seconds until it brings again what was not taken: the first pause and the longest",
    "seed": "what chance begins with",
    "steps": "what goes wrong with single messages: a table each",
}
"""Key of a scenario -> meaning."""


@dataclass(frozen=True, slots=True)
class Step:
    """What is done to some messages of a service; `STEP` tells what the fields mean."""

    service: str
    action: str
    nth: int = 0
    chance: float = 1.0
    out: bool = False
    seconds: float = 0.0
    problem: str = ProblemType.TEMPORARY_PROCESSING_FAILURE.value

    def __post_init__(self) -> None:
        if self.action not in ACTIONS or (self.service != "*" and self.service not in SERVICES):
            raise ValueError(f"no such step: {self.service} {self.action}")
        if self.out and self.action not in OUTWARD:
            raise ValueError(f"what is sent cannot be treated so: {self.action}")
        if self.problem not in set(ProblemType):
            raise ValueError(f"no such problem: {self.problem}")


@dataclass(frozen=True, slots=True)
class Scenario:
    """How the department behaves; `KEYS` tells what the fields mean."""

    ship_after: Pause = 0.5
    home_after: Pause = 0.5
    recall_after: Pause = None
    answer_after: Pause = 5.0
    receive_after: Pause = 0.5
    lend_after: Pause = None
    renew_after: Pause = None
    return_after: Pause = 0.5
    cancel_after: Pause = None
    unfilled: float = 0.0
    recalls: float = 1.0
    granted: float = 1.0
    renews: float = 1.0
    cancels: float = 1.0
    asks: tuple[str, ...] = ()
    ask_every: float = 1.0
    outages: tuple[tuple[float, float], ...] = ()
    retry: tuple[int, int] = (2, 30)
    seed: int = 1
    steps: tuple[Step, ...] = field(default=())

    def _chance(self, about: object, what: str) -> Random:
        return Random(f"{self.seed}:{what}:{about}")  # noqa: S311 (chance in a simulation)

    def due(self, name: str, about: object, waited: float) -> bool:
        """Tell whether the pause *name* is over for *about*, which has waited for so many seconds."""
        pause: Pause = getattr(self, name)
        if isinstance(pause, tuple):
            pause = self._chance(about, name).uniform(*pause)
        return pause is not None and waited >= pause

    def happens(self, name: str, about: object) -> bool:
        """Tell whether what is as likely as the key *name* says happens to *about*; always the same of the same."""
        return self._chance(about, name).random() < float(getattr(self, name))


def scenario_of(text: str) -> Scenario:
    """Read a scenario in TOML. Raises ValueError with what is wrong."""
    try:
        told = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ValueError(str(error)) from None
    return Scenario(**{name: _value(name, value) for name, value in told.items()})


def _value(name: str, value: Any) -> Any:
    match name, value:
        case "steps", list():
            return tuple(_step(each) for each in value)
        case "outages", list():
            return tuple(_pair(name, each) for each in value)
        case "asks", list():
            return tuple(map(str, value))
        case "retry", [int(first), int(longest)]:
            return first, longest
        case "seed", int():
            return value
        case _ if name.endswith("_after") and value == "never":
            return None
        case _ if name.endswith("_after") and isinstance(value, list):
            return _pair(name, value)
        case _ if name in KEYS and name not in _OTHERS and type(value) in {int, float}:
            return float(value)
    raise ValueError(f"{name} = {value!r}: there is no such key, or it cannot be that")


_OTHERS: Final = {"steps", "outages", "asks", "retry", "seed"}


def _pair(name: str, value: Any) -> tuple[float, float]:
    if isinstance(value, list) and len(value) == 2 and all(type(each) in {int, float} for each in value):
        return float(value[0]), float(value[1])
    raise ValueError(f"{name}: {value!r} is no pair of numbers")


def _step(told: Any) -> Step:
    if not isinstance(told, Mapping) or not set(told) <= set(STEP) or not {"service", "action"} <= set(told):
        raise ValueError(f"steps: {told!r}: a step has service and action, and may have {', '.join(STEP)}")
    return Step(**told)


# --- documentation ---------------------------------------------------------------------------------------------------------


def _default(cls: type, name: str) -> str:
    found = next(each for each in fields(cls) if each.name == name)
    value = found.default
    if value is MISSING or value == ():
        return ""
    if isinstance(value, tuple):
        return f"`{list(value)}`"
    return '`"never"`' if value is None else f"`{str(value).lower() if isinstance(value, bool) else value}`"


def page() -> str:
    """Return the reference page of scenarios."""
    return "\n".join(_lines())


def _lines() -> Iterator[str]:
    yield "# Scenarios of a department\n"
    yield "What [`bibliobus-department --scenario`](../how-to/lend-between-libraries.md#4-try-it-without-a-partner) reads: TOML, every key of which"
    yield 'may be left out. A pause (`..._after`) is a number of seconds, a pair between which chance chooses, or `"never"`. Generated from the tables.\n'
    yield "| key | meaning | unless said |\n|---|---|---|"
    for name, meaning in KEYS.items():
        yield f"| `{name}` | {meaning} | {_default(Scenario, name)} |"
    yield "\n## Steps\n"
    yield "| key | meaning | unless said |\n|---|---|---|"
    for name, meaning in STEP.items():
        yield f"| `{name}` | {meaning} | {_default(Step, name)} |"
    yield "\n| action | what becomes of the message | of what it sends, too |\n|---|---|---|"
    for name, meaning in ACTIONS.items():
        yield f"| `{name}` | {meaning} | {'yes' if name in OUTWARD else ''} |"
    yield ""
