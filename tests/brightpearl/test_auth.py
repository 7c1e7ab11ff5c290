"""OAuth: when tokens are renewed, who keeps them, and that it happens once."""

import asyncio
import concurrent.futures

import httpx
import pytest

from bp_assets.brightpearl.auth import MemoryTokens, OAuth, Tokens, must_refresh, read_tokens, refresh_form
from bp_assets.brightpearl.client import ErpClient
from bp_assets.brightpearl.errors import ErpUnavailable, Unauthorised
from bp_assets.brightpearl.pacing import RequestBudget
from bp_assets.brightpearl.reader import ErpReader
from tests.brightpearl.conftest import erp

TAX = "/accounting-service/tax-code"
OLD = Tokens("access", "refresh", 1000.0)


@pytest.mark.parametrize(
    ("tokens", "now", "refused", "expected"),
    [
        (None, 0, None, True),
        (OLD, 900, None, False),
        (OLD, 940, None, True),
        (OLD, 2000, None, True),
        (OLD, 900, "access", True),
        (OLD, 900, "an older one", False),
    ],
)
def test_tokens_are_renewed_only_when_they_have_to_be(tokens, now, refused, expected):
    assert must_refresh(tokens, now, refused) is expected


def test_the_refresh_form_has_the_secret_only_if_there_is_one():
    assert refresh_form("r=", "app", "") == {"grant_type": "refresh_token", "refresh_token": "r=", "client_id": "app"}
    assert refresh_form("r=", "app", "s")["client_secret"] == "s"


def test_the_recorded_refresh_reply_is_read():
    body = (
        b'{"access_token":"NfMW6Sx1koth7YLhmSWT3R1Q7PmT6SnFf6ihkpXw42I=",'
        b'"refresh_token":"A2iWFfpSuQADO7895Y4eJDv42ZzIDvD0oOhHNIFM0Po=",'
        b'"api_domain":"ws-use.brightpearl.com","token_type":"Bearer","expires_in":537227}'
    )
    tokens = read_tokens(200, body, 100.0, "before")
    assert (tokens.access_token[:4], tokens.refresh_token[:4], tokens.expires_at) == ("NfMW", "A2iW", 537327.0)


def test_a_reply_without_a_new_refresh_token_keeps_the_old_one():
    assert read_tokens(200, b'{"access_token":"a"}', 0.0, "before") == Tokens("a", "before", 3600.0)


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (400, b'{"error":"invalid_grant"}', Unauthorised),
        (401, b"", Unauthorised),
        (500, b"", ErpUnavailable),
        (429, b"", ErpUnavailable),
        (200, b"<html>", ErpUnavailable),
        (200, b'{"access_token":7}', ErpUnavailable),
    ],
)
def test_a_reply_without_tokens_is_refused_or_unavailable(status, body, error):
    with pytest.raises(error):
        read_tokens(status, body, 0.0, "r")


def test_tokens_never_show_in_a_repr():
    assert repr(OLD) == "Tokens(expires_at=1000.0)"


class Counting(MemoryTokens):
    """Counts what is written, and remembers it."""

    def __init__(self):
        super().__init__()
        self.written = []

    def write(self, account, tokens):
        self.written.append(tokens)
        super().write(account, tokens)


@pytest.fixture
def grant(box):
    """A refresh token as the sandbox hands it out for its fixed code."""
    form = {
        "grant_type": "authorization_code",
        "code": "sandbox-code",
        "client_id": "tillbridge",
        "client_secret": "sandbox-secret",
        "redirect_uri": "https://tillbridge.example/oauth",
    }
    return httpx.post(f"{box.url}/oauth/token", data=form).raise_for_status().json()


def oauth_settings(box):
    return erp(box.url, auth="oauth", dev_ref="tillbridge-dev", oauth_token_url=f"{box.url}/oauth/token")


def oauth_client(box, refresh_token, store):
    settings = oauth_settings(box)
    auth = OAuth(settings, refresh_token, "sandbox-secret", store, advice="Authorise the app again.")
    return ErpClient(settings, lane="posting", budget=RequestBudget(100_000), auth=auth)


def test_the_first_call_fetches_a_token_and_stores_its_successor(box, grant):
    store = Counting()
    with oauth_client(box, grant["refresh_token"], store) as client:
        assert client.get(TAX).status == 200
        assert client.get(TAX).status == 200
    assert len(store.written) == 1
    assert store.written[0].refresh_token != grant["refresh_token"]
    assert dict(client.counts) == {("posting", f"GET {TAX}"): 2, ("posting", "POST /oauth/token"): 1}


def test_a_token_that_expires_mid_run_is_renewed_once_and_the_call_repeated(box, grant):
    store = Counting()
    with oauth_client(box, grant["refresh_token"], store) as client:
        client.get(TAX)
        box.faults({"kind": "expire_token", "count": 1})
        assert client.get(TAX).status == 200
    assert len(store.written) == 2


def test_a_write_refused_for_its_token_was_not_done_and_is_repeated_once(box, grant):
    body = {"addressLine1": "1 High St", "countryIsoCode": "GBR"}
    with oauth_client(box, grant["refresh_token"], Counting()) as client:
        client.get(TAX)
        before = len(box.world.addresses)
        box.faults({"kind": "expire_token", "count": 1})
        assert client.post("/contact-service/postal-address", body).new_id is not None
    assert len(box.world.addresses) == before + 1


def test_a_reader_whose_token_expires_while_pages_come_renews_it_once_for_all_of_them(box, grant):
    settings, store = oauth_settings(box), Counting()
    auth = OAuth(settings, grant["refresh_token"], "sandbox-secret", store)

    async def read():
        async with ErpReader(settings, budget=RequestBudget(100_000), auth=auth) as reader:
            await reader.get(TAX)
            box.world.oauth.expire_all()
            answers = await asyncio.gather(*(reader.get(TAX) for _ in range(8)))
            return [len(one.response) for one in answers]

    assert asyncio.run(read()) == [6] * 8
    assert len(store.written) == 2  # the first token, and its successor


def test_many_threads_renew_a_dead_token_only_once(box, grant):
    store = Counting()
    with oauth_client(box, grant["refresh_token"], store) as client:
        client.get(TAX)
        box.world.oauth.expire_all()
        with concurrent.futures.ThreadPoolExecutor(6) as pool:
            assert list(pool.map(lambda _: client.get(TAX).status, range(12))) == [200] * 12
    assert len(store.written) == 2


def test_a_fresh_token_in_the_environment_rescues_a_dead_stored_one(box, grant):
    store = Counting()
    store.write("sandbox", Tokens("dead", "dead", 0.0))
    with oauth_client(box, grant["refresh_token"], store) as client:
        assert client.get(TAX).status == 200


def test_a_refused_renewal_is_told_in_one_line(box):
    with oauth_client(box, "never-given", Counting()) as client, pytest.raises(Unauthorised) as caught:
        client.get(TAX)
    assert str(caught.value) == (
        "the ERP refused to renew the access token (400: invalid_grant). Authorise the app again."
    )
    assert "never-given" not in repr(client.auth)


def test_a_write_waits_for_nothing_if_the_token_service_is_down(box, grant):
    settings = erp(box.url, auth="oauth", dev_ref="d", oauth_token_url="http://127.0.0.1:9/oauth/token")
    client = ErpClient(settings, budget=RequestBudget(), auth=OAuth(settings, grant["refresh_token"]))
    with client, pytest.raises(ErpUnavailable, match="token service: ConnectError; nothing was sent"):
        client.post("/contact-service/postal-address", {})
