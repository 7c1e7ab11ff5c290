"""Answers that are not as they should be, on request: items gone, mixed up or unreadable, headers gone or absurd,
members of a record gone, null or of another type, a number of results that is none.

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


def with_odd_field(body: dict[str, Any], path: str, how: str, value: Any, number: int | None) -> dict[str, Any]:
    """The member at ``path`` of every record, or of the record ``number`` alone. ``*`` stands for every member.

    A record is an entry of a list, a member of a map by ID, or a row of a search, whose members are its columns.
    """
    response = body.get("response")
    if isinstance(response, dict) and "results" in response:
        columns = [column["name"] for column in response["metaData"]["columns"]]
        if path in columns:
            at = columns.index(path)
            for row in response["results"]:
                if number in (None, row[0]):
                    row[at] = _odd(row[at], how, value)
        return body
    if isinstance(response, dict):
        records = list(response.items())
    else:
        listed = [one for one in response if isinstance(one, dict)] if isinstance(response, list) else []
        records = [(next(iter(one.values()), None), one) for one in listed]
    for named, record in records:
        if number is None or str(named) == str(number):
            _bend(record, path.split("."), how, value)
    return body


def _bend(record: Any, path: list[str], how: str, value: Any) -> None:
    name, *rest = path
    if isinstance(record, list):
        for one in record:
            _bend(one, path[1:] if name == "*" else path, how, value)
    elif isinstance(record, dict):
        for key in list(record) if name == "*" else [name]:
            if rest:
                _bend(record.get(key), rest, how, value)
            elif how == "gone":
                record.pop(key, None)
            else:
                record[key] = _odd(record.get(key), how, value)


def _odd(was: Any, how: str, value: Any) -> Any:
    match how:
        case "text":
            return f"{was} or so"
        case "number":
            return 12345.678
        case "list":
            return [was]
        case "value":
            return value
    return None


def with_lie(body: dict[str, Any], number: int) -> dict[str, Any]:
    """A search whose ``resultsAvailable`` is always the same ``number``, as is seen of one of them."""
    response = body.get("response")
    if isinstance(response, dict) and "metaData" in response:
        response["metaData"]["resultsAvailable"] = number
    return body
