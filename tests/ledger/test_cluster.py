"""The embedded server: started when needed, shared by processes, stopped by the last, healed after a crash."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg2
import pytest

from bp_assets.config.home import Home
from bp_assets.ledger import cluster, server
from bp_assets.ledger.connection import Ledger
from bp_assets.ledger.errors import LedgerUnavailable
from bp_assets.ledger.inbox import take, undecoded
from bp_assets.ledger.locks import bell
from bp_assets.ledger.steps import Intent, intend, steps_of
from tests.ledger.receipts import Paper, waiting

ROOT = Path(__file__).parents[2]
HOLD = (
    "import sys; from pathlib import Path; from bp_assets.ledger import cluster; "
    "print(cluster.attach(Path(sys.argv[1])), flush=True); sys.stdin.read()"
)


@pytest.fixture
def own(server_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    """A home with an embedded server of its own."""
    monkeypatch.delenv("TILLBRIDGE_DATABASE_URL", raising=False)
    home = Home(server_path / "state")
    yield home
    cluster.stop(home.postgres)
    cluster.release(home.postgres)


def holder(data: Path) -> subprocess.Popen[str]:
    """Another process that uses the server until its standard input ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(data)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline().strip()
    return process


def end(process: subprocess.Popen[str]) -> None:
    process.communicate(timeout=60)
    assert process.returncode == 0


def postmaster(data: Path) -> int:
    return int((data / "postmaster.pid").read_text().splitlines()[0])


def test_the_server_stops_with_its_last_user_and_not_before(own: Home) -> None:
    data = own.postgres
    first, second = holder(data), holder(data)
    pid = postmaster(data)
    end(first)
    assert cluster.is_running(data)
    assert postmaster(data) == pid
    end(second)
    assert not cluster.is_running(data)


def test_a_killed_user_does_not_keep_the_server_alive_for_ever(own: Home) -> None:
    first, second = holder(own.postgres), holder(own.postgres)
    first.kill()
    first.wait(30)
    end(second)
    assert not cluster.is_running(own.postgres)


