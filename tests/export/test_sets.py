"""Sets of a folder: whole or not there, one kind, old ones go, and clear words where nothing can be written."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl
import pytest

from bp_assets.export import folder as folders
from bp_assets.export import manifest
from bp_assets.export.errors import Busy, NoFolder, NoSpace, NotFilled
from bp_assets.export.forecasting import Exported, export_forecasting
from bp_assets.export.forgetting import Place, noted, outdated
from bp_assets.export.formats import PARQUET
from bp_assets.lake.connect import Lake
from bp_assets.resources import LakeResource
from sensors.forgotten_contacts import forgotten_contacts
from tests.export.account import FEW, NOON, fill

ROOT = Path(__file__).parents[2]
# Exports with a limit on the size of any file, which every system enforces; says the error it got.
LIMITED = """
import resource, sys
from pathlib import Path
from bp_assets.config.home import Home
from bp_assets.export.errors import ExportError
from bp_assets.export.forecasting import export_forecasting
from bp_assets.lake.connect import Lake
from tests.export.account import FEW
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[4]), int(sys.argv[4])))
try:
    export_forecasting(Lake(Home(Path(sys.argv[1])), sys.argv[2]), Path(sys.argv[3]), sheets=FEW)
except ExportError as error:
    print(type(error).__name__, error)
