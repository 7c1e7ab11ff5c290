"""Webhooks: subscriptions, and the background delivery of what happened.

Written: HTTP calls to the subscribers, with httpx; a list of deliveries for tests. Quality of service 0 tries again
only after a 503, 1 after everything but a 4xx. Retry times and limits are ours (no source names the service's).
"""

from __future__ import annotations

import asyncio
import random
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import httpx

from sandbox.erp import codes
from sandbox.erp.dispatch import Call, Router
from sandbox.erp.envelope import Reply, done, ok
from sandbox.erp.idset import IdSet, compressed

if TYPE_CHECKING:
    from sandbox.world import World

EVENTS = (
    "sales-order.created",
    "order.modified",
    "order.modified.order-status",
    "order.modified.fully-shipped",
    "goods-out-note.created",
    "goods-out-note.destroyed",
    "goods-out-note.modified",
    "goods-out-note.modified.printed",
    "goods-out-note.modified.picked",
    "goods-out-note.modified.packed",
    "goods-out-note.modified.un-printed",
    "goods-out-note.modified.un-picked",
    "goods-out-note.modified.un-packed",
    "goods-out-note.modified.shipped",
    "drop-ship-note.created",
    "drop-ship-note.destroyed",
    "drop-ship-note.modified.shipped",
    "goods-in-note.created",
    "quarantine-release.created",
    "product.created",
    "product.modified",
    "product.destroyed",
    "product.modified.on-hand-modified",
)
VERSION = "4.95.2647"
ATTEMPTS = 6
TIMEOUT_SECONDS = 5
IDS_PER_CALL = 100
KEPT_DELIVERIES = 5000


@dataclass(slots=True)
class Hook:
    id: int
    event: str
    method: str
    uri: str
    body: str
    content_type: str
    id_sets: bool
    quality: int

    def view(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "subscribeTo": self.event,
            "httpMethod": self.method,
            "uriTemplate": self.uri,
            "bodyTemplate": self.body,
            "contentType": self.content_type,
            "idSetAccepted": self.id_sets,
            "qualityOfService": self.quality,
        }


def fits(subscribed: str, event: str) -> bool:
    return event == subscribed or event.startswith(f"{subscribed}.")


