"""The sensors that keep shop_health and the published file up to date: what they start, and how seldom."""

import json
from typing import Any

import dagster as dg
import pytest

from bp_assets.alive import alive
from bp_assets.catalog import key
from bp_assets.config import Home
from bp_assets.definitions import defs, resources
from bp_assets.ledger import marks
from bp_assets.ledger.connection import Ledger
from bp_assets.ledger.runs import known
from sensors import shop_states as shop_states_file
from sensors.checked import checked, ran_checks
from sensors.shop_states import Seen, changed, shop_states


def tick(cursor: str | None = None) -> Any:
    """One evaluation; ``(why a run is wanted, or nothing; cursor; words)``."""
    given = {name: one for name, one in resources().items() if name in ("ledger", "shops")}
    with (
        dg.DagsterInstance.ephemeral() as instance,
        dg.build_sensor_context(instance=instance, cursor=cursor, resources=given) as context,
    ):
        result: Any = shop_states(context)
    why = [request.tags["tillbridge/why"] for request in result.run_requests or []]
    return why, result.cursor, result.skip_reason.skip_message if result.skip_reason else ""


def test_a_change_of_state_is_told_in_words_and_the_same_states_are_none() -> None:
    seen = Seen({"leeds": "healthy", "york": "till_failing", "bath": "healthy"}, 1.0)
    assert changed(seen, {"leeds": "till_resting", "york": "till_failing", "hull": "healthy"}) == [
        "bath: healthy → gone", "hull: new → healthy", "leeds: healthy → till_resting",
    ]  # fmt: skip
    assert changed(seen, dict(seen.states)) == []


def test_a_till_that_begins_to_fail_starts_one_run_and_not_again_within_a_minute(
    ledger: Ledger, home: Home, shops_path: None, monkeypatch: Any
) -> None:
    for shop in ("leeds", "auckland"):
        marks.asked(ledger, shop)
    why, cursor, _ = tick()
    assert why == ["auckland: new → healthy; leeds: new → healthy"]
    assert tick(cursor)[0::2] == ([], "every shop stands as before")
    marks.ask_failed(ledger, "leeds", "away", kind="unreachable", state="resting")
    why, still, words = tick(cursor)
    assert (why, still, words) == ([], None, "leeds: healthy → till_resting")
    monkeypatch.setattr(shop_states_file, "AT_MOST_EVERY", 0)
    why, cursor, _ = tick(cursor)
    assert why == ["leeds: healthy → till_resting"]
    assert tick(cursor)[0] == []
    assert json.loads(cursor)["states"] == {"auckland": "healthy", "leeds": "till_resting"}
    monkeypatch.setattr(shop_states_file, "AT_LEAST_EVERY", 0)
    assert tick(cursor)[0] == ["every shop stands as before"]


def test_a_file_that_is_wrong_for_all_is_said_and_one_wrong_shop_is_a_state_of_that_shop(
    ledger: Ledger, home: Home, shops_path: None
) -> None:
    file = home.root / "shops.toml"
    sound = file.read_text()
    file.write_text(sound.replace("[erp]", "[erp]\nspeed = 1"))
    why, _, words = tick()
    assert why == [] and "erp.speed: is not a known key" in words
    file.write_text(sound.replace("Europe/London", "Europe/Lundun", 1))
    (why, *_), _, _ = tick()
    assert "leeds: new → misconfigured" in why and why.count("misconfigured") == 1


def test_the_job_that_the_sensor_starts_fills_the_table_and_runs_its_check(
    ledger: Ledger, home: Home, shops_path: None
) -> None:
    marks.asked(ledger, "leeds")
    with dg.DagsterInstance.ephemeral() as instance:
        done = defs.resolve_job_def("watch_shops").execute_in_process(instance=instance)
        (verdict,) = done.get_asset_check_evaluations()
        assert (verdict.check_name, verdict.passed) == ("shop_health", False)
        assert verdict.description == "1 finding: 1 not_asked; 0.00 GBP"
        run = done.dagster_run
        event = instance.all_logs(run.run_id, of_type=dg.DagsterEventType.RUN_SUCCESS)[0].dagster_event
        context = dg.build_run_status_sensor_context(
            sensor_name="checked", dagster_instance=instance, dagster_run=run, dagster_event=event
        )
        request: Any = checked(context)
    assert request.tags == {"tillbridge/why": f"checks of run {run.run_id}"}


def test_runs_that_check_are_told_by_job_or_by_what_somebody_clicked() -> None:
    click = frozenset({dg.AssetCheckKey(key("posting_log"), "unposted_sales")})
    assert ran_checks(dg.DagsterRun(job_name="close_day"))
    assert ran_checks(dg.DagsterRun(job_name="__ASSET_JOB", asset_check_selection=click))
    assert not ran_checks(dg.DagsterRun(job_name="__ASSET_JOB", asset_check_selection=frozenset()))
    assert not ran_checks(dg.DagsterRun(job_name="read_back"))


@pytest.mark.parametrize("needed", [{"lake"}, {"ledger"}, {"lake", "ledger"}])
def test_a_step_is_seen_at_work_whichever_of_ledger_and_lake_it_uses(
    ledger: Ledger, home: Home, needed: set[str]
) -> None:
    seen: list[bool] = []

    @dg.op(required_resource_keys=needed)
    def works(context: dg.OpExecutionContext) -> None:
        seen.append(alive(ledger, [context.run_id]) == {context.run_id})

    @dg.job(resource_defs=dict(resources()))
    def working() -> None:
        works()

    done = working.execute_in_process()
    assert seen == [True]
    assert alive(ledger, [done.run_id]) == set()
    (note,) = known(ledger, [done.run_id]).values()
    assert note.ended
