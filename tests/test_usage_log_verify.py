"""Every kind of tampering with a signed usage log is found, and placed as exactly as what is left allows."""

import json
import shutil
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from policies.units import MS_PER_DAY
from sim.explain.run_files import RunFiles
from sim.record.layouts import REPORTS
from sim.usage_log.entries import COLUMNS, ROW_BYTES
from sim.usage_log.errors import UsageLogError
from sim.usage_log.log import sign_run
from sim.usage_log.mismatches import Mismatch, What
from sim.usage_log.signing import PublicKey, SigningKey
from sim.usage_log.verify import Verification, verify_log
from tests.usage_log_samples import HORIZON_DAYS, ROWS, SignedCopy, sample_rows, sample_run, write_reports

COPIES = ("entries", "leaves", "reports")
FILES = {"entries": "entries.bin", "leaves": "leaves.bin", "reports": "reports.parquet"}
SOME = [chosen for count in (1, 2) for chosen in combinations(COPIES, count)]
KEY = SigningKey.generate()


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = sample_run(tmp_path_factory.mktemp("usage-log") / "run")
    sign_run(run, KEY)
    return run


@pytest.fixture
def log(signed: Path, tmp_path: Path) -> SignedCopy:
    return SignedCopy(Path(shutil.copytree(signed, tmp_path / "run")))


def verified(log: SignedCopy, trusted: PublicKey | None = None) -> Verification:
    return verify_log(RunFiles.open(log.run), 0, trusted)


def findings(log: SignedCopy, trusted: PublicKey | None = None) -> Sequence[Mismatch]:
    return verified(log, trusted).mismatches


def places(found: Sequence[Mismatch]) -> set[tuple[str, str, int | None, int | None]]:
    return {(one.kind.value, one.file, one.first_entry, one.last_entry) for one in found}


def sizes(log: SignedCopy) -> list[int]:
    return [one["size"] for one in log.checkpoints()["checkpoints"]]


# --- what fits --------------------------------------------------------------------------------------------------------
def test_what_was_signed_fits(log: SignedCopy) -> None:
    found = verified(log, KEY.public)
    assert (found.mismatches, found.entries, found.key) == ([], ROWS + 1, KEY.public.fingerprint)
    marks = log.checkpoints()["checkpoints"]
    assert [one["at"] for one in marks] == [
        *("2026-01-05T00:00:00", "2026-02-01T00:00:00", "2026-03-01T00:00:00", "2026-04-01T00:00:00"),
        *("2026-05-01T00:00:00", "2026-05-15T00:00:00"),
    ]
    before = [1 + int(np.sum(log.rows[:, 0] < one["time_ms"])) for one in marks]
    assert [one["size"] for one in marks] == before
    assert found.checkpoints == len(marks)


def test_an_entry_is_the_columns_of_a_row() -> None:
    assert tuple(column.name for column in REPORTS.columns) == COLUMNS, "other columns are another format"
    assert ROW_BYTES == 48


def test_the_same_key_signs_the_same_bytes_and_no_key_is_kept(log: SignedCopy) -> None:
    before = {file.name: file.read_bytes() for file in log.log.iterdir()}
    assert sign_run(log.run, KEY) == [], "a log that is there is kept"
    assert len(sign_run(log.run, KEY, replace=True)) == 1
    assert {file.name: file.read_bytes() for file in log.log.iterdir()} == before
    assert not any(b"PRIVATE" in data for data in before.values())


def test_a_log_without_use_fits(tmp_path: Path) -> None:
    run = sample_run(tmp_path / "run", sample_rows(0))
    sign_run(run)
    found = verified(SignedCopy(run))
    assert (found.mismatches, found.entries) == ([], 1)


def test_rows_at_a_month_end_and_out_of_order(tmp_path: Path) -> None:
    rows = sample_rows(4)
    rows[:, 0] = [27 * MS_PER_DAY - 1, 27 * MS_PER_DAY, 26 * MS_PER_DAY, HORIZON_DAYS * MS_PER_DAY]
    run = sample_run(tmp_path / "run", rows)
    sign_run(run)
    log = SignedCopy(run)
    assert sizes(log) == [1, 2, 4, 4, 4, 5]
    assert not findings(log)


# --- entries ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("copies", SOME, ids="+".join)
def test_each_kind_of_tampering_is_placed_exactly(log: SignedCopy, copies: Sequence[str]) -> None:
    edited = log.rows.copy()
    edited[16, 3] += 5
    swapped = log.rows.copy()
    swapped[[29, 30]] = swapped[[30, 29]]
    inserted = np.insert(log.rows, 9, log.rows[9] + [1, 1, 0, 0, 0, 900], axis=0)
    for rows, kind, first, last in (
        (edited, "edited", 17, 17),
        (np.delete(log.rows, [40, 41], axis=0), "deleted", 41, 42),
        (inserted, "inserted", 10, 10),
        (swapped, "reordered", 31, 31),
        (log.rows[:-3], "cut off", ROWS - 2, ROWS),
    ):
        log.write(rows, *copies)
        assert places(findings(log)) == {(kind, FILES[one], first, last) for one in copies}, kind


