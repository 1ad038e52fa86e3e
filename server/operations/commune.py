"""What commands ask about conventions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from storage.network import convention_acts
from storage.network.conventions import OBJECTIONS

if TYPE_CHECKING:
    from server.writing import Access


def _act(name: str) -> Callable[..., dict[str, Any]]:
    noted = getattr(convention_acts, name)

    def act(access: Access, *, commune: str, **given: Any) -> dict[str, Any]:
        now = access.now()
        try:
            access.write(lambda connection: noted(connection, now, commune, **given))
        except convention_acts.Objected as error:
            return {"refused": [error.objection.value], "sentences": list(OBJECTIONS[error.objection])}
        return {"refused": []}

    return act


OPERATIONS: Final[Mapping[str, Callable[..., Any]]] = {
    f"commune.{name}": _act(name) for name in ("notify", "denounce", "withdraw", "leave")
}
"""Each takes the arguments of the function of `storage.network.convention_acts` that has its name."""
