"""Tampering with a run of the pilot, as `mro-twin ledger verify` tells it: what was done, and the first entry of it."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from click.testing import CliRunner, Result

from mro_twin.cli import cli
from sim.usage_log.entries import ROW_BYTES
from sim.usage_log.signing import SigningKey
from tests.usage_log_samples import SignedCopy, write_reports

ROOT = Path(__file__).resolve().parent.parent


def call(*arguments: object) -> Result:
    return CliRunner().invoke(cli, [str(one) for one in arguments])


@pytest.fixture(scope="module")
def pilot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    done = call("run", ROOT / "scenarios" / "pilot.yaml", "-r", 1, "--out", tmp_path_factory.mktemp("runs"), "--json")
    assert done.exit_code == 0, done.output
    return Path(json.loads(done.stdout)["run_directory"])


@pytest.fixture
def log(pilot: Path, tmp_path: Path) -> SignedCopy:
    return SignedCopy(Path(shutil.copytree(pilot, tmp_path / "run")))


def public_key(pilot: Path) -> Path:
    return pilot / "replications" / "0000" / "usage_log" / "public_key.pem"


def mismatches(log: SignedCopy, *options: object) -> list[dict[str, Any]]:
    """What `verify --json` finds; the exit code has to go with it."""
    done = call("ledger", "verify", log.run, "--json", *options)
    (one,) = json.loads(done.stdout)["logs"]
    assert done.exit_code == (1 if one["mismatches"] else 0), done.output
    found: list[dict[str, Any]] = one["mismatches"]
    return found


def places(found: list[dict[str, Any]]) -> set[tuple[str, str, int | None]]:
    return {(one["kind"], one["file"], one["first_entry"]) for one in found}


def months(log: SignedCopy) -> list[int]:
    return [one["size"] for one in log.checkpoints()["checkpoints"]]


def test_the_pilot_as_it_was_made_fits(pilot: Path) -> None:
    done = call("ledger", "verify", pilot, "--key", public_key(pilot))
    assert done.exit_code == 0
    assert "entries are what was signed, in 9 checkpoints" in done.stdout


# --- one file ---------------------------------------------------------------------------------------------------------
def edit(rows: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    rows[5000, 3] += 1
    return rows


@pytest.mark.parametrize("file", ["entries", "reports"])
@pytest.mark.parametrize(
    ("tamper", "kind", "first", "said"),
    [
        (edit, "edited", 5001, "entry 5001 was edited, was `"),
        (lambda rows: np.delete(rows, range(5000, 5010), axis=0), "deleted", 5001, "entries 5001 to 5010 were deleted"),
        (lambda rows: np.insert(rows, 5000, rows[5000] + 1, axis=0), "inserted", 5001, "inserted before entry 5001"),
        (lambda rows: rows[[*range(5000), 5001, 5000, *range(5002, len(rows))]], "reordered", 5002, "stands at place"),
        (lambda rows: rows[:15_000], "cut off", 15_001, "the tail was cut off, entries 15001 to "),
    ],
)
def test_one_file_is_told_to_the_entry(
    log: SignedCopy, file: str, tamper: Callable[[Any], Any], kind: str, first: int, said: str
) -> None:
    log.write(tamper(log.rows.copy()), file)
    name = {"entries": "entries.bin", "reports": "reports.parquet"}[file]
    assert places(mismatches(log)) == {(kind, name, first)}
    told = call("ledger", "verify", log.run).stdout
    assert f"{name}: " in told
    assert said in told


def test_all_copies_alike_are_told_to_the_month(log: SignedCopy) -> None:
    marks = months(log)
    log.write(edit(log.rows.copy()), "entries", "leaves", "reports")
    month = next(at for at, size in enumerate(marks) if size > 5001)
    (found,) = mismatches(log)
    assert (found["kind"], found["first_entry"], found["last_entry"]) == ("changed", marks[month - 1], marks[month] - 1)
    assert "in any copy; somewhere between them" in call("ledger", "verify", log.run).stdout


def test_a_tail_cut_off_everywhere_and_its_checkpoints_with_it(log: SignedCopy) -> None:
    whole, size = log.checkpoints(), months(log)[4]
    log.write(log.rows[: size - 1], "entries", "leaves", "reports")
    log.write_checkpoints(whole | {"checkpoints": whole["checkpoints"][:5]})
    found = places(mismatches(log))
    assert found == {("cut off", "checkpoints.json", size), ("manifest", "manifest.json", size)}


def test_a_horizon_cut_with_the_tail_does_not_hide_it(log: SignedCopy) -> None:
    whole, size = log.checkpoints(), months(log)[4]
    log.write(log.rows[: size - 1], "entries", "leaves", "reports")
    log.write_checkpoints(whole | {"checkpoints": whole["checkpoints"][:5]})
    manifest = json.loads((log.run / "manifest.json").read_text())
    manifest |= {"horizon_ms": whole["checkpoints"][4]["time_ms"], "usage_logs": {}}
    (log.run / "manifest.json").write_text(json.dumps(manifest))
    assert places(mismatches(log)) == {("cut off", "checkpoints.json", size)}


# --- whole files ------------------------------------------------------------------------------------------------------
def test_older_checkpoints_of_the_same_log(log: SignedCopy) -> None:
    """An older state of checkpoints.json, the rest as it is now."""
    whole, marks = log.checkpoints(), months(log)
    log.write_checkpoints(whole | {"checkpoints": whole["checkpoints"][:4]})
    found = places(mismatches(log))
    assert ("cut off", "checkpoints.json", marks[3]) in found
    assert ("manifest", "manifest.json", marks[3]) in found


@pytest.mark.parametrize("name", ["entries.bin", "leaves.bin", "stock_points.jsonl", "checkpoints.json"])
def test_a_file_that_was_rewritten(log: SignedCopy, name: str) -> None:
    (log.log / name).write_bytes(b"\xff\x00 nothing of ours" * 7)
    found = mismatches(log)
    assert name in {one["file"] for one in found}
    assert name in call("ledger", "verify", log.run).stdout


def test_every_entry_rewritten_is_told_from_the_first(log: SignedCopy) -> None:
    rows = log.rows.copy()
    rows[:, 1] -= 1 << 50
    log.write(rows, "entries")
    (found,) = mismatches(log)
    assert (found["kind"], found["first_entry"], found["last_entry"]) == ("edited", 1, len(rows))


def test_the_log_removed_whole(log: SignedCopy) -> None:
    shutil.rmtree(log.log)
    assert places(mismatches(log)) == {("removed", "usage_log", 0)}
    refused = call("ledger", "sign", log.run)
    assert refused.exit_code == 2
    assert "is not there any more: bring it back, or write another one with --replace" in refused.stderr
    manifest = json.loads((log.run / "manifest.json").read_text())
    (log.run / "manifest.json").write_text(json.dumps(manifest | {"usage_logs": {}}))
    gone = call("ledger", "verify", log.run)
    assert gone.exit_code == 2, "nothing is left that knows of a log"
    assert "has no usage log" in gone.stderr


def test_another_public_key_beside_the_log(log: SignedCopy, pilot: Path) -> None:
    (log.log / "public_key.pem").write_bytes(SigningKey.generate().public.to_pem())
    kinds = {one["kind"] for one in mismatches(log)}
    assert {"rewritten", "manifest"} <= kinds
    assert "other key" in {one["kind"] for one in mismatches(log, "--key", public_key(pilot))}


def test_signed_anew_with_another_key(log: SignedCopy, pilot: Path) -> None:
    """A forger who can write every file: found by the manifest if it was forgotten, else by nothing but the key."""
    manifest = (log.run / "manifest.json").read_text()
    write_reports(log.folder, edit(log.rows.copy()))
    assert call("ledger", "sign", log.run, "--replace").exit_code == 0
    assert mismatches(log) == [], "nothing in the folder itself is wrong"
    assert {"other key", "rewritten"} <= {one["kind"] for one in mismatches(log, "--key", public_key(pilot))}
    (log.run / "manifest.json").write_text(manifest)
    assert places(mismatches(log)) == {
        ("manifest", "manifest.json", None),
        ("manifest", "manifest.json", months(log)[-1]),
    }


def test_the_log_of_another_replication(log: SignedCopy, pilot: Path, tmp_path: Path) -> None:
    done = call("run", ROOT / "scenarios" / "pilot.yaml", "-r", 1, "--seed", 8, "--out", tmp_path / "other", "--json")
    other = Path(json.loads(done.stdout)["run_directory"]) / "replications" / "0000"
    shutil.copytree(other / "usage_log", log.log, dirs_exist_ok=True)
    shutil.copyfile(other / "reports.parquet", log.folder / "reports.parquet")
    found = mismatches(log)
    assert ("other run", "entries.bin", 0) in places(found)
    assert any("seed is 8 in its header, 1 in manifest.json" in one["message"] for one in found)


# --- what the log says nothing of -------------------------------------------------------------------------------------
@pytest.mark.parametrize(("table", "column"), [("usage", "quantity"), ("invoices", "minor"), ("charges", "minor")])
def test_truth_and_books_are_not_in_the_log(log: SignedCopy, table: str, column: str) -> None:
    """docs/usage-log.md says so: the log proves what was reported, not what left the shelf, nor what was charged."""
    file = log.folder / f"{table}.parquet"
    rows = pd.read_parquet(file)
    rows.assign(**{column: rows[column] + 1}).to_parquet(file)
    assert mismatches(log) == []


def test_an_invoice_line_with_its_quantity_is_proven_and_checked_apart(pilot: Path, tmp_path: Path) -> None:
    bill = json.loads(call("ledger", "invoices", pilot, "--json").stdout)
    lines = [line for invoice in bill["invoices"] for line in invoice["lines"] if line["provable"]]
    assert len(lines) > 20
    alone = tmp_path / "customer"
    alone.mkdir()
    shutil.copyfile(public_key(pilot), alone / "public.pem")
    for line in lines[:6]:
        assert call("ledger", "proof", pilot, "--invoice-line", line["line"], "-o", alone / "proof.json").exit_code == 0
        done = call("ledger", "check", alone / "proof.json", "--key", alone / "public.pem", "--json")
        assert done.exit_code == 0
        document = json.loads(done.stdout)
        assert document["invoice_line"] == line["line"]
        (total,) = document["item_totals"]
        assert total["item"] == line["item"]
        assert float(total["amount"].split()[0].replace(",", "")) == line["quantity"]
    assert ROW_BYTES * 6 < (alone / "proof.json").stat().st_size < 1_000_000
