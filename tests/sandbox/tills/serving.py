"""The simulated tills on a real port of the loopback, in a thread of this process."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from starlette.applications import Starlette

from sandbox import catalogue
from sandbox.tills.routes import till_routes

TOKEN = "square-sandbox-token"


@dataclass
class World:
    items: list[catalogue.Item] = field(default_factory=lambda: catalogue.seeded(7, 60))
    seed: int = 7
    drop_dir: Path | None = None


@dataclass
class Tills:
    """Where the tills listen, and one client for their switches and one for Square."""

    url: str
    world: World
    http: httpx.Client

    def switch(self, name: str, **body: Any) -> dict[str, Any]:
        answer = self.http.post(f"/sandbox/tills/{name}", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def books(self, **narrow: str) -> dict[str, Any]:
        return self.http.get("/sandbox/tills/books", params=narrow).json()

    def square(self, verb: str, path: str, token: str | None = TOKEN, **kw: Any) -> httpx.Response:
        headers = {"authorization": f"Bearer {token}"} if token else {}
        return self.http.request(verb, f"/square/v2{path}", headers=headers, **kw)

    def search(self, **body: Any) -> dict[str, Any]:
        answer = self.square("POST", "/orders/search", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def all_orders(self, places: tuple[str, ...] = ("LLEEDS", "LLONDON"), limit: int = 500) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        cursor: dict[str, str] = {}
        for _ in range(1000):
            page = self.search(location_ids=list(places), limit=limit, **cursor)
            found += page.get("orders", [])
            if "cursor" not in page:
                return found
            cursor = {"cursor": page["cursor"]}
        raise AssertionError("paging does not end")


@contextmanager
def served(world: World) -> Iterator[Tills]:
    """Serve the tills of ``world`` until the block ends."""
    started = threading.Event()

    class Server(uvicorn.Server):
        async def startup(self, sockets: Any = None) -> None:
            await super().startup(sockets)
            started.set()

    app = Starlette(routes=till_routes(world))
    server = Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning", lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    assert started.wait(10), "the tills did not start"
    port = server.servers[0].sockets[0].getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    try:
        with httpx.Client(base_url=url, timeout=20) as client:
            yield Tills(url, world, client)
    finally:
        server.should_exit = True
        thread.join(10)
