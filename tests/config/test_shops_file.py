"""The shops file: every fault is said with its place and what is wrong, all at once; maps answer as written."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from bp_assets.config import ConfigError, ShopsFile, load, loads
from bp_assets.domain.sale import Line, Tax
from tests.posting.receipts import SHOP_TOML, SHOPS_TOML, changed, shops_file

SHOP = SHOP_TOML.format(key="leeds", warehouse=3, channel=2, contact=201)
GOOD = SHOPS_TOML + SHOP


def faults(text: str) -> list[str]:
    with pytest.raises(ConfigError) as refused:
        loads(text, "shops.toml")
    return str(refused.value).splitlines()


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ('account = "sandbox"', "", "erp.account: is missing"),
        (
            "integration_instance_id = 13",
            "integration_instance_id = 0",
            "erp.integration_instance_id: Input should be greater than 0",
        ),
        ('currency = "GBP"', 'currency = "gbp"', "erp.currency: String should match pattern '^[A-Z]{3}$'"),
        (
            "requests_per_minute = 100000",
            'requests_per_minute = "many"',
            "erp.requests_per_minute: Input should be a valid integer, unable to parse string as an integer",
        ),
        ("timeout_seconds = 10", "timeout_seconds = 0", "erp.timeout_seconds: Input should be greater than 0"),
        (
            "timeout_seconds = 10",
            "product_channels = [2, 3, 2]",
            "erp.product_channels: names channel 2 more than once; each is read once",
        ),
        (
            "timeout_seconds = 10",
            "product_channels = [2, 0]",
            "erp.product_channels[1]: Input should be greater than 0",
        ),
        ("timeout_seconds = 10", "product_channels = 2", "erp.product_channels: Input should be a valid tuple"),
        ('tip = "2240"', "", "nominal_codes.tip: is missing"),
        ('"20" = "T20"', '"20" = 20', "tax_map.20: Input should be a valid string"),
        ('cash = "CASH"', "square = 1", "tender_map.square: Input should be a valid string"),
        ("[tax_map]", "[tax_maps]", "tax_map: is missing"),
        ('key = "leeds"', 'key = "Leeds North"', "shops[0].key: String should match pattern '^[a-z0-9_]{1,32}$'"),
        ("warehouse_id = 3", "warehouse_id = -3", "shops[0].warehouse_id: Input should be greater than 0"),
        ("channel_id = 2", "", "shops[0].channel_id: is missing"),
        (
            'time_zone = "Europe/London"',
            'time_zone = "Europe/Leeds"',
            "shops[0].time_zone: unknown time zone 'Europe/Leeds'; use an IANA name such as Europe/London",
        ),
        (
            'time_zone = "Europe/London"',
            'time_zone = "../etc/passwd"',
            "shops[0].time_zone: unknown time zone '../etc/passwd'; use an IANA name such as Europe/London",
        ),
        ('name = "leeds"', 'name = "Leeds"\ncolour = "red"', "shops[0].colour: is not a known key"),
        ('folder = "drop/leeds"', "", "shops[0].feed.folder: is missing"),
        ('quantity = "q"', 'amount = "q"', "shops[0].feed.columns.quantity: is missing"),
        (
            'unit_price = "p"',
            'sku = "p"',
            "shops[0].feed: columns must name unit_price, net or gross: without one of them a line has no amount",
        ),
        (
            'default_tender = "card"',
            "",
            "shops[0].feed: declare columns.tender_amount or default_tender: how was a receipt paid?",
        ),
        (
            'default_tender = "card"',
            'default_tender = "card"\npattern = "/exports/*.csv"',
            "shops[0].feed: pattern '/exports/*.csv' must name files within the folder, such as \"*.csv\"",
        ),
        (
            'default_tender = "card"',
            'default_tender = "card"\npattern = ""',
            "shops[0].feed: pattern '' must name files within the folder, such as \"*.csv\"",
        ),
        (
            'default_tender = "card"',
            'default_tender = "card"\nreturns = { by = "receipt_prefix" }',
            'shops[0].feed.returns: returns.by = "receipt_prefix" needs returns.prefix',
        ),
        (
            'default_tender = "card"',
            'default_tender = "card"\nreturns = { by = "column", column = "x" }',
            'shops[0].feed.returns: returns.by = "column" needs returns.column and returns.values',
        ),
    ],
)
def test_a_fault_is_named_with_its_place_and_what_is_wrong(old: str, new: str, fault: str) -> None:
    assert GOOD.count(old) == 1 or old.startswith(("currency", "cash"))
    assert f"shops.toml: {fault}" in faults(GOOD.replace(old, new, 1))


def test_a_feed_of_a_system_that_is_not_known_names_those_that_are() -> None:
    (fault,) = faults(GOOD.replace('kind = "file_drop"', 'kind = "abacus"'))
    assert fault.startswith("shops.toml: shops[0].feed: ")
    assert "'square', 'file_drop'" in fault


def test_all_faults_are_listed_at_once() -> None:
    broken = GOOD.replace('account = "sandbox"', "").replace("warehouse_id = 3", 'warehouse_id = "x"')
    broken = broken.replace("Europe/London", "Mars/Base").replace('tip = "2240"', "tips = 1")
    assert [fault.split(": ")[1] for fault in faults(broken)] == [
        "erp.account", "nominal_codes.tip", "nominal_codes.tips", "shops[0].warehouse_id", "shops[0].time_zone",
    ]  # fmt: skip


def test_two_faults_of_one_feed_are_both_said() -> None:
    (fault,) = faults(GOOD.replace('default_tender = "card"', "").replace('unit_price = "p"', 'sku = "p"'))
    assert "a line has no amount; declare columns.tender_amount" in fault


def test_a_shop_whose_entry_is_wrong_can_be_left_out_so_that_it_stops_no_other() -> None:
    other = SHOP_TOML.format(key="bath", warehouse='"six"', channel=5, contact=204).replace("Europe", "Mars")
    file = loads(GOOD + other, "shops.toml", sound_only=True)
    assert [shop.key for shop in file.shops] == ["leeds"]
    assert file.broken == {
        "bath": "shops[1].warehouse_id: Input should be a valid integer, unable to parse string as an integer; "
        "shops[1].time_zone: unknown time zone 'Mars/London'; use an IANA name such as Europe/London"
    }
    assert loads(GOOD, sound_only=True).broken == {}


@pytest.mark.parametrize(
    "text",
    [
        GOOD.replace("Europe/London", "Mars/Base"),  # nobody is left
        GOOD.replace('account = "sandbox"', "") + SHOP.replace("warehouse_id = 3", ""),  # wrong for all as well
        GOOD + SHOP.replace("warehouse_id = 3", ""),  # the key of a sound shop: which of the two is meant?
        GOOD + SHOP.replace('key = "leeds"', "").replace("drop/leeds", "drop/bath"),  # no name to tell it by
    ],
)
def test_what_is_not_the_fault_of_single_shops_is_refused_either_way(text: str) -> None:
    with pytest.raises(ConfigError) as strict:
        loads(text, "shops.toml")
    with pytest.raises(ConfigError) as lenient:
        loads(text, "shops.toml", sound_only=True)
    assert str(lenient.value) == str(strict.value)


def test_no_shops_is_a_fault() -> None:
    assert faults("shops = []\n" + SHOPS_TOML) == ["shops.toml: shops: needs at least one entry"]


def test_a_shop_key_that_stands_twice_and_a_feed_read_twice_are_refused() -> None:
    assert faults(GOOD + SHOP) == ["shops.toml: the file: shop key 'leeds' stands twice; a key is a shop's identity"]
    other = SHOP_TOML.format(key="bath", warehouse=6, channel=5, contact=204)
    doubled = "shops.toml: the file: shop 'bath' reads the same till feed as shop 'leeds'; every sale would double"
    assert faults(GOOD + other.replace("drop/bath", "drop/leeds")) == [doubled]


def test_shops_may_share_a_till_account_but_not_a_location_of_it() -> None:
    account = GOOD.replace('kind = "file_drop"', 'kind = "file_drop"\naccount = "tills"')
    other = SHOP_TOML.format(key="bath", warehouse=6, channel=5, contact=204)
    shared = other.replace('kind = "file_drop"', 'kind = "file_drop"\naccount = "tills"')
    assert {shop.feed_account for shop in loads(account + shared).shops} == {"tills"}
    head, _, _ = other.partition("[shops.feed]")
    square = 'feed = { kind = "square", location_id = "L1" }'
    twins = GOOD + head + square + head.replace("bath", "york") + square
    assert faults(twins) == [
        "shops.toml: the file: shop 'york' reads the same till feed as shop 'bath'; every sale would double"
    ]


def test_two_shops_may_share_a_folder_where_their_patterns_differ() -> None:
    other = SHOP_TOML.format(key="bath", warehouse=6, channel=5, contact=204)
    shared = other.replace("drop/bath", "drop/leeds").replace("default_tender", 'pattern = "bath*"\ndefault_tender')
    assert [shop.key for shop in loads(GOOD + shared).shops] == ["leeds", "bath"]


def test_text_that_is_no_toml_is_said_with_the_line() -> None:
    (fault,) = faults("[erp\naccount = 1")
    assert fault.startswith("shops.toml: not valid TOML: ")
    assert "line 1" in fault


def test_a_secret_in_the_file_is_refused_and_not_repeated() -> None:
    text = GOOD.replace("[nominal_codes]", 'account_token = "s3cr3t-token"\n[nominal_codes]')
    assert faults(text) == ["shops.toml: erp.account_token: is not a known key"]
    assert "s3cr3t-token" not in "\n".join(faults(text))


def test_files_that_are_missing_or_unreadable_say_which(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    missing = tmp_path / "none.toml"
    with pytest.raises(ConfigError, match=r"none\.toml: there is no such file; give one with TILLBRIDGE_CONFIG"):
        load(missing)
    with pytest.raises(ConfigError, match="can't be read"):
        load(tmp_path)
    latin = tmp_path / "latin.toml"
    latin.write_bytes(GOOD.replace('name = "leeds"', 'name = "Café"').encode("latin-1"))
    with pytest.raises(ConfigError, match=r"latin\.toml: can't be read: 'utf-8' codec"):
        load(latin)
    marked = tmp_path / "marked.toml"
    marked.write_bytes(b"\xef\xbb\xbf" + GOOD.encode())
    monkeypatch.setenv("TILLBRIDGE_CONFIG", str(marked))
    assert load().shops[0].key == "leeds"


def test_the_file_of_the_demo_is_valid() -> None:
    shops = load(Path(__file__).parents[2] / "shops.toml")
    assert [shop.key for shop in shops.shops] == ["leeds", "london", "york", "bath"]


def line(*taxes: tuple[str, str]) -> Line:
    charged = tuple(Tax(code=code, rate=Decimal(rate), amount_minor=0, inclusive=True) for code, rate in taxes)
    return Line(line_id="1", quantity=Decimal(1), taxes=charged, net_minor=100, tax_minor=0, gross_minor=100)


def code(shops: ShopsFile, *taxes: tuple[str, str], shop: str = "leeds") -> str | None:
    return shops.tax_code(shops.shop(shop), line(*taxes))


@pytest.mark.parametrize("written", ["20", "20.0", "20.00", "2e1", "+20"])
@pytest.mark.parametrize("charged", ["20", "20.0", "20.000", "2E+1"])
def test_a_rate_is_found_however_either_side_spells_it(written: str, charged: str) -> None:
    shops = loads(GOOD.replace('"20" = "T20"', f'"{written}" = "T20"'))
    assert code(shops, ("", charged)) == "T20"


def test_the_tills_own_name_of_a_tax_goes_before_its_rate() -> None:
    shops = changed(shops_file(), tax_map={"VAT reduced": "T1"})
    assert code(shops, ("VAT reduced", "20")) == "T1"
    assert code(shops, ("VAT unheard of", "20")) == "T20"
    assert code(shops, ("VAT unheard of", "17.5")) is None


def test_several_taxes_on_a_line_are_found_by_joined_names_or_summed_rate() -> None:
    shops = changed(shops_file(), tax_map={"state+city": "T1", "8.875": "T9"})
    assert code(shops, ("state", "4"), ("city", "4.5")) == "T1"
    assert code(shops, ("", "4"), ("", "4.875")) == "T9"
    assert code(shops, ("", "4"), ("", "4.5")) is None


def test_a_line_without_tax_takes_the_zero_code() -> None:
    assert code(shops_file()) == "T0"
    assert code(changed(shops_file(), posting={"zero_rated_code": "T9"})) == "T9"
    assert code(loads(GOOD.replace('"0" = "T0"', ""))) is None


def test_a_shop_overrules_single_entries_of_the_common_maps() -> None:
    own = 'time_zone = "Europe/London"\ntax_map = { "20.0" = "T1" }\ntender_map = { CARD = "PAYPAL" }'
    shops = loads(
        GOOD.replace('time_zone = "Europe/London"', own)
        + SHOP_TOML.format(key="bath", warehouse=6, channel=5, contact=204)
    )
    leeds, bath = shops.shop("leeds"), shops.shop("bath")
    assert (code(shops, ("", "20")), code(shops, ("", "20"), shop="bath")) == ("T1", "T20")
    assert code(shops, ("", "5")) == "T5"
    assert [shops.payment_method(leeds, name) for name in ("card", "Cash")] == ["PAYPAL", "CASH"]
    assert [shops.payment_method(bath, name) for name in ("Card", "cheque")] == ["CARD", None]


def test_an_unknown_shop_is_answered_with_the_known_ones() -> None:
    with pytest.raises(KeyError, match="no shop 'rome' in the shops file; known: leeds, london"):
        shops_file().shop("rome")


def test_addresses_may_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    assert shops_file().erp.url == "http://127.0.0.1:1"
    monkeypatch.setenv("TILLBRIDGE_ERP_URL", "http://127.0.0.1:8400/")
    assert shops_file().erp.url == "http://127.0.0.1:8400"


def with_mode(text: str) -> str:
    return GOOD.replace("time_zone =", f"{text}\ntime_zone =")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('mode = "weekly"', "shops[0].mode: Input should be 'realtime' or 'end_of_day'"),
        ("mode = []", "shops[0].mode: needs at least one entry, or one word: realtime or end_of_day"),
        ('mode = [{ mode = "realtime" }]', "shops[0].mode[0].from: is missing"),
        (
            'mode = [{ from = "2026-11-02", mode = "end_of_day" }, { from = "2026-11-02", mode = "realtime" }]',
            "shops[0].mode: 2026-11-02 stands after 2026-11-02: entries go forward in time, each day has one mode",
        ),
        ('close_at = "25:00"', "shops[0].close_at: Input should be in a valid time format, hour value is outside"),
        ('close_at = "03:00Z"', "shops[0].close_at: is a time in the shop's own time zone, without an offset"),
    ],
)
def test_a_mode_that_can_not_be_is_said_in_one_sentence(text: str, fault: str) -> None:
    (only,) = faults(with_mode(text))
    assert only.startswith(f"shops.toml: {fault}")


def test_each_trading_day_has_the_mode_of_the_last_entry_before_it() -> None:
    text = 'mode = [{ from = "2026-11-01", mode = "end_of_day" }, { from = "2026-11-03", mode = "realtime" }]'
    shop = loads(with_mode(text)).shop("leeds")
    days = [date(2026, 10, 31), date(2026, 11, 1), date(2026, 11, 2), date(2026, 11, 3)]
    assert [shop.mode_on(day) for day in days] == ["realtime", "end_of_day", "end_of_day", "realtime"]


def test_a_day_is_closed_the_next_morning_or_the_same_evening_in_the_shops_own_time() -> None:
    summer = date(2026, 7, 1)
    morning = loads(with_mode('close_at = "03:00"')).shop("leeds").closes_at(summer)
    evening = loads(with_mode('close_at = "22:30"')).shop("leeds").closes_at(summer)
    assert morning == datetime(2026, 7, 2, 2, 0, tzinfo=UTC)
    assert evening == datetime(2026, 7, 1, 21, 30, tzinfo=UTC)
