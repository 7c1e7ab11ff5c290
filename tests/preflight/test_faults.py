"""Each fault of a shops file, of the account and of the tills, planted alone: found, placed, and with what to do."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import astuple
from datetime import date
from pathlib import Path

import pytest

from bp_assets.ledger.connection import Ledger
from bp_assets.ledger.tokens import tokens_of
from bp_assets.oauth import LedgerTokens
from bp_assets.preflight.account import ReadingClient
from bp_assets.preflight.check import check
from bp_assets.preflight.report import Fault
from bp_assets.preflight.tills import folder_faults
from sandbox.erp.products import Product
from tests.preflight.conftest import House

Only = Callable[..., Fault]

# What is changed in the file, and what is said of it: place, the message, a part of the advice.
IN_THE_FILE = {
    "instance": (
        [("integration_instance_id = 13", "integration_instance_id = 31")],
        "erp.integration_instance_id",
        "this installation is number 13 in the ERP, the file says 31",
        "Write 13.",
    ),
    "currency": (
        [('currency = "GBP"', 'currency = "GPB"'), ('key = "leeds"', 'key = "leeds"\ncurrency = "GBP"'),
         ('key = "london"', 'key = "london"\ncurrency = "GBP"'), ('key = "york"', 'key = "york"\ncurrency = "GBP"'),
         ('key = "bath"', 'key = "bath"\ncurrency = "GBP"')],
        "erp.currency",
        "'GPB' is no currency of the ERP",
        "Did you mean GBP (Pound sterling)?",
    ),
    "warehouse": (
        [("warehouse_id = 5", "warehouse_id = 55")],
        "shops[york].warehouse_id",
        "the ERP has no warehouse 55",
        "Did you mean 5 (York)? The ERP has 2 (Main), 3 (Leeds), 4 (London), 5 (York), 6 (Bath).",
    ),
    "ship from": (
        [('key = "leeds"', 'key = "leeds"\nship_from_warehouse_id = 99')],
        "shops[leeds].ship_from_warehouse_id",
        "the ERP has no warehouse 99",
        "2 (Main)",
    ),
    "channel": (
        [("channel_id = 5", "channel_id = 55")],
        "shops[bath].channel_id",
        "the ERP has no channel 55",
        "Did you mean 5 (Bath)?",
    ),
    "channels of products": (
        [("search_lag_seconds = 2", "product_channels = [2, 77, 3]")],
        "erp.product_channels",
        "the ERP has no channel 77",
        "The ERP has 1 (Web), 2 (Leeds), 3 (London), 4 (York), 5 (Bath).",
    ),
    "price list": (
        [("price_list_id = 2", "price_list_id = 9")],
        "shops[leeds].price_list_id",
        "the ERP has no price list 9",
        "2 (Retail, GBP, with tax), 3 (Trade, GBP, without tax)",
    ),
    "buying list": (
        [("price_list_id = 2", "price_list_id = 1")],
        "shops[leeds].price_list_id",
        "price list 1 (Cost) is for buying",
        "Name a list for selling.",
    ),
    "contact": (
        [("walk_in_contact_id = 202", "walk_in_contact_id = 222")],
        "shops[london].walk_in_contact_id",
        "the ERP has no contact 222",
        "Create a contact such as 'Walk-in London'",
    ),
    "who ships": (
        [("event_owner_contact_id = 4", "event_owner_contact_id = 5")],
        "erp.event_owner_contact_id",
        "the ERP has no contact 5; every goods-out event names who ships",
        "member of staff",
    ),
    "shipping method": (
        [("shipping_method_id = 1", "shipping_method_id = 3")],
        "erp.shipping_method_id",
        "the ERP has no shipping method 3",
        "Did you mean 1 (Taken in the shop)?",
    ),
    "order status": (
        [("[posting]", "new_order_status_id = 77\n\n[posting]")],
        "erp.new_order_status_id",
        "the ERP has no order status 77",
        "2 (New web order), 3 (New phone order)",
    ),
    "status of the other kind": (
        [("[posting]", "new_credit_status_id = 3\n\n[posting]")],
        "erp.new_credit_status_id",
        "status 3 (New phone order) is not for a sales credit",
        "Statuses for a sales credit: 10 (Sales credit)",
    ),
    "tax code": (
        [('"5" = "T5"', '"5" = "T55"')],
        'tax_map."5"',
        "'T55' is no tax code of the ERP",
        "At 5 %: T5.",
    ),
    "rate of a tax code": (
        [('"20" = "T20"', '"20" = "T5"')],
        'tax_map."20"',
        "the till's 20 % is mapped to T5, which is 5 % in the ERP",
        "The ERP has T20, T1 at 20 %.",
    ),
    "rate of a shop's own map": (
        [('key = "leeds"', 'key = "leeds"\ntax_map = { "17.5" = "T20" }')],
        'shops[leeds].tax_map."17.5"',
        "the till's 17.5 % is mapped to T20, which is 20 % in the ERP",
        "Map it to a code of the same rate",
    ),
    "no zero rate": (
        [('"0" = "T0"', "")],
        'tax_map."0"',
        "no tax code is mapped for rows without tax (tips, rounding, gift cards)",
        "posting.zero_rated_code",
    ),
    "zero-rated code with a rate": (
        [("[posting]", '[posting]\nzero_rated_code = "T5"')],
        "posting.zero_rated_code",
        "T5 is 5 % in the ERP; rows without any tax would carry it",
        "T0, T9, T2",
    ),
    "unknown zero-rated code": (
        [("[posting]", '[posting]\nzero_rated_code = "TO"')],
        "posting.zero_rated_code",
        "'TO' is no tax code of the ERP",
        "Did you mean",
    ),
    "default rate without a code": (
        [('folder = "drop/york"', 'folder = "drop/york"\ndefault_tax_rate = 12.5')],
        "shops[york].feed.default_tax_rate",
        "lines without a rate are taken at 12.5 %, which is not in the tax map",
        'Add "12.5" to tax_map.',
    ),
    "payment method": (
        [('card = "CARD"', 'card = "KARD"')],
        'tender_map."card"',
        "'KARD' is no payment method of the ERP",
        "Did you mean CARD (Card terminal)?",
    ),
    "payment method switched off": (
        [('cash = "CASH"', 'cash = "CASH"\ncheque = "CHEQUE"')],
        'tender_map."cheque"',
        "the payment method CHEQUE is switched off in the ERP",
        "Activate it",
    ),
    "exchange method": (
        [("[posting]", "[posting]"), ("[erp]", 'exchange_method = "SWAP"\n\n[erp]')],
        "exchange_method",
        "'SWAP' is no payment method of the ERP",
        "clearing account of its own",
    ),
    "default tender without a method": (
        [('folder = "drop/bath"', 'folder = "drop/bath"\ndefault_tender = "purse"')],
        "shops[bath].feed.default_tender",
        "'purse' is not in the tender map",
        'or to "unpaid"',
    ),
    "nominal code": (
        [('tip = "2240"', 'tip = "2244"')],
        "nominal_codes.tip",
        "'2244' is no nominal code of the ERP",
        "Did you mean 2240 (Tips payable)?",
    ),
    "Square's location": (
        [('"LLEEDS"', '"LEEDS"')],
        "shops[leeds].feed.location_id",
        "Square has no location 'LEEDS'; it has LLEEDS, LLONDON",
        "Use the id of the location",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", IN_THE_FILE)
def test_a_fault_of_the_file_is_found_and_placed(case: str, only: Only) -> None:
    changes, place, message, advice = IN_THE_FILE[case]
    found = only(*changes)
    assert (found.severity, found.place, found.message) == ("fault", place, message)
    assert advice in found.advice


def test_a_right_file_is_silent(house: House) -> None:
    report = house.check()
    assert report.faults == ()
    assert report.safe
    assert report.checked == {
        "shops": 4, "tills": 4, "tax_map": 3, "tender_map": 4, "nominal_codes": 9, "products": 202, "requests": 22,
    }  # fmt: skip


def test_all_faults_of_one_file_are_named_at_once(house: House) -> None:
    alone = [case for case in IN_THE_FILE if case not in ("buying list", "rate of a tax code")]
    changes = [change for case in alone for change in IN_THE_FILE[case][0] if change[0] != "[posting]"]
    changes += [
        ("[posting]", '[posting]\nzero_rated_code = "T5"'),
        ("[posting]", "new_order_status_id = 77\nnew_credit_status_id = 3\n\n[posting]"),
    ]
    expected = {IN_THE_FILE[case][1] for case in alone} - {'tax_map."0"'}  # the zero-rated code stands in for it
    report = house.check(*changes)
    assert {found.place for found in report.of(report.faults[0].severity)} == expected
    assert len(expected) == 22
    assert not report.safe


def test_only_reads_reach_the_erp(house: House) -> None:
    house.check(('"20" = "T20"', '"20" = "T5"'))
    requests = house.requests()
    assert sum(requests.values()) == 22
    assert {route.split()[0] for route in requests} == {"GET"}


def test_the_client_of_preflight_refuses_to_write(house: House) -> None:
    with ReadingClient(house.file().erp) as client, pytest.raises(AssertionError, match="preflight only reads"):
        client.post("/order-service/order", {})
    assert house.requests() == {}


# -- the account -----------------------------------------------------------------------------------


def test_a_rejected_token_is_one_message_and_tills_are_still_checked(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TILLBRIDGE_ERP_TOKEN", "old-token")
    first, second = house.faults(('"LLEEDS"', '"LEEDS"'), ("warehouse_id = 5", "warehouse_id = 55"))
    assert first.place == "erp.account_token_env"
    assert first.message == (
        "the ERP refused the credentials (401: Invalid account token); nothing of the ERP could be checked"
    )
    assert first.advice == (
        "Check the token in TILLBRIDGE_ERP_TOKEN, and erp.account and erp.app_ref in the shops file."
    )
    assert second.place == "shops[leeds].feed.location_id"
    assert "old-token" not in json.dumps([astuple(first), astuple(second)])


def test_a_missing_token_names_its_variable(house: House, monkeypatch: pytest.MonkeyPatch, only: Only) -> None:
    monkeypatch.delenv("TILLBRIDGE_ERP_TOKEN")
    found = only()
    assert found.place == "erp.account_token_env"
    assert "set the variable TILLBRIDGE_ERP_TOKEN" in found.message


def test_an_erp_that_can_not_be_reached_is_one_message(
    house: House, monkeypatch: pytest.MonkeyPatch, only: Only
) -> None:
    monkeypatch.setenv("TILLBRIDGE_ERP_URL", "http://127.0.0.1:1")
    found = only(('"20" = "T20"', '"20" = "T5"'))
    assert found.place == "erp.base_url"
    assert found.message.startswith("the ERP at http://127.0.0.1:1 can't be asked: ")
    assert "TILLBRIDGE_ERP_URL" in found.advice


def test_products_that_share_a_sku_are_named(house: House, only: Only) -> None:
    first = house.world.products[1007]
    house.world.add_product(Product(5000, first.sku, "Twin", "T20", 100, True, 0, 0, prices={}))
    found = only()
    assert found.place == f"products: SKU {first.sku}"
    assert found.message == f"products 1007, 5000 share the SKU {first.sku}; a till may sell it"


def test_an_archived_twin_is_no_fault(house: House) -> None:
    first = house.world.products[1007]
    house.world.add_product(Product(5000, first.sku, "Old", "T20", 100, True, 0, 0, prices={}, status="ARCHIVED"))
    assert house.faults() == []


def test_a_warehouse_without_quarantine_location_is_named(house: House, only: Only) -> None:
    house.world.reference.warehouses[6].quarantine_location = 0
    found = only()
    assert found.place == "shops[bath].warehouse_id"
    assert found.message == "warehouse 6 (Bath) has no quarantine location"


def test_a_payment_method_without_bank_account_in_the_shops_currency_is_named(house: House, only: Only) -> None:
    house.world.reference.payment_methods["CARD"].bank = ""
    found = only()
    assert (found.place, found.message) == (
        'tender_map."card"',
        "the payment method CARD has no bank account for GBP in the ERP",
    )


def test_a_nominal_code_that_was_switched_off_is_named(house: House, only: Only) -> None:
    house.world.reference.nominals["2230"].active = False
    found = only()
    assert (found.place, found.message) == (
        "nominal_codes.gift_card",
        "the nominal code 2230 is switched off in the ERP",
    )


def test_a_price_list_in_another_currency_is_a_warning(house: House) -> None:
    house.world.reference.price_lists[3].currency = "EUR"
    report = house.check()
    (found,) = report.faults
    assert (found.severity, found.place) == ("warning", "shops[bath].price_list_id")
    assert found.message == "price list 3 (Trade) is in EUR, the shop trades in GBP"
    assert report.safe


def test_prices_with_tax_for_a_till_without_are_a_warning(house: House) -> None:
    report = house.check(("price_list_id = 3", "price_list_id = 2"))
    (found,) = report.faults
    assert (found.severity, found.place) == ("warning", "shops[bath].price_list_id")
    assert found.message.startswith("price list 2 (Retail) holds prices with tax, the till's prices are without tax")
    assert report.safe


def test_a_foreign_currency_of_a_shop_is_a_warning(house: House) -> None:
    report = house.check(('key = "york"', 'key = "york"\ncurrency = "EUR"'))
    assert ("warning", "shops[york].currency") in [(one.severity, one.place) for one in report.faults]


def test_an_installation_without_a_number_is_a_warning_that_names_it(only: Only) -> None:
    found = only(("integration_instance_id = 13", ""))
    assert (found.severity, found.place) == ("warning", "erp.integration_instance_id")
    assert found.message.endswith("the ERP can't tell a repeated order from a new one")
    assert found.advice == "Write 13: then it can."


def test_a_lock_of_past_periods_is_a_warning_and_one_that_covers_today_a_fault(house: House) -> None:
    house.world.switches.set("locked_until", "2026-09-30")
    (past,) = check(house.file(), today=date(2026, 11, 20)).faults
    assert (past.severity, past.message) == ("warning", "the ERP's books are locked until 2026-09-30")
    (today,) = check(house.file(), today=date(2026, 9, 30)).faults
    assert today.severity == "fault"
    assert today.message == "the ERP's books are locked until 2026-09-30: today's sales can't be closed"


def test_a_list_that_may_not_be_read_is_one_fault_and_the_rest_is_still_checked(house: House) -> None:
    fault = {"kind": "error", "route": "*nominal-code*", "status": 403}
    house.world.faults.add(fault)
    found = house.faults(("warehouse_id = 5", "warehouse_id = 55"), ('tip = "2240"', 'tip = "2244"'))
    assert [one.place for one in found] == ["erp", "shops[york].warehouse_id"]
    assert found[0].message.startswith("the ERP does not let us read its nominal codes: ")


# -- the tills -------------------------------------------------------------------------------------


def test_a_bad_square_token_is_told_once_for_all_shops_of_the_account(
    house: House, monkeypatch: pytest.MonkeyPatch, only: Only
) -> None:
    monkeypatch.setenv("SQUARE_ACCESS_TOKEN", "stale")
    found = only()
    assert found.place == "shops[leeds].feed.token_env, shops[london].feed.token_env"
    assert "401 UNAUTHORIZED" in found.message
    assert "SQUARE_ACCESS_TOKEN" in found.message
    assert "stale" not in found.message


def test_a_square_token_that_is_not_set_names_its_variable(
    house: House, monkeypatch: pytest.MonkeyPatch, only: Only
) -> None:
    monkeypatch.delenv("SQUARE_ACCESS_TOKEN")
    found = only()
    assert found.place == "shops[leeds].feed.token_env, shops[london].feed.token_env"
    assert "set SQUARE_ACCESS_TOKEN to the account's access token" in found.message


def test_a_square_tender_that_is_not_mapped_is_a_warning(house: House) -> None:
    found = house.faults(('cash = "CASH"\n', ""))
    assert [(one.severity, one.place, one.message) for one in found] == [
        ("warning", f"shops[{key}].tender_map", "Square's tender CASH is not mapped") for key in ("leeds", "london")
    ]


def test_a_missing_folder_is_named_with_its_full_path(house: House, only: Only) -> None:
    shutil.rmtree(house.home / "drop" / "york")
    found = only()
    assert (found.place, found.message) == (
        "shops[york].feed.folder",
        f"there is no folder {house.home / 'drop' / 'york'}",
    )


def test_a_file_in_place_of_a_folder_is_named(house: House, only: Only) -> None:
    shutil.rmtree(house.home / "drop" / "york")
    (house.home / "drop" / "york").write_text("")
    assert only().message == f"{house.home / 'drop' / 'york'} is a file, not a folder"


@pytest.mark.parametrize(
    ("mode", "severity", "words"),
    [(0o000, "fault", "can't be read"), (0o555, "warning", "is not writable for user number")],
)
def test_rights_of_a_folder_are_looked_at_as_the_user_who_runs_it(mode: int, severity: str, words: str) -> None:
    folder = Path(tempfile.mkdtemp(prefix="till-"))
    folder.chmod(mode)
    try:
        found = _as_nobody(lambda: [astuple(one) for one in folder_faults("here", folder)])
    finally:
        folder.chmod(0o700)
        folder.rmdir()
    assert [(one[0], one[1], words in one[2]) for one in found] == [(severity, "here", True)]


def _as_nobody(act: Callable[[], list[tuple[str, ...]]]) -> list[tuple[str, ...]]:
    """What ``act`` answers when it is run by a user without special rights (root may read everything)."""
    if os.geteuid() != 0:
        return act()
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
            os.write(write, json.dumps(act()).encode())
        finally:
            os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as answer:
        text = answer.read()
    os.waitpid(child, 0)
    return [tuple(one) for one in json.loads(text)]


# -- OAuth -----------------------------------------------------------------------------------------


def test_a_renewed_oauth_token_outlives_the_check(
    house: House, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    (house.home / "home").mkdir(exist_ok=True)
    monkeypatch.setenv("TILLBRIDGE_HOME", str(house.home))  # the ledger's fixture has a home of its own
    config = house.world.config
    form = {"grant_type": "authorization_code", "code": config.authorization_code, "client_id": "tillbridge"}
    _, granted = house.world.oauth.token(form | {"redirect_uri": config.redirect_uri})
    monkeypatch.setenv("TILLBRIDGE_ERP_REFRESH_TOKEN", granted["refresh_token"])
    shops = house.file(('app_ref = "tillbridge"', 'app_ref = "tillbridge"\ndev_ref = "acme"\nauth = "oauth"'))
    assert check(shops, LedgerTokens(ledger)).faults == ()
    assert check(shops, LedgerTokens(ledger)).faults == ()  # the first refresh token was good for one use only
    kept = tokens_of(ledger, "sandbox")
    assert kept is not None
    assert kept.refresh_token != granted["refresh_token"]
