"""Runs a sandbox over real HTTP: in the foreground for the command, in a thread for tests and the demo."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable, Iterator

import uvicorn
from starlette.types import ASGIApp

from sandbox.app import build_app
from sandbox.config import SandboxConfig
from sandbox.tills.floor import TradingFloor
from sandbox.world import World


class SandboxServer:
    """One uvicorn server. ``url`` is known once the socket is bound, which happens on construction.

    ``around`` puts something of the caller's between the wire and the application: a test that has to act while a
    request is under way.
    """

    def __init__(self, config: SandboxConfig, around: Callable[[ASGIApp], ASGIApp] = lambda app: app) -> None:
        self._socket = _listen(config.host, config.port)
        config.port = self._socket.getsockname()[1]
        self.url = f"http://{config.host}:{config.port}"
        app = build_app(config)
        self.world: World = app.state.world
        self.floor: TradingFloor = app.state.floor
        self._server = uvicorn.Server(
            uvicorn.Config(
                around(app), log_level="warning", access_log=False, timeout_keep_alive=120, timeout_graceful_shutdown=2
            )
        )
        self._thread: threading.Thread | None = None

    def run(self, ready: threading.Event | None = None) -> None:
        """Serve until stopped; sets ``ready`` when requests are taken."""
        with asyncio.Runner(loop_factory=self._server.config.get_loop_factory()) as runner:
            runner.run(self._serve(ready))

    async def _serve(self, ready: threading.Event | None) -> None:
        task = asyncio.create_task(self._server.serve(sockets=[self._socket]))
        while not self._server.started and not task.done():
            await asyncio.sleep(0.005)
        if ready is not None:
            ready.set()
        await task

    def stop(self) -> None:
        self._server.should_exit = True
        if self._thread is not None:
            self._thread.join(timeout=10)


def _listen(host: str, port: int) -> socket.socket:
    """A listening socket whose connections send at once: head and body are two writes, which Nagle would hold 40 ms."""
    one = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        one.bind((host, port))
        one.listen(512)
    except OSError:
        one.close()
        raise
    return one


@contextlib.contextmanager
def running(
    config: SandboxConfig | None = None, around: Callable[[ASGIApp], ASGIApp] = lambda app: app
) -> Iterator[SandboxServer]:
    """A sandbox in a thread on a free port (``port`` 0 unless given otherwise) for the length of a ``with`` block."""
    chosen = config or SandboxConfig(port=0)
    server = SandboxServer(chosen, around)
    ready = threading.Event()
    thread = threading.Thread(target=server.run, args=(ready,), name="sandbox", daemon=True)
    server._thread = thread
    thread.start()
    if not ready.wait(timeout=30):
        raise RuntimeError("the sandbox did not start within 30 seconds")
    try:
        yield server
    finally:
        server.stop()
