"""A Square that hangs, trickles or talks without end is hung up on, within its time and in words."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable

import pytest

from bp_assets.config import SquareFeed
from bp_assets.tills import square_client
from bp_assets.tills.protocol import TillError
from bp_assets.tills.square_client import SquareClient
from tests.tills.hanging import answering, flood, hang, trickle


def ask(url: str, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str, float]:
    """Kind and words of the error, and the seconds it took."""
    monkeypatch.setenv("SQUARE_ACCESS_TOKEN", "any")
    monkeypatch.delenv("TILLBRIDGE_SQUARE_URL", raising=False)
    feed = SquareFeed(kind="square", location_id="L1", base_url=url, timeout_seconds=0.3)
    client = SquareClient(feed, wait_seconds=0.01)
    began = time.monotonic()
    with pytest.raises(TillError) as caught:
        client.get("/locations")
    client.close()
    return caught.value.kind, str(caught.value), time.monotonic() - began


@pytest.mark.parametrize("talk", [hang, trickle])
def test_a_till_that_does_not_get_to_its_end_is_hung_up_on_twice(
    talk: Callable[[socket.socket], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    with answering(talk) as url:
        kind, words, took = ask(url, monkeypatch)
    assert kind == "unreachable"
    assert "ReadTimeout" in words and "(2 attempts)" in words
    assert 0.6 <= took < 1.5


def test_an_answer_without_end_is_not_read_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(square_client, "MOST_BYTES", 100_000)
    with answering(flood) as url:
        kind, words, _ = ask(url, monkeypatch)
    assert (kind, words.endswith("an answer of more than 100000 bytes")) == ("bad_answer", True)