class Webhooks:
    """Subscriptions and the queue of one world; ``run`` is the background task."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._wake = asyncio.Event()
        self.clear()

    def clear(self) -> None:
        self.hooks: dict[int, Hook] = {}
        self._draw = random.Random(f"webhooks-{self._world.config.seed}")
        self._queue: deque[tuple[int, str, int, int]] = deque()  # hook, event, resource ID, when
        self.deliveries: deque[dict[str, Any]] = deque(maxlen=KEPT_DELIVERIES)

    def raise_event(self, event: str, number: int) -> None:
        for hook in self.hooks.values():
            if fits(hook.event, event):
                self._queue.append((hook.id, event, number, self._world.now_ms()))
                self._wake.set()

    async def run(self) -> None:
        async with httpx.AsyncClient(timeout=TIMEOUT_SECONDS, trust_env=False) as client:
            while True:
                await self._wake.wait()
                self._wake.clear()
                await asyncio.gather(*(self._deliver(client, *call) for call in self._drain()))

    def _drain(self) -> list[tuple[Hook, str, list[int], int]]:
        """The calls to make: one per ID, or one per set of IDs where the subscriber takes sets."""
        grouped: dict[tuple[int, str], tuple[dict[int, None], int]] = {}
        while self._queue:
            hook_id, event, number, at = self._queue.popleft()
            grouped.setdefault((hook_id, event), ({}, at))[0][number] = None
        calls = []
        for (hook_id, event), (ids, at) in grouped.items():
            hook = self.hooks.get(hook_id)
            if hook is None:
                continue
            step = IDS_PER_CALL if hook.id_sets else 1
            numbers = sorted(ids)
            calls += [(hook, event, numbers[start : start + step], at) for start in range(0, len(numbers), step)]
        return calls

    async def _deliver(self, client: httpx.AsyncClient, hook: Hook, event: str, ids: list[int], at: int) -> None:
        by_chance = self._draw.random() * 100 < self._world.switches.webhook_duplicate_percent
        twice = self._world.faults.fires("duplicate_webhook", event, set) or by_chance
        for _ in range(2 if twice else 1):
            await self._send(client, hook, event, ids, at)

    async def _send(self, client: httpx.AsyncClient, hook: Hook, event: str, ids: list[int], at: int) -> None:
        uri, body = self.render(hook.uri, event, ids, at), self.render(hook.body, event, ids, at)
        log: dict[str, Any] = {"hookId": hook.id, "event": event, "ids": ids, "statuses": []}
        self.deliveries.append(log)
        for attempt in range(ATTEMPTS):
            if hook.id not in self.hooks:
                return
            try:
                headers = {"content-type": hook.content_type} if hook.content_type else {}
                reply = await client.request(hook.method, uri, content=body.encode() or None, headers=headers)
                status = reply.status_code
            except (httpx.HTTPError, httpx.InvalidURL):
                status = 0
            log["statuses"].append(status)
            again = status == 503 or (hook.quality == 1 and not (200 <= status < 300 or 400 <= status < 500))
            if not again:
                return
            await asyncio.sleep(self._world.switches.webhook_retry_ms / 1000 * 2**attempt)

    def render(self, template: str, event: str, ids: list[int], at: int) -> str:
        resource, lifecycle, *rest = event.split(".")
        raised = datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        values = {
            "account-code": self._world.config.account,
            "resource-type": resource,
            "resource-id": compressed(ids),
            "lifecycle-event": lifecycle,
            "full-event": event,
            "resource-specifier": ".".join(rest),
            "raised-on": raised,
            "brightpearl-version": VERSION,
        }
        for name, value in values.items():
            template = template.replace(f"${{{name}}}", value)
        return template


def post(call: Call) -> Reply:
    world, body = call.world, call.fields()
    event, method, uri = (
        str(body.get("subscribeTo") or ""),
        str(body.get("httpMethod") or ""),
        str(body.get("uriTemplate") or ""),
    )
    if not event or not any(fits(event, known) for known in EVENTS):
        raise codes.EVENT_UNKNOWN.error(value=event)
    if method not in ("GET", "POST", "PUT", "DELETE"):
        raise codes.HOOK_MEMBERS.error(value=f"httpMethod must be GET, POST, PUT or DELETE, not '{method}'")
    if not uri.startswith(("http://", "https://")):
        raise codes.HOOK_MEMBERS.error(value=f"uriTemplate must be an absolute URI, not '{uri}'")
    if method in ("POST", "PUT") and not (body.get("bodyTemplate") and body.get("contentType")):
        raise codes.HOOK_MEMBERS.error(value=f"bodyTemplate and contentType are required for {method}")
    quality = body.get("qualityOfService", 0)
    if quality not in (0, 1):
        raise codes.HOOK_MEMBERS.error(value=f"qualityOfService must be 0 or 1, not {quality}")
    hook = Hook(
        world.next_id("webhook"),
        event,
        method,
        uri,
        str(body.get("bodyTemplate") or ""),
        str(body.get("contentType") or ""),
        bool(body.get("idSetAccepted")),
        quality,
    )
    world.webhooks.hooks[hook.id] = hook
    return ok(hook.id, world.switches.generic_created_status)


def _one(call: Call) -> Hook:
    hook = call.world.webhooks.hooks.get(call.id())
    if hook is None:
        raise codes.NOT_FOUND.error(what=f"No webhooks available in ID Set {call.params[0]}")
    return hook


def get(call: Call) -> Reply:
    wanted = call.optional_ids()
    hooks = call.world.webhooks.hooks
    found = wanted.pick(hooks) if wanted else list(hooks.values())
    if not found and call.world.switches.unknown_others_not_found:
        where = f"ID Set {call.params[0]}" if call.params else "this account"
        raise codes.NOT_FOUND.error(what=f"No webhooks available in {where}")
    return ok([hook.view() for hook in found])


def delete(call: Call) -> Reply:
    del call.world.webhooks.hooks[_one(call).id]
    return done()


def simulate(call: Call) -> Reply:
    """Sends real calls for at most ten resource IDs given as ``testData.resource-id``."""
    hook = _one(call)
    data = call.fields().get("testData") or {}
    ids = IdSet(str(data.get("resource-id") or "1")).limited(10)
    for low, high in ids.ranges:
        for number in range(low, high + 1):
            call.world.webhooks.raise_event(str(data.get("full-event") or hook.event), number)
    return done()


def register(router: Router) -> None:
    base = "/integration-service/webhook"
    router.add("POST", base, post)
    router.add("GET", f"{base}/[ids]", get, "webhook-get")
    router.add("DELETE", f"{base}/{{id}}", delete, "webhook-delete")
    router.add("POST", f"{base}/{{id}}/simulate", simulate, "webhook-simulate")
