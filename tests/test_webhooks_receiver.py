"""The receiver of webhooks over real HTTP: what is kept, what is refused, and that the secret shows nowhere."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from bp_assets.config import Home
from bp_assets.ledger.connection import Ledger
from bp_assets.ledger.webhooks import open_webhooks
from bp_assets.webhooks import MAX_BYTES, SECRET_ENV, app, hint

SECRET = "hush-3f9a"
ROOT = Path(__file__).parents[1]


@pytest.fixture
def receiver(home: Home) -> Iterator[str]:
    """The address of a receiver in a process of its own, as ``tillbridge dev`` starts it."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bp_assets.webhooks", "--port", "0"],
        env={**os.environ, SECRET_ENV: SECRET, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=home.root,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        yield process.stdout.readline().removeprefix("webhooks: ").strip()
    finally:
        process.terminate()
        said = process.communicate(timeout=20)[0]
    assert SECRET not in said


def test_a_hint_as_brightpearl_sends_it_is_kept(receiver: str, ledger: Ledger) -> None:
    body = {"accountCode": "sandbox", "resourceType": "product", "id": "1-5,99", "fullEvent": "product.modified"}
    assert httpx.post(f"{receiver}/{SECRET}/brightpearl", json=body, timeout=10).status_code == 200
    (kept,) = open_webhooks(ledger)
    assert (kept.source, kept.event, kept.resource_id, kept.payload) == (
        "brightpearl",
        "product.modified",
        "1-5,99",
        body,
    )


def test_what_is_no_hint_is_refused_and_not_kept(receiver: str, ledger: Ledger) -> None:
    good = {"fullEvent": "order.created", "id": "7"}
    answers = [
        httpx.post(f"{receiver}/wrong/brightpearl", json=good, timeout=10),
        httpx.post(f"{receiver}/{SECRET}/elsewhere", json=good, timeout=10),
        httpx.post(f"{receiver}/{SECRET}/brightpearl", content=b"{broken", timeout=10),
        httpx.post(f"{receiver}/{SECRET}/brightpearl", json={"id": "7"}, timeout=10),
        httpx.post(f"{receiver}/{SECRET}/brightpearl", content=b"x" * (MAX_BYTES + 1), timeout=10),
        httpx.get(f"{receiver}/{SECRET}/brightpearl", timeout=10),
        httpx.get(f"{receiver}/health", timeout=10),
    ]
    assert [answer.status_code for answer in answers] == [404, 404, 400, 400, 413, 405, 200]
    assert open_webhooks(ledger) == []


def test_query_parameters_and_other_spellings_are_understood() -> None:
    assert hint(b"", {"event": "order.created", "id": "7"}) == (
        "order.created", "7", {"event": "order.created", "id": "7"},
    )  # fmt: skip
    assert hint(b'{"full-event": "a.b", "resource-id": 9}', {}) == ("a.b", "9", {"full-event": "a.b", "resource-id": 9})
    assert hint(b"\xff\xfe", {"event": "a"}) is None


def test_a_receiver_without_a_secret_does_not_start(ledger: Ledger, home: Home) -> None:
    with pytest.raises(ValueError, match="needs a secret"):
        app(ledger, "")
    environment = {key: value for key, value in os.environ.items() if key != SECRET_ENV}
    done = subprocess.run(
        [sys.executable, "-m", "bp_assets.webhooks", "--port", "0"],
        env={**environment, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert (
        done.stderr.strip()
        == f"{SECRET_ENV} is not set: choose a long random word and put it into the webhook's address."
    )
