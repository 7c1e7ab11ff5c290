"""The checks as Dagster runs them: on a real lake, with findings stored, and each on an asset that exists."""

from __future__ import annotations

import re
from pathlib import Path

import dagster as dg
import pytest

from bp_assets.catalog import key
from bp_assets.config.home import Home
from bp_assets.finance.reconciliation import reconciliation
from bp_assets.finance.takings import takings
from bp_assets.lake.connect import Lake
from bp_assets.lake.tables import TABLES
from bp_assets.resources import LakeResource, ShopsResource
from checks.asset_checks import CHECKS
from checks.playbook import BY_NAME
from tests.builders import NOW, SHOPS_TOML, Books


@pytest.fixture
def lake(home: Home) -> Lake:
    return LakeResource(root=str(home.root)).open()


@pytest.fixture
def definitions(home: Home, tmp_path: Path) -> dg.Definitions:
    """All checks over assets that are only described: the tables are filled by the test."""
    shops = tmp_path / "shops.toml"
    shops.write_text(SHOPS_TOML, encoding="utf-8")
    return dg.Definitions(
        assets=[dg.AssetSpec(key(table.name)) for table in TABLES],
        asset_checks=list(CHECKS),
        jobs=[
            dg.define_asset_job("checks", dg.AssetSelection.all_asset_checks()),
            dg.define_asset_job(
                "sales", dg.AssetSelection.checks(dg.AssetCheckKey(key("posting_log"), "unposted_sales"))
            ),
        ],
        resources={"lake": LakeResource(root=str(home.root)), "shops": ShopsResource(path=str(shops))},
    )


@pytest.fixture
def job(definitions: dg.Definitions) -> dg.JobDefinition:
    return definitions.resolve_job_def("checks")


@pytest.fixture
def sales_job(definitions: dg.Definitions) -> dg.JobDefinition:
    """``unposted_sales`` alone."""
    return definitions.resolve_job_def("sales")


def poured(books: Books, lake: Lake) -> None:
    """The books' tables into the lake, with today's marks."""
    for name, frame in (
        ("sales_reconciliation", reconciliation(books.connection, books.shops, NOW)),
        ("daily_takings", takings(books.connection, books.shops, NOW)),
    ):
        books.connection.register("made", frame)
        books.sql(f"insert into {name} select * from made")
    with lake.transaction() as writer:
        for table in (one for one in TABLES if not one.view):
            frame = books.connection.execute(f"select * from {table.sql}").pl()
            if frame.height:
                writer.replace(table.name, frame)
            writer.set_mark(table.name, 1)


def verdicts(job: dg.JobDefinition) -> dict[tuple[str, str], dg.AssetCheckEvaluation]:
    run = job.execute_in_process()
    return {(found.check_name, found.asset_key.path[-1]): found for found in run.get_asset_check_evaluations()}


def test_a_sound_day_passes_every_check_on_a_real_lake(books: Books, lake: Lake, job: dg.JobDefinition) -> None:
    books.receipt("leeds 1001 2026-11-20\n2 MUG 12.00 20%\ncard 12.00")
    books.post("1001")
    poured(books, lake)
    found = verdicts(job)
    assert [place for place, verdict in found.items() if not verdict.passed] == []
    assert {name for name, _ in found} == set(BY_NAME)
    assert lake.read("select count(*) as n from findings")["n"].to_list() == [0]


def test_planted_defects_fail_their_check_alone_and_stand_in_the_findings(
    books: Books, lake: Lake, job: dg.JobDefinition
) -> None:
    books.receipt("leeds 1001 2026-11-20\n2 MUG 12.00 20%\ncard 12.00")
    books.post("1001")
    books.sql("update posted_goods set quantity = 1")
    books.receipt("leeds 1002 2026-11-20\n1 MUG 6.00 20%\ncard 6.00", state="rejected", reason_code="erp_refused")
    books.sql("update posted_payments set type = 'GIFT', signed_amount = -12")
    poured(books, lake)
    found = verdicts(job)
    failed = {place: verdict.severity.value for place, verdict in found.items() if not verdict.passed}
    assert failed == {
        ("unposted_sales", "posting_log"): "WARN",
        ("stock_drift", "stock_levels"): "ERROR",
        ("contracts", "posted_payments"): "ERROR",
    }
    assert found["stock_drift", "stock_levels"].description == "2 findings: 1 unexplained, 1 parked"
    assert (
        "| MUG | Leeds | 3 | 1 | 2 | 0 | 1 | 0 | 0 | 1 |"
        in found["stock_drift", "stock_levels"].metadata["differences"].value
    )
    stored = lake.read("select check_name, kind, receipt_number from findings order by all").rows()
    assert stored == [
        ("contracts", "value", ""),
        ("stock_drift", "parked", "1002"),
        ("stock_drift", "unexplained", "1001"),
        ("unposted_sales", "rejected", "1002"),
    ]


def test_findings_of_a_check_go_when_their_cause_is_gone(books: Books, lake: Lake, sales_job: dg.JobDefinition) -> None:
    books.receipt("leeds 1001 2026-11-20\n2 MUG 12.00 20%\ncard 12.00", state="rejected", reason_code="erp_refused")
    poured(books, lake)
    verdicts(sales_job)
    assert lake.read("select check_name from findings").rows() == [("unposted_sales",)]
    with lake.transaction() as writer:
        writer.connection.execute("update pos_transactions set state = 'excluded'")
    verdicts(sales_job)
    assert lake.read("select check_name from findings").rows() == []


def test_every_check_stands_on_an_asset_that_exists() -> None:
    known = {key(table.name) for table in TABLES}
    for check in CHECKS:
        for spec in check.check_specs:
            assert spec.asset_key in known
            assert {dependency.asset_key for dependency in spec.additional_deps} <= known
            assert spec.blocking is False
            assert re.fullmatch(r"[a-z_]+", spec.name)


def test_a_finding_keeps_when_it_was_first_seen_over_two_runs(
    books: Books, lake: Lake, sales_job: dg.JobDefinition
) -> None:
    books.receipt("leeds 1001 2026-11-20\n2 MUG 12.00 20%\ncard 12.00", state="rejected", reason_code="erp_refused")
    poured(books, lake)
    verdicts(sales_job)
    ((first, seen),) = lake.read("select first_seen, last_seen from findings").rows()
    verdicts(sales_job)
    ((still, later),) = lake.read("select first_seen, last_seen from findings").rows()
    assert still == first == seen < later
