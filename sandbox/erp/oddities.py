"""Answers that are not as they should be, on request: items gone, mixed up or unreadable, headers gone or absurd.

The work was done as always; only what the caller hears of it is odd. Read and written: the reply.
"""

from __future__ import annotations

from typing import Any

_OF_THE_CAP = (b"brightpearl-requests-remaining", b"brightpearl-next-throttle-period")
_ABSURD = dict(zip(_OF_THE_CAP, (b"-5", b"99999999999999"), strict=True))


def bent(body: dict[str, Any], how: str) -> dict[str, Any]:
    """The body of a multi-message with its items as ``how`` says; any other body as it is."""
    response = body.get("response")
    if not isinstance(response, dict) or not response.get("processedMessages"):
        return body
    items: list[Any] = response["processedMessages"]
    match how:
        case "fewer_items":
            items = items[:-1]
        case "reordered_items":
            items = items[::-1]
        case "doubled_labels":  # the first two answers both claim to be the first message's
            items = [{**item, "label": items[0]["label"]} if place == 1 else item for place, item in enumerate(items)]
        case "invalid_content":
            items = [{**items[0], "body": {"content": '{"response": '}}, *items[1:]]
    return {**body, "response": {**response, "processedMessages": items}}


def odd_headers(headers: list[tuple[bytes, bytes]], how: str) -> list[tuple[bytes, bytes]]:
    if how == "no_headers":
        return []
    if how == "absurd_headers":
        return [(name, _ABSURD.get(name, value)) for name, value in headers]
    return headers
