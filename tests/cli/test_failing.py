"""A person's mistake is one message, our own mistake one line and a log; never a stack trace unless it is asked for."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from bp_assets.brightpearl.errors import ErpUnavailable
from bp_assets.cli import failing
from bp_assets.lake.errors import LakeBusy
from sandbox.config import SandboxConfig
from sandbox.server import running
from tests.cli.shop_day import shops_file
from tests.cli.terminal import ROOT, tillbridge


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder without state, and no variable that points to another."""
    for name in ("TILLBRIDGE_DATABASE_URL", "TILLBRIDGE_HOME", "TILLBRIDGE_CONFIG", "TILLBRIDGE_DEBUG"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.mark.parametrize("command", [("sql", ".tables"), ("status",)])
def test_a_home_without_state_is_told_and_nothing_is_made(nowhere: Path, command: tuple[str, ...]) -> None:
    done = tillbridge(*command, cwd=nowhere)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        f"There is no ledger in {nowhere}/.tillbridge yet, so there is nothing to show. "
        "Run `tillbridge refresh` or `tillbridge demo` first.\n"
    )
    assert list(nowhere.iterdir()) == []


def test_the_state_of_the_demo_is_pointed_to(nowhere: Path) -> None:
    (nowhere / ".tillbridge" / "demo" / "postgres").mkdir(parents=True)
    (nowhere / ".tillbridge" / "demo" / "postgres" / "PG_VERSION").write_text("16\n")
    done = tillbridge("status", cwd=nowhere)
    assert done.returncode == 2
    assert done.stderr.endswith("There is state below: add --home .tillbridge/demo.\n")


def test_a_missing_shops_file_is_told(nowhere: Path) -> None:
    done = tillbridge("preflight", cwd=nowhere)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "shops.toml: there is no such file; give one with TILLBRIDGE_CONFIG or --config\n"


def test_every_fault_of_an_unusable_file_is_told_as_text_and_as_json(nowhere: Path) -> None:
    file = shops_file(nowhere, ('currency = "GBP"', 'currency = "pounds"'), ('time_zone = "Europe/London"', ""))
    done = tillbridge("preflight", "--config", str(file), cwd=nowhere)
    assert (done.returncode, done.stdout) == (2, "")
    first, second = done.stderr.splitlines()
    assert first.startswith(f"{file}: erp.currency: ")
    assert second == f"{file}: shops[0].time_zone: is missing"
    told = tillbridge("preflight", "--config", str(file), "--json", cwd=nowhere)
    report = json.loads(told.stdout)
    assert (told.returncode, report["safe"], report["checked"]) == (2, False, {})
    assert [fault["message"] for fault in report["faults"]] == [first, second]


def test_a_ledger_that_does_not_answer_is_told_without_its_password(nowhere: Path) -> None:
    url = "postgresql://ann:s3cret@127.0.0.1:1/tills"
    done = tillbridge("status", cwd=nowhere, TILLBRIDGE_DATABASE_URL="mysql://ann:s3cret@127.0.0.1/tills")
    assert done.returncode == 2
    assert done.stderr.startswith("TILLBRIDGE_DATABASE_URL names mysql; the ledger needs PostgreSQL")
    gone = tillbridge("sql", ".tables", cwd=nowhere, TILLBRIDGE_DATABASE_URL=url)
    assert gone.returncode == 2
    assert len(gone.stderr.splitlines()) == 1
    assert "Check that PostgreSQL runs" in gone.stderr
    assert "s3cret" not in done.stderr + gone.stderr


def test_replay_without_the_sandbox_is_refused(nowhere: Path) -> None:
    done = tillbridge("replay", "x.csv", cwd=nowhere)
    assert done.returncode == 2
    assert done.stderr.startswith("replay posts to a sandbox only: add --sandbox.")


def test_a_misspelt_command_is_guessed(nowhere: Path) -> None:
    done = tillbridge("statsu", cwd=nowhere)
    assert done.returncode == 2
    assert "No such command 'statsu'. Did you mean 'status'?" in done.stderr


