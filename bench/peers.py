"""SIP2 servers of others, to be measured beside ours with the same load: `python -m bench.peers asyncio` (or `uvloop`).

Of the servers on PyPI, pysip2 is the one that runs by itself (invenio-sip2 needs a Redis server, Sip2 is a client alone). What it
answers comes from memory, for it has no storage; nothing of what is lent is kept.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any, Final

import anyio
from anyio.abc import SocketAttribute
from pysip2 import CHECKIN, CHECKOUT, ITEM_INFORMATION, LOGIN, PATRON_INFORMATION, PATRON_STATUS, SIP2Server, models

from bench.daemon import Daemon
from bench.machine import SERVER_CORE, pinned

LOOPS: Final = tuple(loop for loop in ("asyncio", "uvloop") if find_spec(loop))
"""The event loops that are here; uvloop is no dependency of ours: `pip install uvloop` has it measured too."""
_NAME: Final = "Camille Durand"
_TITLE: Final = "La mine et les mineurs"


def _reader(request: Any, context: Any) -> dict[str, Any]:
    return {
        "patron_status": " " * 14,
        "language": request.language,
        "transaction_date": context.now_18(),
        "institution_id": request.institution_id,
        "patron_identifier": request.patron_identifier,
        "personal_name": _NAME,
        "valid_patron": "Y",
        "valid_patron_password": "Y",
    }


def _done(request: Any, context: Any) -> dict[str, Any]:
    return {
        "ok": "1",
        "magnetic_media": "N",
        "transaction_date": context.now_18(),
        "institution_id": request.institution_id,
        "item_identifier": request.item_identifier,
        "title_identifier": _TITLE,
        "media_type": "001",
    }


def _server() -> SIP2Server:
    app = SIP2Server(institution_id="LENS")
    loans: dict[str, dict[str, None]] = {}
    borrowers: dict[str, str] = {}

    @app.route(LOGIN)
    async def login(request: Any, _context: Any) -> Any:
        return models.LoginResponse(ok="1" if request.login_password == "demo" else "0")

    @app.route(PATRON_STATUS)
    async def patron_status(request: Any, context: Any) -> Any:
        return models.PatronStatusResponse(**_reader(request, context))

    @app.route(PATRON_INFORMATION)
    async def patron_information(request: Any, context: Any) -> Any:
        had = tuple(loans.get(request.patron_identifier, ()))
        counts: dict[str, Any] = {
            f"{name}_count": "0000" for name in ("hold_items", "overdue_items", "fine_items", "recall_items")
        }
        return models.PatronInformationResponse(
            **_reader(request, context),
            **counts,
            unavailable_holds_count="0000",
            charged_items_count=f"{len(had):04}",
            charged_items=had,
        )

    @app.route(ITEM_INFORMATION)
    async def item_information(request: Any, context: Any) -> Any:
        return models.ItemInformationResponse(
            circulation_status="04" if request.item_identifier in borrowers else "03",
            security_marker="00",
            fee_type="01",
            transaction_date=context.now_18(),
            item_identifier=request.item_identifier,
            title_identifier=_TITLE,
            owner="LENS",
            permanent_location="LENS",
        )

    @app.route(CHECKOUT)
    async def checkout(request: Any, context: Any) -> Any:
        loans.setdefault(request.patron_identifier, {})[request.item_identifier] = None
        borrowers[request.item_identifier] = request.patron_identifier
        return models.CheckoutResponse(
            **_done(request, context),
            renewal_ok="N",
            desensitize="Y",
            patron_identifier=request.patron_identifier,
            due_date="20261220    235900",
        )

    @app.route(CHECKIN)
    async def checkin(request: Any, context: Any) -> Any:
        loans.get(borrowers.pop(request.item_identifier, ""), {}).pop(request.item_identifier, None)
        return models.CheckinResponse(**_done(request, context), resensitize="Y", alert="N", permanent_location="LENS")

    return app


async def _serve() -> None:
    app = _server()
    listener = await app.listen("127.0.0.1", 0)
    print(listener.extra(SocketAttribute.local_port), flush=True)
    handle: Callable[..., Any] = app._handle_connection  # noqa: SLF001 (what its own serve() hands the listener)
    await listener.serve(handle)


@contextmanager
def peer(loop: str) -> Iterator[Daemon]:
    """Run the peer on *loop*, pinned to the server's core."""
    command = [*pinned(SERVER_CORE), sys.executable, "-m", "bench.peers", loop]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield Daemon(process.pid, {"sip2": int(process.stdout.readline())}, 0.0)
        finally:
            process.kill()


if __name__ == "__main__":
    anyio.run(_serve, backend_options={"use_uvloop": sys.argv[1] == "uvloop"})
