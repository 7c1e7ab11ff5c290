"""RFC 6902 patches as the ERP takes them: a bare list of add, replace and remove."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sandbox.erp.codes import PATCH_NOT_LIST, PATCH_OPERATION


def operations(body: object) -> Iterator[tuple[str, str, Any]]:
    """Operation, path and value of each entry; refuses a body that is no list with HTTP 500, as the service does."""
    if not isinstance(body, list) or not all(isinstance(entry, dict) for entry in body):
        raise PATCH_NOT_LIST.error()
    for entry in body:
        op, path = str(entry.get("op")), str(entry.get("path"))
        if op not in ("add", "replace", "remove"):
            raise PATCH_OPERATION.error(op=op, path=path)
        yield op, path, entry.get("value")
