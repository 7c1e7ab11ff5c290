"""The watched folder: what is taken when, and that splitting and shuffling change nothing."""

import os
import random
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bp_assets.domain.sale import Sale
from bp_assets.tills.file_drop import FileDropTill
from bp_assets.tills.protocol import Fetch, Quarantine, TillError
from bp_assets.tills.systems import decode
from tests.sandbox.tills.serving import Tills
from tests.tills.dropping import csv_bytes, fetched, ndjson_bytes, only, outcomes, row, shop
from tests.tills.shopping import shop_of


def ids(fetch: Fetch) -> list[str]:
    return [raw.source_id for raw in fetch.receipts]


def waiting(fetch: Fetch) -> list[tuple[str, str]]:
    return [(one.what, one.reason) for one in fetch.waiting]


# -- once, by content -------------------------------------------------------------------------------------------------


def test_a_file_is_taken_once(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(csv_bytes([row()]))
    till = FileDropTill(shop(tmp_path), "GBP")
    one = till.fetch(None)
    assert (ids(one), ids(till.fetch(one.mark))) == (["R1"], [])


def test_a_new_process_with_the_same_mark_takes_nothing_again(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(csv_bytes([row()]))
    mark = fetched(shop(tmp_path)).mark
    assert ids(FileDropTill(shop(tmp_path), "GBP").fetch(mark)) == []


def test_without_the_new_mark_the_file_comes_again(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(csv_bytes([row()]))
    till = FileDropTill(shop(tmp_path), "GBP")
    assert ids(till.fetch(None)) == ids(till.fetch(None)) == ["R1"]


def test_the_same_bytes_under_another_name_are_the_same_file(tmp_path: Path) -> None:
    content = csv_bytes([row(), row()])
    (tmp_path / "a.csv").write_bytes(content)
    (tmp_path / "b.csv").write_bytes(content)
    till = FileDropTill(shop(tmp_path), "GBP")
    one = till.fetch(None)
    assert len(decode(one.receipts[0], shop(tmp_path), "GBP").lines) == 2
    (tmp_path / "a.csv").unlink()
    (tmp_path / "b.csv").rename(tmp_path / "c.csv")
    assert ids(till.fetch(one.mark)) == []
    assert ids(till.fetch(till.fetch(one.mark).mark)) == []


def test_other_bytes_under_the_same_name_are_a_new_file(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(csv_bytes([row()]))
    till = FileDropTill(shop(tmp_path), "GBP")
    one = till.fetch(None)
    (tmp_path / "a.csv").write_bytes(csv_bytes([row(no="R2")]))
    assert ids(till.fetch(one.mark)) == ["R2"]


def test_a_file_that_was_replaced_and_put_back_is_not_taken_twice(tmp_path: Path) -> None:
    first, second = csv_bytes([row()]), csv_bytes([row(no="R2")])
    till, mark, found = FileDropTill(shop(tmp_path), "GBP"), None, []
    for content in (first, second, first):
        (tmp_path / "a.csv").write_bytes(content)
        fetch = till.fetch(mark)
        mark = fetch.mark
        found.append(ids(fetch))
    assert found == [["R1"], ["R2"], []]


# -- half-written -----------------------------------------------------------------------------------------------------


def test_a_file_is_waited_for_until_it_is_still(tmp_path: Path) -> None:
    clock = [1_000_000.0]
    path = tmp_path / "a.csv"
    till = FileDropTill(shop(tmp_path, settle_seconds=2), "GBP", now=lambda: clock[0])
    path.write_bytes(csv_bytes([row()]))
    os.utime(path, (clock[0], clock[0]))
    one = till.fetch(None)
    assert (ids(one), waiting(one)) == ([], [("a.csv", "changed within the last 2 s")])
    clock[0] += 1.5
    path.write_bytes(csv_bytes([row(), row(no="R2")]))
    os.utime(path, (clock[0], clock[0]))
    clock[0] += 1.5  # three seconds after the first look, but only one and a half after the last change
    assert ids(till.fetch(one.mark)) == []
    clock[0] += 0.6
    assert ids(till.fetch(one.mark)) == ["R1", "R2"]


def test_a_clock_that_runs_ahead_on_the_file_server_does_not_hold_a_file_for_ever(tmp_path: Path) -> None:
    clock = [1_000_000.0]
    path = tmp_path / "a.csv"
    path.write_bytes(csv_bytes([row()]))
    os.utime(path, (clock[0] + 3600, clock[0] + 3600))
    till = FileDropTill(shop(tmp_path, settle_seconds=2), "GBP", now=lambda: clock[0])
    assert ids(till.fetch(None)) == []
    clock[0] += 2
    assert ids(till.fetch(None)) == ["R1"]


def test_a_file_without_its_last_line_break_is_waited_for_and_taken_when_nothing_comes_any_more(tmp_path: Path) -> None:
    clock = [1_000_000.0]
    path = tmp_path / "a.csv"
    path.write_bytes(csv_bytes([row()]).rstrip(b"\n"))
    os.utime(path, (clock[0], clock[0]))
    till = FileDropTill(shop(tmp_path, settle_seconds=2), "GBP", now=lambda: clock[0])
    clock[0] += 10
    assert waiting(till.fetch(None)) == [("a.csv", "its end is missing: still being written")]
    clock[0] += 50
    assert ids(till.fetch(None)) == ["R1"]


def test_half_a_parquet_file_is_waited_for(tmp_path: Path) -> None:
    clock = [1_000_000.0]
    whole = tmp_path / "whole.bin"
    pl.DataFrame([row()]).write_parquet(whole)
    content = whole.read_bytes()
    whole.unlink()
    path = tmp_path / "a.parquet"
    till = FileDropTill(shop(tmp_path, settle_seconds=1), "GBP", now=lambda: clock[0])
    for part, expected in ((content[: len(content) // 2], []), (content, ["R1"])):
        path.write_bytes(part)
        os.utime(path, (clock[0], clock[0]))
        clock[0] += 5
        assert ids(till.fetch(None)) == expected


def test_the_simulated_tills_half_written_file_is_taken_whole_after_delivery(tills: Tills) -> None:
    tills.switch("faults", fault="half_written", shop="bath")
    lines = [{"sku": item.sku} for item in tills.world.items[:4]]
    made = tills.switch("sale", shop="bath", lines=lines)
    place = shop_of(tills, "bath")
    place = place.model_copy(update={"feed": place.feed.model_copy(update={"settle_seconds": 0.001})})
    clock = [next((tills.world.drop_dir / "bath").iterdir()).stat().st_mtime + 0.01]
    till = FileDropTill(place, "GBP", now=lambda: clock[0])
    one = till.fetch(None)
    assert (ids(one), len(one.waiting)) == ([], 1)
    tills.switch("deliver")
    clock[0] += 10_000
    two = till.fetch(one.mark)
    assert ids(two) == [made["receipt_number"]]
    assert decode(two.receipts[0], place, "GBP").gross_minor == made["gross_minor"]


@pytest.mark.parametrize(
    "name", [".a.csv", "a.csv.part", "a.csv.tmp", "~a.csv", "a.csv~", "a.csv.filepart", "A.CSV.TMP"]
)
def test_temporary_names_are_left_alone(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(csv_bytes([row()]))
    fetch = fetched(shop(tmp_path))
    assert (fetch.receipts, fetch.waiting, fetch.mark["files"]) == ((), (), {})


def test_the_pattern_and_folders_inside_the_folder_are_respected(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(csv_bytes([row()]))
    (tmp_path / "read me.txt").write_bytes(b"not an export\n")
    (tmp_path / "archive.csv").mkdir()
    assert ids(fetched(shop(tmp_path, pattern="*.csv"))) == ["R1"]


def test_a_missing_folder_is_told_by_name(tmp_path: Path) -> None:
    place = shop(tmp_path / "gone")
    with pytest.raises(TillError, match=r"there is no folder .*gone; create it or correct feed\.folder"):
        fetched(place)
    assert FileDropTill(place, "GBP").problems() == [
        f"shop york: there is no folder {tmp_path}/gone; create it or correct feed.folder"
    ]


# -- splitting and shuffling ------------------------------------------------------------------------------------------


def many_rows(numbered: bool) -> list[dict[str, str]]:
    rows = []
    for receipt in range(12):
        for line in range(1 + receipt % 4):
            body = row(no=f"R{receipt}", sku=f"S{line % 2}", qty=str(1 + line // 2))
            rows.append(body | ({"line": str(line + 1)} if numbered else {}))
    return rows


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10**6), pieces=st.integers(1, 9), numbered=st.booleans())
def test_pieces_in_any_order_give_the_same_receipts_byte_for_byte(
    tmp_path_factory: pytest.TempPathFactory, seed: int, pieces: int, numbered: bool
) -> None:
    rows = many_rows(numbered)
    columns = {"line": "line"} if numbered else {}
    whole, split = tmp_path_factory.mktemp("whole"), tmp_path_factory.mktemp("split")
    (whole / "all.csv").write_bytes(csv_bytes(rows))
    shuffled = random.Random(seed).sample(rows, len(rows))
    for number in range(pieces):
        piece = shuffled[number::pieces]
        if piece:
            (split / f"{number}.csv").write_bytes(csv_bytes(piece))
    expected = {raw.source_id: raw.content for raw in fetched(shop(whole, columns)).receipts}
    found = {raw.source_id: raw.content for raw in fetched(shop(split, columns)).receipts}
    assert found == expected and len(found) == 12


def test_equal_rows_without_line_numbers_are_all_real(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(csv_bytes([row(), row(), row()]))
    sale = only(shop(tmp_path))
    assert ([line.line_id for line in sale.lines], sale.gross_minor) == (["1", "2", "3"], 3600)


def test_a_numbered_line_delivered_twice_counts_once(tmp_path: Path) -> None:
    rows = [row(line="1"), row(line="2")]
    (tmp_path / "a.csv").write_bytes(csv_bytes(rows))
    (tmp_path / "b.csv").write_bytes(csv_bytes(rows[1:]))
    assert only(shop(tmp_path, {"line": "line"})).gross_minor == 2400


def test_one_line_number_with_two_contents_is_a_conflict(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(csv_bytes([row(line="1"), row(line="1", gross="13.00")]))
    outcome = only(shop(tmp_path, {"line": "line"}))
    assert isinstance(outcome, Quarantine) and outcome.reason_code == "conflicting_rows"
    assert "line 1 stands twice with different content" in outcome.message


def test_a_receipt_over_two_files_is_one_sale(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(csv_bytes([row(sku="A")]))
    (tmp_path / "b.csv").write_bytes(csv_bytes([row(sku="B"), row(no="R2")]))
    fetch = fetched(shop(tmp_path))
    assert ids(fetch) == ["R1", "R2"]
    assert fetch.receipts[0].note == "a.csv rows 2; b.csv rows 2"


# -- unreadable files and rows ----------------------------------------------------------------------------------------


def one_fault(folder: Path, **declared: object) -> Quarantine:
    outcome = only(shop(folder, **declared))
    assert isinstance(outcome, Quarantine), outcome
    return outcome


def test_a_missing_column_names_the_file_and_the_columns(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(csv_bytes([{"no": "R1", "at": "2026-11-20", "amount": "1"}]))
    fault = one_fault(tmp_path)
    assert fault.reason_code == "missing_column"
    assert fault.message == (
        "a.csv lacks the declared columns 'gross' (gross), 'qty' (quantity), 'rate' (tax_rate), 'sku' (sku); "
        "it has amount, at, no"
    )


def test_extra_columns_are_kept_in_the_raw_receipt_and_change_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(csv_bytes([row(weather="rain")]))
    (raw,) = fetched(shop(tmp_path)).receipts
    assert b'"weather":"rain"' in raw.content and isinstance(only(shop(tmp_path)), Sale)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.csv", b"", "a.csv is empty"),
        ("a.csv", b"no,at\n\xff\xfe\n", "a.csv is not utf-8 text"),
        ("a.csv", csv_bytes([row()]) + b'R2,"2026-11-20\n', "a.csv line"),
        ("a.csv", b"no,no,at,qty,sku,gross,rate\n", "a.csv has the columns no twice"),
        ("a.parquet", b"PAR1 this is no parquet PAR1", "a.parquet is not a readable Parquet file"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_quarantined_record(
    tmp_path: Path, name: str, content: bytes, words: str
) -> None:
    (tmp_path / name).write_bytes(content)
    (tmp_path / "good.csv").write_bytes(csv_bytes([row(no="G1")]))
    found = outcomes(shop(tmp_path))
    (fault,) = (one for uid, one in found.items() if uid.startswith("file-"))
    assert fault.reason_code == "malformed" and fault.message.startswith(words)
    assert isinstance(found["G1"], Sale)


def test_a_file_that_could_not_be_read_is_tried_again_when_the_declaration_is_mended(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(csv_bytes([row()], header=[*row()]).replace(b"gross", b"total"))
    mark = fetched(shop(tmp_path)).mark
    assert ids(FileDropTill(shop(tmp_path), "GBP").fetch(mark)) == []
    mended = FileDropTill(shop(tmp_path, {"gross": "total"}), "GBP").fetch(mark)
    assert ids(mended) == ["R1"]
    assert ids(FileDropTill(shop(tmp_path, {"gross": "total"}), "GBP").fetch(mended.mark)) == []


def test_a_row_with_a_field_too_few_costs_its_receipt_only(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(csv_bytes([row(), row(no="R2")]) + b"R3,2026-11-20T10:00:00,1\n")
    found = outcomes(shop(tmp_path))
    assert found["R3"].message == "receipt R3: a.csv row 4: 3 fields, the header has 6"
    assert found["R3"].reason_code == "malformed"
    assert isinstance(found["R1"], Sale) and isinstance(found["R2"], Sale)


def test_a_line_that_is_no_json_is_a_record_of_its_own(tmp_path: Path) -> None:
    content = ndjson_bytes([row()]) + b'{"no": "R2", \n[1]\n' + ndjson_bytes([row(no="R3")])
    (tmp_path / "a.ndjson").write_bytes(content)
    found = outcomes(shop(tmp_path))
    faults = sorted(one.message for uid, one in found.items() if uid.startswith("row-"))
    assert len(faults) == 2
    assert faults[0].startswith("a.ndjson row 2: not JSON") and faults[1] == "a.ndjson row 3: not a JSON object"
    assert isinstance(found["R1"], Sale) and isinstance(found["R3"], Sale)


def test_a_row_without_a_receipt_number_is_a_record_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(csv_bytes([row(no=" "), row()]))
    found = outcomes(shop(tmp_path))
    (fault,) = (one for uid, one in found.items() if uid.startswith("row-"))
    assert fault.message == "a.csv row 2: no 'no'" and isinstance(found["R1"], Sale)


# -- formats ----------------------------------------------------------------------------------------------------------


def test_the_three_formats_read_the_same_sale(tmp_path: Path) -> None:
    rows = [row(gross="0.10"), row(gross="19.99", qty="3", rate="5")]
    typed = [{**one, "gross": float(one["gross"]), "qty": int(one["qty"]), "rate": float(one["rate"])} for one in rows]
    figures = []
    for name, write in (
        ("a.csv", lambda path: path.write_bytes(csv_bytes(rows))),
        ("a.ndjson", lambda path: path.write_bytes(ndjson_bytes(typed))),
        ("a.parquet", lambda path: pl.DataFrame(typed).write_parquet(path)),
    ):
        folder = tmp_path / name
        folder.mkdir()
        write(folder / name)
        sale = only(shop(folder))
        figures.append([(line.quantity, line.net_minor, line.tax_minor, line.gross_minor) for line in sale.lines])
    assert figures[0] == figures[1] == figures[2]
    assert sorted(figures[0]) == sorted([(1, 8, 2, 10), (3, 1904, 95, 1999)])


def test_semicolons_bom_and_windows_encodings_are_read(tmp_path: Path) -> None:
    text = csv_bytes([row(sku="Café")]).decode().replace(",", ";")
    for number, (encoding, content) in enumerate(
        [("utf-8", b"\xef\xbb\xbf" + text.encode()), ("cp1252", text.replace("\n", "\r\n").encode("cp1252"))]
    ):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "a.csv").write_bytes(content)
        assert only(shop(folder, delimiter=";", encoding=encoding)).lines[0].sku == "Café"


def test_the_format_is_told_by_the_content_where_the_name_does_not(tmp_path: Path) -> None:
    (tmp_path / "export1").write_bytes(ndjson_bytes([row()]))
    (tmp_path / "export2").write_bytes(csv_bytes([row(no="R2")]))
    pl.DataFrame([row(no="R3")]).write_parquet(tmp_path / "export3")
    assert sorted(outcomes(shop(tmp_path))) == ["R1", "R2", "R3"]


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_spoilt_parquet_file_never_breaks_the_reader(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("drop")
    path = folder / "a.parquet"
    pl.DataFrame([row(), row(no="R2")]).write_parquet(path)
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 5))):
        content[data.draw(st.integers(4, len(content) - 5))] = data.draw(st.integers(0, 255))
    path.write_bytes(bytes(content))
    for outcome in outcomes(shop(folder)).values():
        assert isinstance(outcome, Sale) or outcome.message


def test_half_an_emoji_in_a_description_costs_no_receipt(tmp_path: Path) -> None:
    """A till that cuts text after so many characters may write one half of a pair; no UTF-8 can hold it."""
    cut = ndjson_bytes([row(sku="MUG \ud83d", **{"note \ude00": "x"})])
    assert b"\\ud83d" in cut
    (tmp_path / "a.ndjson").write_bytes(cut)
    assert only(shop(tmp_path)).lines[0].sku == "MUG ?"
