"""Who is let in, how often, and what every answer carries."""

from __future__ import annotations

import httpx

from sandbox.config import SandboxConfig
from sandbox.server import running
from sandbox.throttle import Throttle
from tests.sandbox.client import CREDENTIALS, Caller

TOO_MANY = "You have sent too many requests. Please wait before sending another request"
TAX_CODES = "/accounting-service/tax-code"


def test_the_request_after_the_last_of_the_window_is_answered_503_with_a_string_body() -> None:
    with running(SandboxConfig(port=0, products=1, requests_per_minute=3, minute_seconds=3600)) as server:
        box = Caller(server)
        remaining = [box.call("GET", TAX_CODES).headers["brightpearl-requests-remaining"] for _ in range(3)]
        refused = box.call("GET", TAX_CODES)
        assert remaining == ["2", "1", "0"]
        assert (refused.status_code, refused.json()) == (503, {"response": TOO_MANY})
        assert refused.headers["brightpearl-requests-remaining"] == "0"
        assert 0 < int(refused.headers["brightpearl-next-throttle-period"]) <= 3_600_000
        assert box.control("GET", "books")["refused"] == 1
        seen = box.control("GET", "requests")
        assert (seen["mostInAnyMinute"], seen["mostInAMinuteOfTheClock"]) == (3, 3)
        assert [(one["taken"], one["refused"]) for one in seen["minutes"]] == [(3, 1)]


def test_the_log_of_requests_sees_a_burst_around_the_turn_of_a_minute() -> None:
    throttle = Throttle(3, 60)
    taken = [throttle.take(at) for at in (59_000, 59_500, 60_100, 60_200, 119_500, 121_000)]
    assert all(taken)
    seen = throttle.log.view()
    assert (seen["mostInAnyMinute"], seen["mostInAMinuteOfTheClock"]) == (4, 3)
    assert [one["taken"] for one in seen["minutes"]] == [2, 3, 1]


def test_a_new_window_on_the_clock_gives_the_whole_quota_again() -> None:
    with running(SandboxConfig(port=0, products=1, requests_per_minute=2, minute_seconds=60)) as server:
        box = Caller(server)
        box.call("GET", TAX_CODES)
        left = int(box.call("GET", TAX_CODES).headers["brightpearl-next-throttle-period"])
        box.control("POST", "clock", {"advanceSeconds": left / 1000})
        assert box.call("GET", TAX_CODES).headers["brightpearl-requests-remaining"] == "1"


def test_a_clock_that_was_set_back_does_not_hold_requests_up_until_it_has_caught_up() -> None:
    throttle = Throttle(3, 60)
    assert [throttle.take(at) for at in (7_200_000, 7_200_001, 7_200_002, 7_200_003)] == [True, True, True, False]
    assert [throttle.take(at) for at in (3_600_000, 3_600_001, 3_600_002, 3_600_003)] == [True, True, True, False]
    assert throttle.take(3_660_000)


def test_refused_credentials_cost_quota_and_carry_no_instance_id() -> None:
    with running(SandboxConfig(port=0, products=1, requests_per_minute=200, minute_seconds=3600)) as server:
        box = Caller(server)
        wrong = box.call("GET", TAX_CODES, headers={"brightpearl-account-token": "no"})
        assert (wrong.status_code, wrong.json()) == (401, {"response": "Invalid account token: no"})
        assert wrong.headers["brightpearl-requests-remaining"] == "199"
        assert "brightpearl-installed-integration-instance-id" not in wrong.headers
        right = box.call("GET", TAX_CODES)
        assert right.headers["brightpearl-requests-remaining"] == "198"
        assert right.headers["brightpearl-installed-integration-instance-id"] == "13"


def test_without_headers_or_on_another_account_nobody_is_let_in(box: Caller) -> None:
    nothing = box.http.get(f"/public-api/sandbox{TAX_CODES}")
    other = box.http.get(f"/public-api/other{TAX_CODES}", headers=CREDENTIALS)
    assert (nothing.status_code, nothing.json()["response"]) == (
        401,
        "Not authenticated: unknown or missing brightpearl-app-ref",
    )
    assert (other.status_code, other.json()["response"]) == (401, "Invalid account: other")