def test_an_edit_is_told_in_words(log: SignedCopy) -> None:
    rows = log.rows.copy()
    rows[16, 3] += 5
    log.write(rows, "entries")
    (found,) = findings(log)
    unit, items = (0.5, "grease") if rows[16, 2] == 1 else (1.0, "filter")
    assert (found.node, found.item) == ("works/shelf", items)
    assert found.time is not None
    assert found.time in found.message
    for units in (log.rows[16, 3], rows[16, 3]):
        assert f"{units * unit:g}"[:1] in found.message
    assert "entry 17 was edited, was `" in found.message


@pytest.mark.parametrize("changed", ["edit", "delete", "insert", "swap"])
def test_where_all_copies_were_changed_alike_the_month_is_named(log: SignedCopy, changed: str) -> None:
    marks = sizes(log)
    first, last = marks[2], marks[3] - 1
    row = first + 1
    rows = log.rows.copy()
    if changed == "edit":
        rows[row, 3] += 1
    elif changed == "delete":
        rows = np.delete(rows, row, axis=0)
    elif changed == "insert":
        rows = np.insert(rows, row, rows[row] + 1, axis=0)
    else:
        rows[[row, row + 1]] = rows[[row + 1, row]]
    log.write(rows, *COPIES)
    (found,) = findings(log)
    assert (found.kind, found.first_entry, found.last_entry) == (What.CHANGED, first, last)
    assert "2026-04-01 00:00:00" in found.message


def test_what_two_copies_lost_in_different_months_is_told_of_both(log: SignedCopy) -> None:
    edited = log.rows.copy()
    edited[-5, 3] += 1
    log.write(np.delete(log.rows, 2, axis=0), "entries")
    log.write(edited, "reports")
    (log.log / "leaves.bin").unlink()
    assert places(findings(log)) == {
        ("deleted", "entries.bin", 3, 3),
        ("edited", "reports.parquet", ROWS - 4, ROWS - 4),
        ("unreadable", "leaves.bin", None, None),
    }


def test_a_tail_that_every_copy_has_lost(log: SignedCopy) -> None:
    marks = sizes(log)
    log.write(log.rows[: marks[4] + 1], *COPIES)
    (found,) = findings(log)
    assert (found.kind, found.first_entry, found.last_entry) == (What.CUT_OFF, marks[4] + 2, ROWS)
    log.write(log.rows[: marks[3] - 1], *COPIES)
    data = log.checkpoints()
    log.write_checkpoints(data | {"checkpoints": data["checkpoints"][:4]})
    assert places(findings(log)) == {
        ("cut off", "checkpoints.json", marks[3], None),
        ("manifest", "manifest.json", marks[3], None),
    }


def test_bytes_that_are_no_entry(log: SignedCopy) -> None:
    file = log.log / "entries.bin"
    file.write_bytes(file.read_bytes() + b"more")
    assert places(findings(log)) == {("unreadable", "entries.bin", None, None)}


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, ROWS - 1), st.integers(0, 5), st.sampled_from([1, -1, 1 << 20]), st.sampled_from(SOME))
def test_any_change_of_a_number_is_found(
    log: SignedCopy, row: int, column: int, by: int, copies: tuple[str, ...]
) -> None:
    log.write(log.rows, *COPIES)
    rows = log.rows.copy()
    rows[row, column] += by
    if "reports" in copies and column == 4 and abs(by) > 1:
        rows[row, column] = 99  # the column has 8 bits
    log.write(rows, *copies)
    assert places(findings(log)) == {("edited", FILES[one], row + 1, row + 1) for one in copies}


# --- header, names, other runs ----------------------------------------------------------------------------------------
def test_a_header_that_was_edited(log: SignedCopy) -> None:
    file = log.log / "entries.bin"
    file.write_bytes(file.read_bytes().replace(b'"seed":7', b'"seed":8'))
    assert places(findings(log)) == {("edited", "entries.bin", 0, 0), ("other run", "entries.bin", 0, 0)}
    file.write_bytes(b"x" * 4 + file.read_bytes()[4:])
    assert places(findings(log)) == {("edited", "entries.bin", 0, 0)}


def test_the_log_of_another_run(log: SignedCopy, tmp_path: Path) -> None:
    manifest = log.run / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"seed": 7', '"seed": 9'))
    (found,) = findings(log)
    assert found.kind is What.OTHER_RUN
    assert "seed is 7 in its header, 9 in manifest.json" in found.message


def test_names_that_were_edited(log: SignedCopy) -> None:
    file = log.log / "stock_points.jsonl"
    file.write_bytes(file.read_bytes().replace(b"grease", b"Grease"))
    found = findings(log)
    assert {one.kind for one in found} == {What.NAMES}
    assert any("item of stock point 1 is 'Grease' in the log, 'grease' in network/" in one.message for one in found)
    file.write_bytes(b"[]\n")
    assert any("do not name a stock point" in one.message for one in findings(log))


