"""A simulated ERP over real HTTP for this folder, and a small server that answers whatever a test scripts."""

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

from bp_assets.brightpearl.client import ErpClient
from bp_assets.brightpearl.pacing import RequestBudget
from bp_assets.config import Erp
from sandbox.config import SandboxConfig
from sandbox.server import running

TOKEN = "sandbox-token"


def erp(url, **more):
    settings = {
        "base_url": url,
        "account": "sandbox",
        "app_ref": "tillbridge",
        "integration_instance_id": 13,
        "currency": "GBP",
        "requests_per_minute": 100_000,
        "timeout_seconds": 5,
    }
    return Erp(**{**settings, **more})


class Box:
    """A running sandbox and what tests ask of it."""

    def __init__(self, server):
        self.server, self.url, self.world = server, server.url, server.world
        self._http = httpx.Client(base_url=server.url)

    def client(self, token=TOKEN, lane="posting", **more):
        settings = erp(self.url, **more)
        return ErpClient(settings, token, lane=lane, budget=RequestBudget.of(settings))

    def faults(self, *faults):
        self._http.post("/sandbox/faults", json={"faults": list(faults)}).raise_for_status()

    def switch(self, **switches):
        self._http.post("/sandbox/switches", json=switches).raise_for_status()

    def books(self):
        return self._http.get("/sandbox/books?history=false").raise_for_status().json()

    def reset(self):
        self._http.post("/sandbox/reset").raise_for_status()

    def close(self):
        self._http.close()


@contextmanager
def a_box(**settings):
    with running(SandboxConfig(port=0, **settings)) as server:
        box = Box(server)
        try:
            yield box
        finally:
            box.close()


@pytest.fixture(scope="module")
def shared_box():
    with a_box(requests_per_minute=0, products=230) as box:
        yield box


@pytest.fixture
def box(shared_box):
    """The module's sandbox without a request cap, as new."""
    shared_box.reset()
    return shared_box


@pytest.fixture
def client(box):
    with box.client() as one:
        yield one


@pytest.fixture(autouse=True)
def _fast_backoff(monkeypatch):
    monkeypatch.setattr("bp_assets.brightpearl.patience._FIRST_PAUSE", 0.01)


@contextmanager
def scripted(*replies):
    """A server that gives ``(status, headers, body)`` in turn, the last one for ever; yields (url, requests)."""
    left, seen = list(replies), []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self):
            length = int(self.headers.get("content-length") or 0)
            seen.append((self.command, self.path, self.rfile.read(length), dict(self.headers)))
            status, headers, body = left.pop(0) if len(left) > 1 else left[0]
            raw = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            for name, value in {**headers, "content-length": str(len(raw))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(raw)

        do_GET = do_POST = do_PUT = do_DELETE = do_OPTIONS = do_PATCH = answer

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", seen
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
