"""Use cases that were not made to be repeated, made so: the same request, again, gets the answer of the first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, TypeVar

from storage.usecase import Decision, Request, UseCase

if TYPE_CHECKING:
    from storage.network.network import Network

Q = TypeVar("Q", bound=Request)
F = TypeVar("F")
A = TypeVar("A")


def once(usecase: UseCase[Q, F, A], about: Callable[[Q], tuple[Any, ...]], *, always: bool = False) -> UseCase[Q, F, A]:
    """Return *usecase* with an effect named after what it is *about*.

    A repeat gets the first answer when there is nothing left to do; with *always*, even where it could be done twice.
    """

    def decide(request: Q, found: F, network: Network, now: int) -> Decision[A]:
        decision = usecase.decide(request, found, network, now)
        digest = blake2b(repr(about(request)).encode(), digest_size=12, key=network.pins.pepper).hexdigest()
        effect = f"{usecase.name}:{digest}"
        made = bool(decision.writes or decision.entries)
        return decision._replace(effect=effect if made else "", repeats=effect if always or not made else "")

    return replace(usecase, decide=decide)