@pytest.mark.parametrize("name", ["entries.bin", "leaves.bin", "stock_points.jsonl", "checkpoints.json"])
def test_a_file_that_is_missing(log: SignedCopy, name: str) -> None:
    (log.log / name).unlink()
    assert ("unreadable", name, None, None) in places(findings(log))


def test_a_table_that_is_missing_or_none(log: SignedCopy) -> None:
    file = log.folder / "reports.parquet"
    file.write_bytes(b"no table")
    assert places(findings(log)) == {("unreadable", "reports.parquet", None, None)}
    file.unlink()
    assert places(findings(log)) == {("unreadable", "reports.parquet", None, None)}


# --- checkpoints and keys ---------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("size", 30),
        ("root", "00" * 32),
        ("reason", "end of the run"),
        ("previous", "11" * 32),
        ("signature", "AAAA"),
        ("at", "2026-03-02T00:00:00"),
        ("time_ms", 5),
        ("size", "many"),
        ("time_ms", 10**30),
    ],
)
def test_a_checkpoint_that_was_edited(log: SignedCopy, name: str, value: object) -> None:
    data = log.checkpoints()
    data["checkpoints"][2][name] = value
    log.write_checkpoints(data)
    (found,) = findings(log)
    assert (found.kind, found.file) == (What.CHECKPOINT, "checkpoints.json")
    assert "checkpoint 2 " in found.message


def test_checkpoints_that_were_removed_or_reordered(log: SignedCopy) -> None:
    whole = log.checkpoints()
    marks = whole["checkpoints"]
    for left, kind, said in (
        ([*marks[:2], *marks[3:]], What.CHECKPOINT, "between checkpoints 1 and 2 one is missing"),
        (marks[1:], What.CHECKPOINT, "opening is missing"),
        (marks[:-1], What.CUT_OFF, "not that of the end of the run"),
        ([*marks[:2], marks[3], marks[2], *marks[4:]], What.CHECKPOINT, "their order was changed"),
    ):
        log.write_checkpoints(whole | {"checkpoints": left})
        found = [one for one in findings(log) if one.file == "checkpoints.json"]
        assert {one.kind for one in found} == {kind}
        assert said in found[0].message


@pytest.mark.parametrize("text", ["", "{}", "[" * 100_000, '{"checkpoints": 3}', "\xff"])
def test_a_file_of_checkpoints_that_is_none(log: SignedCopy, text: str) -> None:
    (log.log / "checkpoints.json").write_text(text, encoding="latin-1")
    assert {one.kind for one in findings(log)} == {What.UNREADABLE, What.REWRITTEN, What.UNSIGNED}


def test_a_log_rewritten_without_the_key(log: SignedCopy) -> None:
    rows = log.rows.copy()
    rows[5, 3] += 1
    write_reports(log.folder, rows)
    old = log.checkpoints()["checkpoints"]
    sign_run(log.run, SigningKey.generate(), replace=True)
    (log.log / "public_key.pem").write_bytes(KEY.public.to_pem())
    assert What.REWRITTEN in {one.kind for one in findings(log)}
    data = log.checkpoints()
    for mark, before in zip(data["checkpoints"], old, strict=True):
        mark["signature"] = before["signature"]
    log.write_checkpoints(data)
    found = verified(log)
    assert What.REWRITTEN in {one.kind for one in found.mismatches}
    assert (found.entries, found.checkpoints) == (1, 1), "only the opening, which says nothing of entries, is signed"
    assert ("unsigned", "entries.bin", 1, ROWS) in places(found.mismatches)


def test_a_log_rewritten_and_signed_with_another_key_is_found_by_the_key_that_was_given(log: SignedCopy) -> None:
    rows = log.rows.copy()
    rows[5, 3] += 1
    write_reports(log.folder, rows)
    sign_run(log.run, SigningKey.generate(), replace=True)
    assert findings(log) == [], "nothing in the folder itself is wrong"
    kinds = {one.kind for one in findings(log, KEY.public)}
    assert {What.OTHER_KEY, What.REWRITTEN} <= kinds


def test_without_the_key_beside_it_the_one_that_was_given_serves(log: SignedCopy) -> None:
    (log.log / "public_key.pem").unlink()
    assert {one.kind for one in findings(log)} >= {What.UNREADABLE, What.REWRITTEN}
    assert {one.kind for one in findings(log, KEY.public)} == {What.UNREADABLE}


def test_what_cannot_be_signed(tmp_path: Path) -> None:
    run = sample_run(tmp_path / "run")
    with pytest.raises(UsageLogError, match="has no usage log"):
        verify_log(RunFiles.open(run), 0)
    rows = sample_rows()
    rows[3, 2] = 77
    write_reports(run / "replications" / "0000", rows)
    with pytest.raises(UsageLogError, match="no stock point 77"):
        sign_run(run)
    (run / "replications" / "0000" / "reports.parquet").unlink()
    with pytest.raises(UsageLogError, match="only runs with devices or contracts"):
        sign_run(run)
    assert not json.loads((run / "manifest.json").read_text())["events"]
