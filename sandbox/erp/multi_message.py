"""Multi-message: up to ten writing calls in one request, answered one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.erp import codes
from sandbox.erp.dispatch import Call, Router
from sandbox.erp.envelope import Reply, encode, failed, ok, refused
from sandbox.throttle import TOO_MANY

if TYPE_CHECKING:
    from sandbox.world import World

MOST = 10
METHODS = ("POST", "PUT", "DELETE")  # and by a switch PATCH


def handler_for(router: Router) -> Any:
    """The handler that runs the items through the same router, in process."""

    def post(call: Call) -> Reply:
        return _post(router, call)

    return post


def _post(router: Router, call: Call) -> Reply:
    body = call.fields()
    mode, on_fail, messages = body.get("processingMode"), body.get("onFail"), body.get("messages")
    allowed = (("SEQUENTIAL", "STOP"), ("SEQUENTIAL", "CONTINUE"), ("PARALLEL", "CONTINUE"))
    if (mode, on_fail) not in allowed:
        raise codes.MULTI_MODE.error(mode=mode, fail=on_fail)
    if not isinstance(messages, list) or not 1 <= len(messages) <= MOST:
        raise codes.MULTI_COUNT.error(value=len(messages) if isinstance(messages, list) else messages)
    for message in messages:  # before anything is done
        if not isinstance(message, dict) or not message.get("label"):
            raise codes.BAD_MEMBER.error(name="label", value="missing")
    processed: list[dict[str, Any]] = []
    unprocessed: list[str] = []
    stopped = False
    for message in messages:
        if stopped:
            unprocessed.append(message["label"])
            continue
        reply = _item(router, call, message)
        content = encode(reply.body).decode()
        processed.append({"label": message["label"], "statusCode": reply.status, "body": {"content": content}})
        stopped = on_fail == "STOP" and reply.status >= 300
    whole = {200} if call.world.switches.multi_created_is_partial else {200, 201}
    partial = unprocessed or any(entry["statusCode"] not in whole for entry in processed)
    return ok({"processedMessages": processed, "unprocessedMessages": unprocessed}, 207 if partial else 200)


def _item(router: Router, call: Call, message: dict[str, Any]) -> Reply:
    world: World = call.world
    method, uri = str(message.get("httpMethod")).upper(), str(message.get("uri") or "")
    if method not in METHODS and not (method == "PATCH" and world.switches.patch_in_multi_message):
        return refused(codes.MULTI_METHOD.error(value=method))
    if world.switches.multi_item_quota and not world.throttle.take(world.now_ms()):
        return Reply(503, {"response": TOO_MANY})
    path = uri.partition("?")[0]
    failure = world.faults.fires(
        "item_failure",
        f"{method} {path}",
        lambda: world.shops_of(path, message.get("body")),
        lambda: encode(message).decode(),
    )
    if failure and not failure.committed:
        return failed(failure.status)
    reply, route, _ = router.handle(world, method, uri, message.get("body"))
    world.count_message(route)
    return failed(failure.status) if failure else reply


def register(router: Router) -> None:
    router.add("POST", "/multi-message", handler_for(router), "multi-message")