def test_preflight_exits_by_what_it_found(nowhere: Path) -> None:
    (nowhere / "drop" / "leeds").mkdir(parents=True)
    with running(SandboxConfig(port=0)) as server:
        settings = {"TILLBRIDGE_ERP_URL": server.url, "TILLBRIDGE_ERP_TOKEN": "sandbox-token"}
        file = shops_file(nowhere)
        safe = tillbridge("preflight", "-c", str(file), "--home", str(nowhere), cwd=nowhere, **settings)
        assert (safe.returncode, safe.stderr) == (0, "")
        assert safe.stdout == "Safe to go live (1 shop, 202 products, 16 requests to the ERP, nothing written).\n"
        shops_file(nowhere, ("warehouse_id = 3", "warehouse_id = 33"))
        wrong = tillbridge("preflight", "-c", str(file), "--home", str(nowhere), "--json", cwd=nowhere, **settings)
        assert wrong.returncode == 1
        (fault,) = json.loads(wrong.stdout)["faults"]
        assert (fault["place"], fault["message"]) == ("shops[leeds].warehouse_id", "the ERP has no warehouse 33")
        assert {route.split()[0] for route in httpx.get(f"{server.url}/sandbox/books").json()["requests"]} == {"GET"}


def a_broken_home(folder: Path) -> Path:
    """A home whose folder is a file: an error that nobody foresaw."""
    file = folder / "home"
    file.write_text("not a folder")
    return file


def test_an_unforeseen_error_is_one_line_and_a_log(nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TILLBRIDGE_HOME", str(nowhere))
    env = {"PYTHONPATH": f"{nowhere}{os.pathsep}{ROOT}"}
    (nowhere / "usercustomize.py").write_text("")
    code = (
        "import bp_assets.cli.status as s\ndef run(*a, **k): raise ZeroDivisionError('seven by nought')\ns.run = run\n"
    )
    (nowhere / "sitecustomize.py").write_text(code)
    done = tillbridge("status", cwd=nowhere, **env)
    log = nowhere / "logs" / "errors.log"
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr == (
        f"tillbridge failed: ZeroDivisionError: seven by nought. The trace is in {log}; "
        "`--debug` or TILLBRIDGE_DEBUG=1 shows it at once.\n"
    )
    assert "Traceback" in log.read_text()
    for shown in (
        tillbridge("status", "--debug", cwd=nowhere, **env),
        tillbridge("--debug", "status", cwd=nowhere, **env),
    ):
        assert shown.returncode == 3
        assert "Traceback" in shown.stderr
    assert "Traceback" in tillbridge("status", cwd=nowhere, TILLBRIDGE_DEBUG="1", **env).stderr


def test_a_trace_that_can_not_be_kept_says_so(
    nowhere: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TILLBRIDGE_HOME", str(a_broken_home(nowhere)))
    assert failing.told(ZeroDivisionError("nought")) == 3
    assert "The trace could not be written to " in capsys.readouterr().err


def test_every_explained_error_is_told_as_it_stands(nowhere: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert failing.told(LakeBusy("Another process has been writing.")) == 2
    assert capsys.readouterr().err == "Another process has been writing.\n"


def test_an_erp_that_is_away_is_told_with_where_to_look(capsys: pytest.CaptureFixture[str]) -> None:
    assert failing.told(ErpUnavailable("GET /product-service/brand: ConnectError: could not be reached")) == 2
    assert capsys.readouterr().err == (
        "GET /product-service/brand: ConnectError: could not be reached. Look whether the ERP answers from here "
        "(erp.base_url in the shops file, or TILLBRIDGE_ERP_URL), then give the command again: what was done stays "
        "done.\n"
    )


@pytest.mark.parametrize("name", sorted(failing.EXPLAINED))
def test_an_explained_error_is_named_where_it_is_defined(name: str) -> None:
    module, _, kind = name.rpartition(".")
    defined = getattr(importlib.import_module(module), kind)
    assert issubclass(defined, Exception)
    assert f"{defined.__module__}.{defined.__name__}" == name


def test_a_mistake_is_told_without_importing_what_it_does_not_need() -> None:
    code = (
        "import sys\nfrom bp_assets.cli.failing import told\nfrom bp_assets.cli.state import NoState\n"
        "print(told(NoState('-')), [name for name in ('dagster', 'polars', 'duckdb') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, cwd=ROOT)
    assert (done.stdout, done.stderr) == ("2 []\n", "-\n")
