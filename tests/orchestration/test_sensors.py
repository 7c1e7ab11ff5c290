"""What each sensor asks for, on a real ledger, a real till and a running sandbox: truth is in the ledger."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg
import pytest
import sqlalchemy as sa

from bp_assets.alive import LOCK_CLASS, alive, held
from bp_assets.definitions import defs, resources
from bp_assets.jobs import POSTERS
from bp_assets.ledger.marks import asked
from bp_assets.ledger.runs import makes_way
from bp_assets.ledger.webhooks import handled, hear
from bp_assets.posting.attendants import take_all
from bp_assets.resources import ledger_of
from bp_assets.tills.protocol import Fetch
from sensors import new_sales as new_sales_file
from sensors import unsettled_postings as unsettled_file
from sensors.erp_changes import Asked as HintsAsked
from sensors.erp_changes import erp_changes, hinted
from sensors.new_sales import new_sales
from sensors.run_failures import ADVICE, DEFAULT, advice, failure_of
from sensors.runs import DEAD, Watch, posters
from sensors.unsettled_postings import Asked, Waiting, tables_are_behind, unsettled_postings
from tests.orchestration.house import House


def tick(house: House, sensor: dg.SensorDefinition, cursor: str | None = None) -> Any:
    """One evaluation, as the daemon makes it; ``(jobs to start, cursor, words)``."""
    given = {name: one for name, one in resources().items() if name in sensor.required_resource_keys}
    context = dg.build_sensor_context(
        instance=house.instance, cursor=cursor, resources=given, repository_def=defs.get_repository_def()
    )
    with context:
        result = sensor(context)
    jobs = [request.job_name or sensor.job_name for request in result.run_requests or []]
    return jobs, result.cursor, result.skip_reason.skip_message if result.skip_reason else ""


def started(house: House, job: str = "post_sales") -> dg.DagsterRun:
    """A run that says "started", as one whose process was killed does for ever."""
    found = defs.resolve_job_def(job)
    return house.instance.create_run_for_job(found, status=dg.DagsterRunStatus.STARTED, tags=POSTERS)


@pytest.fixture(autouse=True)
def _asked_lately(house: House) -> None:
    asked(ledger_of(house.home), "leeds")


def test_a_new_receipt_starts_one_posting_run_until_a_run_has_asked_the_till(house: House) -> None:
    jobs, cursor, words = tick(house, new_sales)
    assert (jobs, words) == ([], "nothing new")
    house.drop("1001")
    jobs, cursor, _ = tick(house, new_sales, cursor)
    assert jobs == ["post_sales"]
    assert list(json.loads(cursor)) == ["leeds"]
    # The run died before it took anything: the till's reader has shown its news once, the cursor still knows.
    jobs, cursor, _ = tick(house, new_sales, cursor)
    assert jobs == ["post_sales"]
    house.run("post_sales")
    assert tick(house, new_sales, cursor)[0::2] == ([], "nothing new")


def test_a_till_that_hangs_is_asked_once_and_keeps_neither_the_others_nor_the_process(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    asks, answer = list[threading.Thread](), threading.Event()

    class Hanging:
        def fetch(self, mark: object) -> Fetch:
            asks.append(threading.current_thread())
            answer.wait(60)
            return Fetch((), {})

        def close(self) -> None:
            """Nothing is held open."""

    monkeypatch.setattr(new_sales_file, "_OPEN", new_sales_file._Open())
    monkeypatch.setattr(new_sales_file, "open_till", lambda shop, currency: Hanging())
    monkeypatch.setattr(new_sales_file, "ASK_SECONDS", 0.1)
    for _ in range(3):
        assert tick(house, new_sales)[0::2] == ([], "nothing new; leeds: no answer yet")
    assert [one.daemon for one in asks] == [True]
    answer.set()
    asks[0].join(10)
    assert tick(house, new_sales)[0::2] == ([], "nothing new")
    assert len(asks) == 2


def test_due_sales_start_a_run_whatever_the_tills_say(house: House) -> None:
    house.drop("1001")
    take_all(ledger_of(house.home), house.shops)  # taken, and then the run was killed
    assert tick(house, new_sales)[0] == ["post_sales"]
    house.run("post_sales")
    assert tick(house, new_sales)[0] == []


def test_a_till_that_was_not_asked_for_long_is_asked_by_a_run(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(new_sales_file, "IDLE", datetime.now(UTC) - datetime.now(UTC))
    assert tick(house, new_sales)[0] == ["post_sales"]


def test_a_wrong_shops_file_is_said_and_starts_nothing(house: House) -> None:
    house.config.write_text(house.config.read_text().replace("Europe/London", "Europe/Lundun"))
    jobs, _, words = tick(house, new_sales)
    assert jobs == []
    assert "unknown time zone 'Europe/Lundun'" in words


def status_of(house: House, run: dg.DagsterRun) -> dg.DagsterRunStatus:
    found = house.instance.get_run_by_id(run.run_id)
    assert found is not None
    return found.status


def test_nothing_is_started_while_a_posting_run_lives_and_a_dead_one_is_replaced_in_the_same_tick(house: House) -> None:
    ledger, run, ended = ledger_of(house.home), started(house), started(house)
    house.drop("1001")
    with held(ledger, ended.run_id), held(ledger, run.run_id):
        assert posters(house.instance, ledger) == (2, False)
        assert tick(house, new_sales)[0] == []
    # Both let go of their locks and said so: they may be about to end, nothing is sure.
    assert posters(house.instance, ledger, Watch(second_look_seconds=0)) == (2, False)
    with ledger.begin() as connection:  # as if it had been killed: it never noted its end
        connection.execute(sa.text("update tillbridge.runs set ended_at = null where run_id = :id"), {"id": run.run_id})
    assert posters(house.instance, ledger, Watch(second_look_seconds=0)) == (1, False)
    assert (status_of(house, run), status_of(house, ended)) == (
        dg.DagsterRunStatus.FAILURE,
        dg.DagsterRunStatus.STARTED,
    )
    events = house.instance.all_logs(run.run_id, of_type=dg.DagsterEventType.RUN_FAILURE)
    assert [event.message for event in events] == [DEAD]
    assert posters(house.instance, ledger, Watch(grace_seconds=0)) == (0, False)
    assert tick(house, new_sales)[0] == ["post_sales"]


def test_a_restart_of_postgresql_kills_no_living_run(house: House) -> None:
    ledger, run = ledger_of(house.home), started(house)
    with held(ledger, run.run_id):
        pass
    with ledger.begin() as connection:
        restarted = "update tillbridge.runs set ended_at = null, server_began_at = server_began_at - interval '1 hour'"
        connection.execute(sa.text(restarted))
    assert posters(house.instance, ledger, Watch(second_look_seconds=0)) == (1, False)
    assert status_of(house, run) == dg.DagsterRunStatus.STARTED


def test_a_run_whose_connection_was_cut_has_its_lock_again_before_anybody_looks_twice(house: House) -> None:
    ledger, run = ledger_of(house.home), started(house)
    with held(ledger, run.run_id):
        with ledger.begin() as connection:
            cut = "select count(pg_terminate_backend(pid)) from pg_locks where locktype = 'advisory' and classid = :c"
            assert connection.scalar(sa.text(cut), {"c": LOCK_CLASS}) == 1
        assert posters(house.instance, ledger) == (1, False)
        assert alive(ledger, [run.run_id]) == {run.run_id}
    assert status_of(house, run) == dg.DagsterRunStatus.STARTED


def test_the_next_run_starts_before_the_time_of_the_first_is_over_while_shops_trade(house: House) -> None:
    ledger, run = ledger_of(house.home), started(house)
    with held(ledger, run.run_id):
        makes_way(ledger, run.run_id, datetime.now(UTC) + timedelta(seconds=60))
        house.drop("1001")
        take_all(ledger, house.shops)
        assert tick(house, new_sales)[0] == []
        makes_way(ledger, run.run_id, datetime.now(UTC) - timedelta(seconds=1))
        assert tick(house, new_sales)[0] == ["post_sales"]
        with ledger.begin() as connection:
            connection.execute(sa.text("update tillbridge.inbox set received_at = now() - interval '1 hour'"))
        assert tick(house, new_sales)[0] == []  # at night a run ends and none follows
        with ledger.begin() as connection:
            connection.execute(sa.text("update tillbridge.inbox set received_at = now()"))
        started(house)  # the next one is on its way
        assert tick(house, new_sales)[0] == []


def test_a_run_that_ends_is_not_taken_for_dead() -> None:
    watch = Watch(grace_seconds=30)
    assert watch.dead(["a"], ["a"], now=0) == []
    assert watch.dead(["a"], [], now=10) == []  # its lock is gone, its end not yet written
    assert watch.dead(["a"], ["a"], now=20) == []  # PostgreSQL was restarted: it has its lock again
    assert watch.dead(["a", "b"], [], now=45) == []
    assert watch.dead(["a", "b"], ["b"], now=74) == []
    assert watch.dead(["a", "b"], ["b"], now=75) == ["a"]


def test_unsent_and_unread_sales_start_their_jobs(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unsettled_file, "UNSENT_SECONDS", 0)
    jobs, cursor, words = tick(house, unsettled_postings)
    assert (jobs, words) == ([], "0 due and unsent, 0 posted and not read back; nothing to start")
    house.drop("1001")
    take_all(ledger_of(house.home), house.shops)
    jobs, cursor, _ = tick(house, unsettled_postings, cursor)
    assert jobs == ["post_sales", "read_back"]  # the tables do not know the receipt yet
    house.run("post_sales")
    jobs, cursor, words = tick(house, unsettled_postings, cursor)
    assert (jobs, words) == ([], "0 due and unsent, 1 posted and not read back; nothing to start")  # asked just now


def test_tables_are_asked_for_when_something_moved_but_not_all_the_time() -> None:
    asked_then = Asked(newest=7, at=1000.0)
    assert tables_are_behind(Waiting(0, 0, 8), asked_then, now=1060.0)
    assert not tables_are_behind(Waiting(0, 0, 8), asked_then, now=1059.0)
    assert not tables_are_behind(Waiting(0, 0, 7), asked_then, now=9999.0)
    assert not tables_are_behind(Waiting(0, 3, 7), asked_then, now=1299.0)
    assert tables_are_behind(Waiting(0, 3, 7), asked_then, now=1300.0)


def test_hints_start_the_job_that_reads_what_they_are_about(house: House) -> None:
    ledger = ledger_of(house.home)
    jobs, cursor, _ = tick(house, erp_changes)
    assert jobs == ["refresh_products"]  # a new installation fills itself
    assert tick(house, erp_changes, cursor)[0] == []
    hear(ledger, "brightpearl", "product.modified.on-hand-modified", "1010", {})
    third = hear(ledger, "brightpearl", "order.modified.order-status", "100001", {})
    jobs, cursor, _ = tick(house, erp_changes, cursor)
    assert jobs == ["read_back", "refresh_stock"]
    assert tick(house, erp_changes, cursor)[0] == []  # still open, but answered a moment ago
    handled(ledger, [third - 1, third])
    hear(ledger, "brightpearl", "product.created", "1999", {})
    assert tick(house, erp_changes, cursor)[0] == ["refresh_products"]


def test_a_hint_whose_run_failed_is_answered_again() -> None:
    asked_then = HintsAsked(hints={"refresh_stock": (5, 1000.0)})
    hint = [(5, "product.modified.on-hand-modified")]
    assert hinted(hint, asked_then, now=1119.0) == set()
    assert hinted(hint, asked_then, now=1120.0) == {"refresh_stock"}
    assert hinted(hint, asked_then, now=1121.0) == set()


def test_hints_that_never_end_have_stock_read_once_a_minute() -> None:
    asked = HintsAsked()
    starts = [now for now in range(1000, 1180) if hinted([(now, "product.modified.on-hand-modified")], asked, now)]
    assert starts == [1000, 1060, 1120]
    assert hinted([(1181, "product.modified")], asked, 1181.0) == {"refresh_products"}
    assert hinted([(1182, "product.modified")], asked, 1182.0) == {"refresh_products"}  # rare: at once


def test_a_look_at_the_erp_finds_what_no_hint_told(house: House) -> None:
    then = json.dumps({"swept": datetime.now(UTC).timestamp() - 301, "hints": {}})
    with house.requests() as looked:
        jobs, cursor, _ = tick(house, erp_changes, then)
    assert jobs == ["refresh_products", "refresh_stock"]  # the sandbox's range was made a moment ago
    assert sum(looked.values()) == 2
    with house.requests() as quiet:
        assert tick(house, erp_changes, cursor)[0] == []
    assert sum(quiet.values()) == 0


def test_a_failure_is_told_with_its_first_cause_and_what_to_do() -> None:
    class Error:
        def __init__(self, cls_name: str, message: str, cause: Any = None) -> None:
            self.cls_name, self.message, self.cause = cls_name, message, cause

    now = datetime(2026, 11, 20, 12, tzinfo=UTC)
    error = Error("DagsterExecutionStepExecutionError", "step", Error("ConfigError", "shops.toml: erp is missing\n"))
    line = failure_of("post_sales", "run-1", "it failed", error, now)
    assert line["message"] == "shops.toml: erp is missing"
    assert (line["error"], line["what_to_do"]) == ("ConfigError", ADVICE["ConfigError"])
    assert advice(["ValueError"]) == DEFAULT