"""
# Exports, but is killed by itself when the new set is complete and not yet visible.
KILLED = """
import os, signal, sys
from pathlib import Path
from bp_assets.config.home import Home
from bp_assets.export import folder
from bp_assets.export.forecasting import export_forecasting
from bp_assets.lake.connect import Lake
from tests.export.account import FEW
folder.sync = lambda path: os.kill(os.getpid(), signal.SIGKILL)
export_forecasting(Lake(Home(Path(sys.argv[1])), sys.argv[2]), Path(sys.argv[3]), sheets=FEW)
"""


def few(lake: Lake, **options: Any) -> None:
    fill(lake, sheets=FEW, **options)


def exported(lake: Lake, to: Path, **options: Any) -> Exported:
    return export_forecasting(lake, to, sheets=FEW, **options)


def python(code: str, lake: Lake, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", code, str(lake.home.root), lake.dsn, *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)


def sensed(lake: Lake, cursor: str | None = None) -> tuple[list[dict[str, Any]], str | None]:
    """What a look of the sensor starts, as the configuration of the asset; and what it keeps for the next look."""
    with dg.build_sensor_context(cursor=cursor, resources={"lake": LakeResource(root=str(lake.home.root))}) as context:
        result = forgotten_contacts(context)
    assert isinstance(result, dg.SensorResult)
    configs = [request.run_config["ops"]["forecasting_export"]["config"] for request in result.run_requests or []]
    return configs, result.cursor


def names(to: Path) -> list[str]:
    """Everything in the folder, hidden things too."""
    return sorted(path.name for path in to.iterdir())


def test_a_folder_holds_whole_sets_and_a_link_to_the_newest(lake: Lake, to: Path) -> None:
    few(lake)
    first = exported(lake, to)
    few(lake, rows=3)
    second = exported(lake, to)
    assert names(to) == sorted([first.folder.name, second.folder.name, "current"])
    assert (to / "current").resolve() == second.folder.resolve()
    assert (to / "current").readlink() == Path(second.folder.name)  # the folder may be moved
    assert [len(list(done.folder.iterdir())) for done in (first, second)] == [3, 3]
    assert first.manifest.holds(first.folder)


def test_a_snapshot_that_stands_there_is_not_written_again_unless_somebody_changed_it(filled: Lake, to: Path) -> None:
    first = exported(filled, to)
    again = exported(filled, to)
    assert (first.renewed, again.renewed, again.folder, again.manifest) == (True, False, first.folder, first.manifest)
    (first.folder / "Brightpearl_Seasons.tsv").write_text("opened and saved", encoding="utf-8")
    mended = exported(filled, to)
    assert (mended.renewed, mended.folder.name) == (True, f"{first.folder.name}.2")
    assert mended.manifest.holds((to / "current").resolve())


def test_old_sets_go_and_what_is_not_ours_stays(lake: Lake, to: Path) -> None:
    (to / "2026-01-01T000000Z-1").mkdir(parents=True)
    (to / "readme.txt").write_text("ours to keep", encoding="utf-8")
    sets = []
    for rows in (1, 2, 3):
        few(lake, rows=rows)
        sets.append(exported(lake, to, keep=2))
    assert [done.removed for done in sets] == [(), (), (sets[0].folder.name,)]
    kept = [done.folder.name for done in sets[1:]]
    assert names(to) == sorted([*kept, "2026-01-01T000000Z-1", "readme.txt", "current"])


def test_with_contacts_only_the_newest_set_stays_whatever_is_asked_for(lake: Lake, to: Path) -> None:
    few(lake)
    first = exported(lake, to, with_contacts=True, keep=3)
    assert "first_name 1" in (first.folder / "Brightpearl_Contacts.tsv").read_text(encoding="utf-8")
    lake.write(lambda writer: writer.connection.execute("DELETE FROM personal.contacts WHERE contact_id = 1"))
    second = exported(lake, to, with_contacts=True, keep=3)
    assert names(to) == [second.folder.name, "current"]
    assert "first_name 1" not in (second.folder / "Brightpearl_Contacts.tsv").read_text(encoding="utf-8")


def test_a_set_that_names_somebody_who_is_gone_is_found_until_it_is_made_anew(lake: Lake, tmp_path: Path) -> None:
    few(lake)
    private, typed = tmp_path / "private", tmp_path / "typed"
    exported(lake, tmp_path / "plain")
    assert (noted(lake.home), sensed(lake)) == ([], ([], None))
    exported(lake, private, with_contacts=True)
    exported(lake, typed, form=PARQUET, with_contacts=True)
    both = [Place(str(private), "tsv"), Place(str(typed), "parquet")]
    assert (noted(lake.home), outdated(lake)) == (both, [])
    started, seen = sensed(lake)
    assert started == []
    lake.write(lambda writer: writer.delete_keys("contacts", pl.DataFrame({"contact_id": [1]})))
    assert outdated(lake) == both
    assert sensed(lake, seen) == ([], None)  # not before contacts were read again
    assert sensed(lake) == ([{"to": str(private), "format": "tsv", "with_contacts": True},
                             {"to": str(typed), "format": "parquet", "with_contacts": True}], seen)  # fmt: skip
    exported(lake, private, with_contacts=True)
    (typed / "current").unlink()  # taken away by hand
    assert (outdated(lake), noted(lake.home)) == ([], both)


@pytest.mark.parametrize("other", [{"form": PARQUET}, {"with_contacts": True}])
def test_a_folder_never_turns_from_one_kind_of_set_into_another(filled: Lake, to: Path, other: dict[str, Any]) -> None:
    first = exported(filled, to)
    with pytest.raises(NoFolder, match="holds sets of another kind \\(tsv, without contacts; asked for: "):
        exported(filled, to, **other)
    assert names(to) == [first.folder.name, "current"]


def test_a_killed_export_shows_nothing_and_the_next_one_clears_up(lake: Lake, to: Path) -> None:
    few(lake)
    first = exported(lake, to)
    few(lake, rows=3)
    assert python(KILLED, lake, to).returncode == -signal.SIGKILL
    assert (to / "current").resolve() == first.folder.resolve()
    assert [name for name in names(to) if not name.startswith(".")] == [first.folder.name, "current"]
    assert len(names(to)) == 3
    second = exported(lake, to)
    assert names(to) == sorted([first.folder.name, second.folder.name, "current"])


def test_a_reader_at_work_keeps_its_set_while_the_next_one_comes(lake: Lake, to: Path) -> None:
    few(lake)
    exported(lake, to)
    mine = (to / "current").resolve()
    few(lake, rows=3)
    exported(lake, to)
    assert len((mine / "Brightpearl_Seasons.tsv").read_text(encoding="utf-8").splitlines()) == 3


def test_whoever_looks_at_any_moment_sees_whole_sets_only(lake: Lake, to: Path) -> None:
    few(lake)
    exported(lake, to)
    stop, looked, broken = threading.Event(), [], []

    def look() -> None:
        last = False
        while not last:
            last = stop.is_set()
            for place in [(to / "current").resolve(), *to.glob("20*")]:
                told = manifest.read(place)
                (looked if told is not None and told.holds(place) else broken).append(place.name)

    reader = threading.Thread(target=look)
    reader.start()
    try:
        for rows in (3, 4):
            few(lake, rows=rows)
            exported(lake, to, keep=10)
    finally:
        stop.set()
        reader.join()
    assert (broken, len(set(looked))) == ([], 3)


def test_a_full_disk_is_one_line_leaves_nothing_and_the_set_before_stands(lake: Lake, to: Path) -> None:
    few(lake)
    first = exported(lake, to)
    few(lake, rows=2000)
    done = python(LIMITED, lake, to, 20_000)
    assert done.stdout.startswith(f"NoSpace There is no space left in {to}: nothing of the new set is left there")
    assert done.stdout.count("\n") == 1, done.stderr
    assert names(to) == [first.folder.name, "current"]


def test_a_disk_that_is_full_when_files_are_made_durable_is_told_alike(
    filled: Lake, to: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path) -> None:
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(folders, "sync", full)
    with pytest.raises(NoSpace, match=r"There is no space left in .*sets: nothing of the new set"):
        exported(filled, to)
    assert names(to) == []


def test_a_folder_that_cannot_be_made_or_is_in_the_way_is_named(filled: Lake, to: Path) -> None:
    to.write_text("a file", encoding="utf-8")
    with pytest.raises(NoFolder, match=r"Can't export to .*sets/below: Not a directory"):
        exported(filled, to / "below")
    to.unlink()
    (to / "current").mkdir(parents=True)
    with pytest.raises(NoFolder, match="current is no link made by an export"):
        exported(filled, to)
    (to / "current").rmdir()
    (to / "current").symlink_to("elsewhere")
    with pytest.raises(NoFolder, match="current is no link made by an export"):
        exported(filled, to)
    assert (names(to), (to / "current").readlink()) == (["current"], Path("elsewhere"))


def test_a_second_export_into_the_same_folder_waits_for_nobody(filled: Lake, to: Path) -> None:
    to.mkdir()
    lock = os.open(to, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(Busy, match="Another export is writing to"):
            exported(filled, to)
    finally:
        os.close(lock)
    assert exported(filled, to).renewed


def test_tables_that_were_never_filled_are_named(lake: Lake, to: Path) -> None:
    few(lake, without=("seasons", "contacts"))
    with pytest.raises(NotFilled, match=r"Never filled: seasons\. A set made now .* with `tillbridge refresh`, "):
        exported(lake, to)
    with pytest.raises(NotFilled, match="Never filled: seasons, contacts"):
        exported(lake, to, with_contacts=True)
    assert names(to) == []


def test_a_table_that_was_read_and_has_no_rows_is_an_empty_file(lake: Lake, to: Path) -> None:
    few(lake, without=("seasons",))
    lake.write(lambda writer: writer.set_mark("seasons", None, NOON - timedelta(hours=1)))
    done = exported(lake, to)
    assert (done.folder / "Brightpearl_Seasons.tsv").read_text(encoding="utf-8") == "Id\tName\tDescription\n"
    assert done.manifest.as_of == "2026-03-02T11:00:00.000Z"  # as old as the oldest table
