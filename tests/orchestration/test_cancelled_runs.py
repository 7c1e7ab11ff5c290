"""A posting run that a person cancels in Dagster finishes its wave and then stands there as cancelled."""

from __future__ import annotations

import os
import signal
import threading

import dagster as dg
import httpx

from bp_assets.definitions import defs
from tests.orchestration.daemon import await_
from tests.orchestration.house import House


def test_a_cancelled_run_finishes_its_wave_and_is_cancelled(house: House) -> None:
    house.drop("1001")
    slow = {"faults": [{"kind": "slow", "seconds": 0.5, "route": "POST *", "count": 1}]}
    httpx.post(f"{house.sandbox.url}/sandbox/faults", json=slow, timeout=10).raise_for_status()

    def cancel() -> None:
        """What Dagster does: the run is marked, then its process gets a signal."""
        await_("a call is under way", lambda: house.ledger_rows("select 1 from tillbridge.steps where outcome is null"))
        (run,) = house.instance.get_runs()
        house.instance.report_run_canceling(run)
        os.kill(os.getpid(), signal.SIGINT)

    person = threading.Thread(target=cancel)
    person.start()
    job = defs.resolve_job_def("post_sales")
    config = {"ops": {"take_and_post": {"config": {"linger_seconds": 120}}}}
    result = job.execute_in_process(instance=house.instance, run_config=config, raise_on_error=False)
    person.join()
    run = house.instance.get_run_by_id(result.run_id)
    assert run is not None and run.status == dg.DagsterRunStatus.CANCELED
    assert house.ledger_rows("select state from tillbridge.postings") == [("posted",)]
    (told,) = house.instance.fetch_materializations(dg.AssetKey("postings"), limit=5).records
    assert told.asset_materialization is not None
    said = {name: value.value for name, value in told.asset_materialization.metadata.items()}
    assert (said["received"], said["posted"], said["rejected"], said["waiting"]) == (1, 1, 0, 0)
    assert said["requests_by_lane"].keys() <= {"posting", "changes"}
    assert 0 < said["captured_to_posted_p50"] == said["captured_to_posted_max"]
