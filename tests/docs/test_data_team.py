"""``docs/data-team.md`` names what the code has, and nothing else. Read: both. Written: nothing."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import dagster as dg
import yaml

from bp_assets.definitions import defs
from bp_assets.jobs import ALONE, JOBS, POSTER
from bp_assets.schedules import SCHEDULES
from checks.playbook import CHECKS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "data-team.md").read_text(encoding="utf-8")
ALL_DOCS = PAGE + (ROOT / "README.md").read_text(encoding="utf-8")
VARIABLE = r"TILLBRIDGE_[A-Z_]*[A-Z]|SQUARE_ACCESS_TOKEN"


def section(title: str) -> str:
    found = re.search(rf"^##+ {re.escape(title)}\n(.*?)(?=^##+ |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert found, title
    return found[1]


def rows(title: str) -> list[list[str]]:
    """The cells of the tables of a section, without head and rule."""
    lines = [line for line in section(title).splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[2:]]


def named(text: str) -> set[str]:
    return set(re.findall(r"`([a-z_]+)`", text))


def test_every_asset_stands_in_its_group_and_no_other_is_named() -> None:
    documented: dict[str, set[str]] = {}
    for group, assets, _ in rows("The shape"):
        documented.setdefault(group, set()).update(named(assets))
    real: dict[str, set[str]] = {}
    for spec in defs.resolve_all_asset_specs():
        real.setdefault(str(spec.group_name), set()).add(spec.key.to_user_string())
    assert documented == real


def test_every_job_is_named_with_what_it_must_be_alone_for() -> None:
    documented = {row[0].strip("`"): row[1] for row in rows("Jobs")}
    real = {job.name: (job.tags or {}).get(ALONE) or "poster" * (POSTER in (job.tags or {})) for job in JOBS}
    assert documented == real


def test_every_schedule_is_named_with_its_cron_and_job() -> None:
    documented = {row[0].strip("`"): (row[1].strip("`"), row[2].split("`")[1]) for row in rows("Schedules")}
    real = {one.name: (one.cron_schedule, one.job_name) for one in SCHEDULES}
    assert documented == real


def test_every_sensor_is_named_with_its_interval_and_what_it_starts() -> None:
    documented = {row[0].strip("`"): (row[1], named(row[2])) for row in rows("Sensors")}
    real = {}
    for sensor in defs.sensors or ():
        assert isinstance(sensor, dg.SensorDefinition)
        starts = {target.job_name for target in sensor.targets}
        real[sensor.name] = (f"{sensor.minimum_interval_seconds} s", starts)
    assert documented == real


def test_every_check_is_named() -> None:
    assert {check.name for check in CHECKS} <= named(section("Checks"))


def test_every_environment_variable_is_documented_and_every_documented_one_is_used() -> None:
    used: set[str] = set()
    for room in ("bp_assets", "sensors", "checks", "sandbox", "benchmarks", "tests"):
        for path in (ROOT / room).rglob("*.py"):
            # Names that stand alone as a string: what is looked up. Names in a sentence are advice.
            used |= {text for text in _texts(path) if re.fullmatch(VARIABLE, text)}
    storage = yaml.safe_load((ROOT / "dagster.yaml").read_text(encoding="utf-8"))["storage"]
    used.add(storage["postgres"]["postgres_url"]["env"])
    tests_only = {"TILLBRIDGE_TEST_URL"}
    documented = {row[0].strip("`") for row in rows("Environment variables")}
    assert used - tests_only == documented
    assert set(re.findall(VARIABLE, ALL_DOCS)) <= documented


def _texts(path: Path) -> set[str]:
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    return {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}


def test_run_configuration_in_the_page_is_what_the_ops_take() -> None:
    fields: dict[str, set[str]] = {}
    for job in JOBS:
        resolved = defs.resolve_job_def(job.name)
        for op in resolved.all_node_defs:
            schema = op.config_schema.as_field().config_type  # type: ignore[attr-defined]  # nodes here are ops
            fields.setdefault(op.name, set()).update(getattr(schema, "fields", None) or {})
    assert {"all_days"} <= fields["sales_reconciliation"] & fields["daily_takings"]
    assert fields["posted"] == {"again_days"}
    assert fields["till_tables"] == {"ask_tills"}
    assert fields["products"] == fields["prices"] == fields["stock_levels"] == {"full", "accept_deletions"}
    assert fields["take_and_post"] == {"linger_seconds"}
    assert fields["retry_rejected_sales"] == {"shop", "reason_code", "sale_ids"}
    for name in set().union(*fields.values()):
        assert f"`{name}" in PAGE, name


def test_every_file_the_page_names_exists() -> None:
    paths = set(re.findall(r"`((?:bp_assets|checks|sensors|sandbox|tests)/[\w/]*(?:\.py)?)`", PAGE))
    assert len(paths) > 12
    assert [path for path in sorted(paths) if not (ROOT / path).exists()] == []


def test_names_of_code_in_the_page_exist() -> None:
    from bp_assets.brightpearl.webhooks import ensure_webhooks
    from bp_assets.definitions import ASSETS
    from bp_assets.lake.connect import Lake
    from bp_assets.lake.freshness import FRESHNESS
    from bp_assets.tills.protocol import Till
    from checks.asset_checks import CHECKS as wrapped
    from checks.context import found

    assert ASSETS and wrapped and FRESHNESS and callable(found) and callable(Lake.open) and callable(ensure_webhooks)
    assert {name for name in vars(Till) if not name.startswith("_")} == {
        "fetch", "control_totals", "problems", "close",
    }  # fmt: skip
