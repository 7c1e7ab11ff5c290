"""Up to ten writes in one request of the cap. Building and parsing are pure; :func:`send_many` carries them out.

The ERP gives each item its own status and a body that is JSON inside a string. There is no roll-back and no
all-or-nothing: every item has an outcome of its own. Read: the reply. Written: the items.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Literal

from bp_assets.brightpearl import wire
from bp_assets.brightpearl.answer import Answer, classify
from bp_assets.brightpearl.calls import Call, Sent, send_one
from bp_assets.brightpearl.client import ErpClient
from bp_assets.brightpearl.errors import (
    ErpError,
    ErpRefused,
    ErpUnavailable,
    Outcome,
    Throttled,
    Unauthorised,
    UnknownOutcome,
)

PATH = "/multi-message"
LIMIT = 10
METHODS = frozenset(("POST", "PUT", "DELETE"))  # the vendor lists no others; PATCH goes alone
_FIRST_REST, _LONGEST_REST = 60.0, 900.0
_LOST_IN_A_ROW = 2
_GONE = (404, 405, 410)  # the address itself is not there
_WALLS = (Unauthorised, Throttled, ErpUnavailable)  # no access, no room, no connection: true of the next call too

Mode = Literal["SEQUENTIAL", "PARALLEL"]


def build(calls: Sequence[Call], mode: Mode = "SEQUENTIAL") -> dict[str, Any]:
    """The request body for 1 to 10 calls. One failing item never stops the others.

    Raises:
        ValueError: none, more than ten, or a call that can't travel in a multi-message.
    """
    if not 1 <= len(calls) <= LIMIT:
        raise ValueError(f"a multi-message carries 1 to {LIMIT} messages, not {len(calls)}")
    for call in calls:
        if not packable(call):
            raise ValueError(f"{call.method} {call.path} can't be an item of a multi-message")
    messages = []
    for place, call in enumerate(calls):
        message = {"label": _label(place, call), "uri": call.path, "httpMethod": call.method}
        messages.append(message if call.body is None else {**message, "body": call.body})
    return {"processingMode": mode, "onFail": "CONTINUE", "messages": messages}


def packable(call: Call) -> bool:
    return call.method in METHODS and not call.headers


def parse(calls: Sequence[Call], reply: Answer) -> list[Sent]:
    """One :class:`Sent` per call, in the order of ``calls``, whatever order, gaps or extras the reply has.

    An item that the reply does not mention, or mentions twice with different ends, is unknown.
    """
    response = reply.response if isinstance(reply.response, dict) else {}
    processed: dict[str, list[Any]] = {}
    for item in _list(response.get("processedMessages")):
        if isinstance(item, dict):
            processed.setdefault(str(item.get("label")), []).append(item)
    skipped = {_skipped_label(item) for item in _list(response.get("unprocessedMessages"))}
    return [_item(call, processed.get(label, []), label in skipped) for call, label in _labelled(calls)]


def _item(call: Call, items: list[Any], skipped: bool) -> Sent:
    if not items:
        if skipped:
            return Sent(call, error=ErpUnavailable(f"{call.method} {call.path}: the ERP left this message unprocessed"))
        return _unknown(call, "the multi-message reply does not mention it")
    ends = [_classified(item) for item in items]
    if any(end != ends[0] for end in ends) or skipped:
        return _unknown(call, "the multi-message reply contradicts itself about it")
    error = ends[0].error(call.method, call.path)
    return Sent(call, error=error) if error else Sent(call, answer=ends[0])


def _classified(item: dict[str, Any]) -> Answer:
    status, body = item.get("statusCode"), item.get("body")
    if isinstance(status, str) and status.isascii() and status.isdigit() and len(status) == 3:
        status = int(status)
    content = body.get("content") if isinstance(body, dict) else None
    if isinstance(content, dict):  # tolerated, though always recorded as text
        content = wire.dumps(content).decode()
    return classify(status if type(status) is int else 0, {}, content if isinstance(content, str) else "")


def _label(place: int, call: Call) -> str:
    return f"{place}-{call.label}"[:64]


def _labelled(calls: Iterable[Call]) -> Iterator[tuple[Call, str]]:
    return ((call, _label(place, call)) for place, call in enumerate(calls))


def _skipped_label(item: Any) -> str:
    return str(item.get("label")) if isinstance(item, dict) else str(item)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _unknown(call: Call, why: str) -> Sent:
    return Sent(call, error=UnknownOutcome(f"{call.method} {call.path}: {why}"))


class Rest:
    """Whether an account's multi-message is in use. After failing it rests, longer each time, then is tried again.

    One lost reply is an accident, two in a row are a failure of the feature; a refusal of the feature is one at once.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._lock = clock, threading.Lock()
        self._until, self._next, self._lost = 0.0, _FIRST_REST, 0

    @property
    def resting(self) -> bool:
        return self._clock() < self._until

    def lost(self) -> None:
        with self._lock:
            self._lost += 1
        if self._lost >= _LOST_IN_A_ROW:
            self.failed()

    def failed(self) -> None:
        with self._lock:
            self._until = self._clock() + self._next
            self._next = min(self._next * 2, _LONGEST_REST)

    def worked(self) -> None:
        with self._lock:
            self._until, self._next, self._lost = 0.0, _FIRST_REST, 0


