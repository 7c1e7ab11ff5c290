"""A server in place of a till that hangs, trickles or talks without end: a real socket that speaks badly."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 1000000\r\n\r\n"


@contextmanager
def answering(talk: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server that lets ``talk`` speak on every connection; its address."""

    def serve() -> None:
        while True:
            try:
                line, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=one, args=(line,), daemon=True).start()

    def one(line: socket.socket) -> None:
        with line:
            try:
                line.recv(65536)
                talk(line)
            except OSError:
                return  # the client hung up

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)


def hang(line: socket.socket) -> None:
    line.recv(1)


def trickle(line: socket.socket) -> None:
    line.sendall(HEAD)
    while True:
        line.sendall(b" ")
        time.sleep(0.02)


def flood(line: socket.socket) -> None:
    line.sendall(HEAD)
    line.sendall(b" " * 1_000_000)


def nonsense(line: socket.socket) -> None:
    line.sendall(b"what?\r\n\r\n")
