"""Addresses of the ERP: how a query is written, and by what name a request is counted. Pure: no I/O."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import quote

import httpx

from bp_assets.config import Erp

Params = Mapping[str, str | int | bool]
_VARIABLE = re.compile(r"(?<=/)[\d*][\d,.\-]*(?=/|$)")


def prefix(erp: Erp) -> str:
    """What every path of the account begins with."""
    return f"{erp.url}/public-api/{erp.account}"


def query(params: Params | None) -> str:
    """The query string. A slash stays raw (the ERP's PERIOD filters), a plus is encoded (time offsets)."""
    if not params:
        return ""
    words = {True: "true", False: "false"}
    pairs = [(name, words[value] if isinstance(value, bool) else str(value)) for name, value in params.items()]
    return "?" + "&".join(f"{quote(name)}={quote(value, safe='/,:*.-_~')}" for name, value in pairs)


def route(request: httpx.Request, account: str) -> str:
    """``GET /order-service/order/{}``: the request without the ids it names."""
    path = request.url.path.removeprefix(f"/public-api/{account}")
    return f"{request.method} {_VARIABLE.sub('{}', path)}"


def asked_for_token(error: Exception) -> bool:
    """Whether the request that failed went to the token service: then the ERP itself was not asked."""
    request: httpx.Request | None = getattr(error, "_request", None)  # the public property raises where there is none
    return request is not None and "/public-api/" not in request.url.path
