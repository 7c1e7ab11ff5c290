"""The command and the asset: what a person sees, exit codes, and what Dagster is told."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest
from typer.testing import CliRunner

from bp_assets import catalog
from bp_assets.cli import export as command
from bp_assets.cli.app import app
from bp_assets.cli.failing import told
from bp_assets.cli.state import NoState
from bp_assets.config import Home
from bp_assets.export.assets import ForecastingExport, forecasting_export
from bp_assets.export.errors import NotFilled
from bp_assets.export.manifest import read as manifest_of
from bp_assets.export.sheets import tables_read
from bp_assets.lake.connect import Lake
from bp_assets.resources import LakeResource
from bp_assets.schedules import forecasting_export_daily


def test_the_command_says_what_stands_where(
    filled: Lake, to: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TILLBRIDGE_HOME", str(filled.home.root))
    snapshot = filled.read("SELECT id FROM lake.current_snapshot()").item()
    for told_of in (", no personal data: ", ", where it stood already"):
        assert command.run(filled.home.root, to, "tsv", with_contacts=False, keep=3) == 0
        shown = capsys.readouterr().out
        assert told_of in shown
        assert "27 files, 50 rows, " in shown
        assert f"As of 2026-03-02T12:00:00.000Z, lake snapshot {snapshot}. " in shown
        assert str((to / "current").resolve()) in shown


def test_mistakes_are_one_message_and_exit_code_2(
    home: Home, lake: Lake, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(NotFilled) as nothing:
        command.run(home.root, tmp_path / "sets", "tsv", with_contacts=False, keep=3)
    capsys.readouterr()
    assert told(nothing.value) == 2
    shown = capsys.readouterr().err
    assert shown.startswith("Never filled: products, product_custom_fields, ")
    assert shown.count("\n") == 1
    unknown = CliRunner().invoke(app, ["export", "forecasting", "--format", "xlsx", "--to", str(tmp_path)])
    assert unknown.exit_code == 2
    assert "'xlsx' is not one of 'tsv', 'parquet'" in " ".join(unknown.output.replace("│", "").split())


def test_without_a_ledger_the_command_says_so_and_makes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TILLBRIDGE_DATABASE_URL", raising=False)
    with pytest.raises(NoState, match="There is no ledger in "):
        command.run(tmp_path / "nowhere", tmp_path / "sets", "tsv", with_contacts=False, keep=3)
    assert list(tmp_path.iterdir()) == []


def test_the_asset_writes_below_the_home_and_tells_what_it_wrote(filled: Lake) -> None:
    config = ForecastingExport(format="parquet")
    done = forecasting_export(dg.build_asset_context(), config, lake=LakeResource(root=str(filled.home.root)))
    told_of = done.metadata
    place = Path(told_of["path"].value)
    assert place.parent == filled.home.exports / "forecasting-parquet"
    found = manifest_of(place)
    assert found is not None and found.holds(place)
    assert (told_of["dagster/row_count"], told_of["renewed"]) == (50, True)
    assert "| Brightpearl_Orders.parquet | 2 |" in told_of["files"].value


def test_the_nightly_export_is_skipped_until_the_erp_was_pulled(home: Home, lake: Lake) -> None:
    def tick() -> dg.SkipReason | dg.RunRequest:
        with dg.build_schedule_context(resources={"lake": LakeResource(root=str(home.root))}) as context:
            return forecasting_export_daily(context)  # type: ignore[return-value]  # one of the two

    asked = tick()
    assert isinstance(asked, dg.SkipReason)
    assert asked.skip_message is not None and asked.skip_message.startswith("never filled: products, ")
    read = "insert into lake_marks by name select unnest(?) as table_name, 'null' as mark, now() as as_of, 0 as rows"
    lake.write(lambda writer: writer.connection.execute(read, [list(tables_read())]))
    assert isinstance(tick(), dg.RunRequest)


def test_the_asset_comes_after_every_table_it_reads_and_no_personal_one() -> None:
    deps = {dep.asset_key.to_user_string() for dep in forecasting_export.get_asset_spec().deps}
    assert {"orders", "order_rows", "products", "stock_levels", "partial_fulfillments"} <= deps
    assert deps & {"contacts", "contact_postal_addresses", "order_parties"} == set()
    assert forecasting_export.key == catalog.key("forecasting_export")