def test_a_staff_token_is_as_good_as_the_account_token(box: Caller) -> None:
    headers = {"brightpearl-app-ref": "tillbridge", "brightpearl-staff-token": "sandbox-staff-token"}
    assert box.http.get(f"/public-api/sandbox{TAX_CODES}", headers=headers).status_code == 200


def test_repeated_and_trailing_slashes_do_not_matter(box: Caller) -> None:
    url = f"{box.server.url}//public-api///sandbox//accounting-service//tax-code//2/"
    reply = box.http.get(url, headers=CREDENTIALS)
    assert reply.json() == {"response": [{"id": 2, "code": "T20", "description": "Standard rate", "rate": 20.0}]}


def test_an_unknown_resource_is_404_with_the_common_code(box: Caller) -> None:
    assert box.refusal("GET", "/order-service/nothing") == (404, "CMNC-404")


def test_a_body_that_is_no_json_or_missing_is_400(box: Caller) -> None:
    url = "/public-api/sandbox/order-service/sales-order"
    bad = box.http.post(url, content=b"{", headers=CREDENTIALS)
    nan = box.http.post(url, content=b'{"customer": NaN}', headers=CREDENTIALS)
    none = box.http.post(url, headers=CREDENTIALS)
    codes = [reply.json()["errors"][0]["code"] for reply in (bad, nan, none)]
    assert codes == ["CMNC-903", "CMNC-903", "CMNC-010"]


# -- OAuth ------------------------------------------------------------------------------------------------------------


def _grant(box: Caller, **changes: str) -> httpx.Response:
    form = {
        "grant_type": "authorization_code",
        "code": "sandbox-code",
        "client_id": "tillbridge",
        "redirect_uri": "https://tillbridge.example/oauth",
    }
    return box.http.post("/token/sandbox", data=form | changes)


def _with(box: Caller, token: str) -> httpx.Response:
    headers = {
        "authorization": f"Bearer {token}",
        "brightpearl-app-ref": "tillbridge",
        "brightpearl-dev-ref": "tillbridge-dev",
    }
    return box.http.get(f"/public-api/sandbox{TAX_CODES}", headers=headers)


def test_a_code_becomes_a_token_that_opens_the_api_until_it_expires(box: Caller) -> None:
    given = _grant(box).json()
    assert (given["installation_instance_id"], given["token_type"], given["expires_in"]) == ("13", "Bearer", 604800)
    assert _with(box, given["access_token"]).status_code == 200
    box.control("POST", "clock", {"advanceSeconds": 604800})
    late = _with(box, given["access_token"])
    assert (late.status_code, late.json()) == (401, {"response": "Authorization token expired"})


def test_a_refresh_token_works_once_and_brings_its_successor(box: Caller) -> None:
    first = _grant(box).json()
    form = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"], "client_id": "tillbridge"}
    second = box.http.post("/oauth/token", data=form).json()
    again = box.http.post("/oauth/token", data=form)
    assert "installation_instance_id" not in second
    assert second["refresh_token"] != first["refresh_token"]
    assert _with(box, second["access_token"]).status_code == 200
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")


def test_a_wrong_client_secret_code_or_redirect_is_refused(box: Caller) -> None:
    assert _grant(box, client_secret="no").json() == {"error": "invalid_client"}
    assert _grant(box, code="no").json()["error_description"] == "Authorization code is not valid"
    mismatch = "Redirect uri does not match that used to request auth token"
    assert _grant(box, redirect_uri="https://else.example").json()["error_description"] == mismatch


def test_consent_redirects_with_a_code_that_works_once_and_the_state(box: Caller) -> None:
    query = "response_type=code&client_id=tillbridge&redirect_uri=https://shop.example/back&state=s1"
    where = httpx.URL(box.http.get(f"/authorize/sandbox?{query}").headers["location"])
    code = where.params["code"]
    assert (where.host, where.params["state"]) == ("shop.example", "s1")
    assert _grant(box, code=code, redirect_uri="https://shop.example/back").status_code == 200
    assert _grant(box, code=code, redirect_uri="https://shop.example/back").status_code == 400
