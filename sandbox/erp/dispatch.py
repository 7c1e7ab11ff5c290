"""One route table for HTTP calls and for the items of a multi-message: a tree over path segments, no regexes."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from sandbox.erp.codes import BAD_ID_SET, BODY_MISSING, INTERNAL, NOT_FOUND, ApiError
from sandbox.erp.envelope import Reply, refused
from sandbox.erp.idset import IdSet

if TYPE_CHECKING:
    from sandbox.world import World

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Call:
    """One request as a handler sees it. ``params`` are the variable path segments in order."""

    world: World
    method: str
    route: str
    params: list[str]
    query: dict[str, str]
    body: Any
    headers: dict[str, str]
    path: str = ""

    def id(self, position: int = 0) -> int:
        """A single ID in the path; ``ApiError`` 400 when it is anything else."""
        text = self.params[position]
        if not text.isdecimal() or len(text) > 15:
            raise BAD_ID_SET.error(value=text)
        return int(text)

    def ids(self, limit: int, position: int = 0) -> IdSet:
        return IdSet(self.params[position]).limited(limit)

    def optional_ids(self, position: int = 0) -> IdSet | None:
        return IdSet(self.params[position]) if len(self.params) > position else None

    def fields(self) -> dict[str, Any]:
        """The body as a JSON object; ``ApiError`` 400 CMNC-010 when there is none."""
        if not isinstance(self.body, dict):
            raise BODY_MISSING.error()
        return self.body

    @property
    def include(self) -> set[str]:
        return {name.strip() for name in self.query.get("includeOptional", "").split(",") if name.strip()}


Handler = Callable[[Call], Reply]


@dataclass(slots=True)
class _Node:
    literal: dict[str, _Node] = field(default_factory=dict)
    variable: _Node | None = None
    routes: dict[str, tuple[str, Handler, str]] = field(default_factory=dict)  # method -> template, handler, type


class Router:
    """Register with ``add``; a template segment in braces is variable, a last one in brackets is optional too."""

    def __init__(self) -> None:
        self._root = _Node()

    def add(self, method: str, template: str, handler: Handler, message_type: str = "") -> None:
        if template.endswith("]"):
            self.add(method, template[: template.rindex("/[")], handler, message_type)
            template = template.replace("/[", "/{").replace("]", "}")
        parts = [part for part in template.split("/") if part]
        node = self._root
        for part in parts:
            if part.startswith("{"):
                node.variable = node.variable or _Node()
                node = node.variable
            else:
                node = node.literal.setdefault(part, _Node())
        named = [part for part in parts[1:] if not part.startswith("{")] or parts
        node.routes[method] = (template, handler, message_type or f"{method.lower()}-{named[-1]}")

    def find(self, method: str, parts: list[str]) -> tuple[str, Handler, str, list[str]] | None:
        """Template, handler, message type and variable segments; ``None`` when no route fits."""
        return _walk(self._root, method, parts, 0, [])

    def handle(
        self, world: World, method: str, uri: str, body: Any, headers: dict[str, str] | None = None
    ) -> tuple[Reply, str, str]:
        """Run one call in process. Returns the reply, the route (``METHOD /template``) and the message type."""
        path, _, query = uri.partition("?")
        parts = [part for part in path.split("/") if part]
        found = self.find(method, parts)
        if found is None:
            error = NOT_FOUND.error(what=f"No resource {method} /{'/'.join(parts)}")
            return refused(error), f"{method} unknown", "api-proxy"
        template, handler, message_type, params = found
        pairs = dict(parse_qsl(query, keep_blank_values=True))
        call = Call(world, method, template, params, pairs, body, headers or {}, "/" + "/".join(parts))
        try:
            reply = handler(call)
        except ApiError as error:
            reply = refused(error)
        except (AttributeError, KeyError, TypeError, ValueError) as why:
            # A member of the wrong JSON type: the service answers 500 too. Kept, so that tests see what was hit.
            world.crashes.append(f"{method} {template}: {type(why).__name__}: {why}")
            _log.warning("the handler of %s %s failed", method, template, exc_info=why)
            reply = refused(INTERNAL.error())
        return reply, f"{method} {template}", message_type


def _walk(
    node: _Node, method: str, parts: list[str], at: int, params: list[str]
) -> tuple[str, Handler, str, list[str]] | None:
    if at == len(parts):
        route = node.routes.get(method)
        return (*route, params) if route else None
    child = node.literal.get(parts[at])
    if child is not None:
        found = _walk(child, method, parts, at + 1, params)
        if found:
            return found
    if node.variable is not None:
        return _walk(node.variable, method, parts, at + 1, [*params, parts[at]])
    return None
