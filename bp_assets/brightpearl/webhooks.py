"""The ERP's webhooks: hints that something changed. Read and written: ``integration-service/webhook``."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from bp_assets.brightpearl.answer import EMPTY_CODE
from bp_assets.brightpearl.client import ErpClient
from bp_assets.brightpearl.errors import BadAnswer, ErpRefused
from bp_assets.brightpearl.reading import Misread, Record, decode_list

WEBHOOK = "/integration-service/webhook"
# Flat, so that a receiver needs no template engine; the values are texts (an id may be a set such as 1-5,9).
BODY_TEMPLATE = (
    '{"accountCode": "${account-code}", "resourceType": "${resource-type}", "id": "${resource-id}", '
    '"lifecycleEvent": "${lifecycle-event}", "fullEvent": "${full-event}", "raisedOn": "${raised-on}", '
    '"brightpearlVersion": "${brightpearl-version}"}'
)


@dataclass(frozen=True, slots=True)
class Webhook:
    """``quality_of_service`` 1 is at least once. The target may hold a secret, so it stays out of the repr."""

    webhook_id: int
    event: str
    method: str
    target: str
    body_template: str
    ids_in_sets: bool
    quality_of_service: int

    def __repr__(self) -> str:
        return f"Webhook({self.webhook_id}, {self.event!r})"


def list_webhooks(client: ErpClient) -> list[Webhook | Misread]:
    return decode_list("webhook", client.get(WEBHOOK), "id", _webhook)


def create_webhook(client: ErpClient, target_uri: str, event: str) -> int:
    """The new webhook's id. Raises as :meth:`ErpClient.post`; ErpRefused INTC-064 for an unknown event."""
    answer = client.post(WEBHOOK, body(target_uri, event))
    if answer.new_id is None:
        raise BadAnswer(f"webhook for {event}: no id in the answer", answer.status)
    return answer.new_id


def delete_webhook(client: ErpClient, webhook_id: int) -> bool:
    """Whether it was there. Raises as :meth:`ErpClient.delete`."""
    try:
        client.delete(f"{WEBHOOK}/{webhook_id}")
    except ErpRefused as error:
        if error.code != EMPTY_CODE:
            raise
        return False
    return True


def ensure_webhooks(client: ErpClient, target_uri: str, events: Iterable[str]) -> dict[str, int]:
    """Exactly one webhook per event for our target, by event. Asked again it changes nothing.

    Webhooks of other targets are not touched; of ours, twins, outdated ones and events no longer wanted are removed.
    """
    wanted = set(events)
    kept: dict[str, int] = {}
    for hook in list_webhooks(client):
        if isinstance(hook, Misread) or hook.target != target_uri:
            continue
        if hook.event in wanted and hook.event not in kept and _as_we_make_it(hook):
            kept[hook.event] = hook.webhook_id
        else:
            delete_webhook(client, hook.webhook_id)
    for event in sorted(wanted - set(kept)):
        kept[event] = create_webhook(client, target_uri, event)
    return kept


def body(target_uri: str, event: str) -> dict[str, Any]:
    return {
        "subscribeTo": event,
        "httpMethod": "POST",
        "uriTemplate": target_uri,
        "bodyTemplate": BODY_TEMPLATE,
        "contentType": "application/json",
        "idSetAccepted": True,
        "qualityOfService": 1,
    }


def _as_we_make_it(hook: Webhook) -> bool:
    ours = (hook.method, hook.body_template, hook.ids_in_sets, hook.quality_of_service)
    return ours == ("POST", BODY_TEMPLATE, True, 1)


def _webhook(raw: Record) -> Webhook:
    return Webhook(
        webhook_id=raw.whole("id"),
        event=raw.text("subscribeTo"),
        method=raw.text("httpMethod", default=""),
        target=raw.text("uriTemplate", default=""),
        body_template=raw.text("bodyTemplate", default=""),
        ids_in_sets=raw.flag("idSetAccepted", default=False),
        quality_of_service=raw.whole("qualityOfService", default=0),
    )
