"""Our webhooks in the simulated ERP."""

import pytest

from bp_assets.brightpearl.errors import ErpRefused
from bp_assets.brightpearl.webhooks import create_webhook, delete_webhook, ensure_webhooks, list_webhooks

HOOK = "https://till.example/hooks/s3cret"


def test_webhooks_are_made_once_however_often_it_is_asked(client):
    events = ["goods-in-note.created", "order.modified"]
    first = ensure_webhooks(client, HOOK, events)
    assert sorted(first) == events
    client.counts.clear()
    assert ensure_webhooks(client, HOOK, events) == first
    assert dict(client.counts) == {("posting", "GET /integration-service/webhook"): 1}
    hooks = list_webhooks(client)
    assert {(hook.event, hook.target, hook.method) for hook in hooks} == {(event, HOOK, "POST") for event in events}
    assert {(hook.ids_in_sets, hook.quality_of_service) for hook in hooks} == {(True, 1)}
    assert "s3cret" not in repr(hooks)


def test_twins_and_outdated_webhooks_of_ours_go_and_those_of_others_stay(client):
    other = create_webhook(client, "https://somebody.else/", "order.modified")
    kept = create_webhook(client, HOOK, "order.modified")
    create_webhook(client, HOOK, "order.modified")
    create_webhook(client, HOOK, "product.created")
    assert ensure_webhooks(client, HOOK, ["order.modified"]) == {"order.modified": kept}
    assert sorted(hook.webhook_id for hook in list_webhooks(client)) == sorted([other, kept])


def test_a_webhook_can_be_deleted_once(client):
    hook = create_webhook(client, HOOK, "product.created")
    assert [delete_webhook(client, hook), delete_webhook(client, hook)] == [True, False]
    assert list_webhooks(client) == []


def test_an_unknown_event_is_refused_by_name(client):
    with pytest.raises(ErpRefused, match="INTC-064"):
        ensure_webhooks(client, HOOK, ["contact.created"])