def test_users_that_start_at_the_same_moment_share_one_server(own: Home) -> None:
    own.root.mkdir()
    starters = [
        subprocess.Popen(
            [sys.executable, "-c", HOLD, str(own.postgres)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        for _ in range(4)
    ]  # fmt: skip
    said = {starter.stdout.readline().strip() for starter in starters if starter.stdout}
    assert said == {str(own.postgres)}
    for starter in starters:
        end(starter)
    assert not cluster.is_running(own.postgres)


def test_a_killed_server_is_started_again_by_the_next_call_and_nothing_is_lost(own: Home) -> None:
    with Ledger.open(own) as ledger:
        take(ledger, "leeds", [Paper("1")])
        os.kill(postmaster(own.postgres), signal.SIGKILL)
        assert take(ledger, "leeds", [Paper("1"), Paper("2")]).new == 1
        assert [row.source_id for row in undecoded(ledger)] == ["1", "2"]


def test_a_server_restarted_in_the_middle_of_a_run_is_not_noticed(own: Home) -> None:
    with Ledger.open(own) as ledger:
        (sale_id,) = waiting(ledger, "1")
        cluster.stop(own.postgres)
        intend(ledger, [Intent(sale_id, "SO", "order", "h", "POST", "/order")])
        cluster.stop(own.postgres)
        assert [step.attempt for step in steps_of(ledger, [sale_id])[sale_id]] == [1]
        cluster.stop(own.postgres)
        with bell(ledger) as ring:
            assert ring.wait(0) is False


def test_a_stale_pid_file_that_names_a_stranger_is_not_believed(own: Home) -> None:
    with Ledger.open(own) as ledger:
        take(ledger, "leeds", [Paper("1")])
    lines = (own.postgres / "postmaster.pid").read_text().splitlines()
    server_process = psutil.Process(postmaster(own.postgres))
    server_process.kill()
    server_process.wait(30)
    (own.postgres / "postmaster.pid").write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")
    assert not cluster.is_running(own.postgres)
    with Ledger.open(own) as ledger:
        assert len(undecoded(ledger)) == 1


def test_an_initdb_killed_half_way_is_done_again(own: Home) -> None:
    half = own.root / "postgres.new-half"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    with Ledger.open(own) as ledger:
        assert undecoded(ledger) == []
    assert not half.exists()


@pytest.mark.parametrize(
    "name", ["with space", "a,b 'c'", "$HOME é", "deep" * 30], ids=["space", "comma", "odd", "deep"]
)
def test_a_folder_of_any_name_and_depth_works(server_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.delenv("TILLBRIDGE_DATABASE_URL", raising=False)
    home = Home(server_path / name)
    try:
        with Ledger.open(home) as ledger:
            assert take(ledger, "leeds", [Paper("1")]).new == 1
        parsed = psycopg2.connect(server.lake_catalogue_dsn(home))
        parsed.close()
    finally:
        cluster.stop(home.postgres)
        cluster.release(home.postgres)


def test_a_home_that_is_a_file_is_one_clear_line(server_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TILLBRIDGE_DATABASE_URL", raising=False)
    (server_path / "state").write_text("not a folder")
    with pytest.raises(LedgerUnavailable, match=r"can't use .*state/postgres: .*set TILLBRIDGE_HOME") as caught:
        Ledger.open(Home(server_path / "state"))
    assert "\n" not in str(caught.value)


def test_data_of_another_postgres_version_is_named_and_left_alone(own: Home) -> None:
    own.postgres.mkdir(parents=True)
    (own.postgres / "PG_VERSION").write_text("12\n")
    with pytest.raises(LedgerUnavailable, match="was written by PostgreSQL 12, this installation brings 18"):
        Ledger.open(own)
    assert [path.name for path in own.postgres.iterdir()] == ["PG_VERSION"]


def test_damaged_data_is_named_with_the_servers_own_words_and_its_log(own: Home) -> None:
    with Ledger.open(own):
        pass
    cluster.stop(own.postgres)
    (own.postgres / "global" / "pg_control").write_bytes(b"")
    with pytest.raises(LedgerUnavailable, match=r"does not start: .*pg_control.* Its log is ") as caught:
        Ledger.open(own)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("postgresql://nobody:wrong@127.0.0.1:1/db", "does not answer.*Check that PostgreSQL runs there"),
        ("mysql://localhost/db", "names mysql; the ledger needs PostgreSQL"),
        ("just words", "is not a URL"),
    ],
)
def test_a_database_that_cannot_be_used_is_one_clear_line(
    server_path: Path, monkeypatch: pytest.MonkeyPatch, url: str, words: str
) -> None:
    monkeypatch.setenv("TILLBRIDGE_DATABASE_URL", url)
    monkeypatch.setattr("bp_assets.ledger.connection.RETRY_ATTEMPTS", 2)
    with pytest.raises(LedgerUnavailable, match=words) as caught:
        Ledger.open(Home(server_path))
    assert "\n" not in str(caught.value)
    assert "wrong" not in str(caught.value)


def test_wrong_credentials_are_named_without_the_password_and_not_tried_again(own: Home) -> None:
    with Ledger.open(own):
        pass
    (own.postgres / "pg_hba.conf").write_text("local all postgres trust\nlocal all all scram-sha-256\n")
    with psycopg2.connect(server.lake_catalogue_dsn(own)) as connection, connection.cursor() as cursor:
        cursor.execute("create role clerk login password 'right'")
        cursor.execute("select pg_reload_conf()")
    url = f"postgresql://clerk:guessed@/postgres?host={own.postgres}"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TILLBRIDGE_DATABASE_URL", url)
        with pytest.raises(
            LedgerUnavailable, match=r"refuses the login of 'clerk' to 'postgres'.*Check user"
        ) as caught:
            Ledger.open(own)
        assert "guessed" not in str(caught.value)
        patch.setenv("TILLBRIDGE_DATABASE_URL", url.replace("guessed", "right"))
        with pytest.raises(LedgerUnavailable, match=r"may not do what is needed .* Grant it CREATE on the database"):
            Ledger.open(own)
