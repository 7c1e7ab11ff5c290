"""Told to stop, a run finishes what it has in hand: a signal becomes an event, and is passed on once the work is over.

Dagster cancels a run by SIGINT, a service manager ends one by SIGTERM; both would raise in the middle of a wave and
leave outcomes unknown that are about to be known. Passed on is what is to be seen as cancelled; a run that was merely
ended early has done its work like any other. Read: signals. Written: nothing.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def signals_as_event(pass_on: Callable[[], bool] = lambda: True) -> Iterator[threading.Event]:
    """An event that is set by SIGINT and SIGTERM within the block; at its end the signal is raised again, if at all.

    Outside the main thread signals can't be taken over: the event is then never set.
    """
    stop = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    came: list[int] = []

    def take(number: int, _: object) -> None:
        came.append(number)
        stop.set()

    before = {number: signal.signal(number, take) for number in _SIGNALS}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if came and pass_on():
        signal.raise_signal(came[0])