def send_many(client: ErpClient, calls: Sequence[Call], mode: Mode = "SEQUENTIAL") -> list[Sent]:
    """Send all ``calls``, ten to a request; one :class:`Sent` per call in the same order. Never raises for the ERP.

    A lone call, and one that can't be packed, goes directly. A multi-message refused as a whole (400) did nothing: it
    is halved until the message it can't take stands alone. Where it fails after sending (5xx, no reply) every item is
    unknown. Where the feature itself is refused, or lost twice in a row, it rests for a while: later calls go one by
    one, and it comes back by itself.
    """
    rest: Rest = client.traits.setdefault("multi_message_rest", Rest())
    ends: dict[int, Sent] = {}
    packed = [place for place, call in enumerate(calls) if packable(call)]
    single = [place for place, call in enumerate(calls) if not packable(call)]
    wall: ErpError | None = None  # once nothing gets through, the rest is not even tried
    for places in (*(packed[at : at + LIMIT] for at in range(0, len(packed), LIMIT)), single):
        group = [calls[place] for place in places]
        alone = places is single or wall is not None
        sent = _one_by_one(client, group, wall) if alone else _send_group(client, group, rest, mode)
        wall = wall or _wall(sent)
        ends.update(zip(places, sent, strict=True))
    return [ends[place] for place in range(len(calls))]


def _send_group(client: ErpClient, group: list[Call], rest: Rest, mode: Mode) -> list[Sent]:
    sent = _together(client, group, rest, mode)
    if sent is None:
        sent = _apart(client, group, rest, mode)
        if not any(isinstance(one.error, ErpRefused) for one in sent):
            rest.failed()  # each message is good by itself: the multi-message is what can't be used
    return sent


def _together(client: ErpClient, group: list[Call], rest: Rest, mode: Mode) -> list[Sent] | None:
    """What became of the group, or ``None`` if it was refused as a whole and nothing was done."""
    if len(group) == 1 or rest.resting:
        return _one_by_one(client, group)
    try:
        reply = client.post(PATH, build(group, mode))
    except ErpRefused as error:
        if error.status not in _GONE:
            return None
        rest.failed()
        return _one_by_one(client, group)
    except UnknownOutcome as error:
        rest.lost()
        return [Sent(call, error=error) for call in group]
    except ErpError as error:
        return [Sent(call, error=error) for call in group]
    sent = parse(group, reply)
    if all(one.outcome is Outcome.UNKNOWN for one in sent):
        rest.lost()  # an answer, but none that speaks of our messages
    else:
        rest.worked()
    return sent


def _apart(client: ErpClient, group: list[Call], rest: Rest, mode: Mode) -> list[Sent]:
    """A group that was refused as a whole, in halves. Both refused again: one by one, whatever the cause."""
    middle = len(group) // 2
    first, second = group[:middle], group[middle:]
    ends = _together(client, first, rest, mode)
    wall = _wall(ends or [])
    others = _one_by_one(client, second, wall) if wall else _together(client, second, rest, mode)
    if ends is None and others is None:
        return _one_by_one(client, group)
    if ends is None:
        ends = _apart(client, first, rest, mode)
    if others is None:
        others = _apart(client, second, rest, mode)
    return ends + others


def _wall(sent: Sequence[Sent]) -> ErpError | None:
    return sent[-1].error if sent and _is_wall(sent[-1].error) else None


def _is_wall(error: ErpError | None) -> bool:
    return isinstance(error, _WALLS) or (isinstance(error, ErpRefused) and error.elsewhere)


def _one_by_one(client: ErpClient, calls: Sequence[Call], wall: ErpError | None = None) -> list[Sent]:
    """Each call alone, until a wall is met."""
    ends: list[Sent] = []
    for call in calls:
        one = Sent(call, error=wall) if wall else send_one(client, call)
        if _is_wall(one.error):
            wall = one.error
        ends.append(one)
    return ends
