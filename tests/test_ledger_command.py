"""`mro-twin ledger` as it is called: sign, verify, proof, check; text, JSON, exit codes, wrong questions."""

import json
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

from mro_twin.cli import cli
from sim.usage_log.signing import SigningKey
from tests.usage_log_samples import ROWS, SignedCopy, sample_run


def call(*arguments: object) -> Result:
    return CliRunner().invoke(cli, ["ledger", *(str(one) for one in arguments)])


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return sample_run(tmp_path / "run", replications=2)


@pytest.fixture
def signed(run: Path) -> Path:
    assert call("sign", run).exit_code == 0
    return run


def spoil(run: Path) -> None:
    log = SignedCopy(run)
    rows = log.rows.copy()
    rows[16, 3] += 5
    log.write(rows, "reports")


# --- sign and verify --------------------------------------------------------------------------------------------------
def test_sign_and_verify(run: Path) -> None:
    done = call("sign", run)
    assert done.exit_code == 0
    lines = done.stdout.splitlines()
    assert lines[0].startswith(f"replication 0: {ROWS + 1} entries, 6 checkpoints  {run}")
    key = lines[-1].rpartition(" ")[2]
    again = call("sign", run)
    assert again.exit_code == 0
    assert "nothing to do" in again.stdout
    verified = call("verify", run)
    assert verified.exit_code == 0
    assert verified.stdout.splitlines()[:2] == [
        f"replication {number}: {ROWS + 1} entries are what was signed, in 6 checkpoints" for number in (0, 1)
    ]
    assert f"held against {key}, the key beside the log: compare" in verified.stdout
    anew = call("sign", run.parent, "--replace", "--replication", 1, "--json")
    document = json.loads(anew.stdout)
    assert [one["replication"] for one in document["logs"]] == [1]
    assert document["key"] != key


def test_a_key_of_ones_own(run: Path, tmp_path: Path) -> None:
    from cryptography.hazmat.primitives import serialization as s
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    private = Ed25519PrivateKey.generate()
    secret, public = tmp_path / "key.pem", tmp_path / "public.pem"
    secret.write_bytes(private.private_bytes(s.Encoding.PEM, s.PrivateFormat.PKCS8, s.NoEncryption()))
    key = SigningKey(private)
    public.write_bytes(key.public.to_pem())
    signed = call("sign", run, "--key", secret)
    assert signed.stdout.splitlines()[-1] == f"signed with the key {key.public.fingerprint}"
    verified = call("verify", run, "--key", public)
    assert verified.exit_code == 0
    assert "the key that you gave" in verified.stdout
    call("sign", run, "--replace")
    forged = call("verify", run, "--key", public)
    assert forged.exit_code == 1
    assert "is not yours" in forged.stdout
    for wrong in (call("verify", run, "--key", secret), call("sign", run, "--key", public)):
        assert wrong.exit_code == 2
        assert wrong.stderr.startswith("mro-twin: ")


def test_what_does_not_fit_is_listed(signed: Path) -> None:
    spoil(signed)
    done = call("verify", signed)
    assert done.exit_code == 1
    assert "replication 0 DOES NOT FIT, 1 finding:\n  reports.parquet: entry 17 was edited, was `" in done.stdout
    assert "(row 16 of the table)" in done.stdout
    document = json.loads(call("verify", signed, "--json").stdout)
    assert [one["fits"] for one in document["logs"]] == [False, True]
    (found,) = document["logs"][0]["mismatches"]
    assert (found["kind"], found["first_entry"], found["node"]) == ("edited", 17, "works/shelf")
    assert call("verify", signed, "--replication", 1).exit_code == 0


def test_replications_without_a_log_are_named(run: Path) -> None:
    call("sign", run, "--replication", 0)
    done = call("verify", run)
    assert done.exit_code == 0
    assert done.stdout.splitlines()[-1] == "without a log: replication 1"


def test_what_cannot_be_verified(run: Path, tmp_path: Path) -> None:
    for arguments, said in (
        (("verify", run), "has no usage log: `mro-twin ledger sign"),
        (("verify", tmp_path / "none"), "there is no folder"),
        (("sign", run, "--replication", 9), "no whole replication 9"),
        (("proof", run, "--entries", "1"), "has no usage log"),
    ):
        done = call(*arguments)
        assert (done.exit_code, done.stdout) == (2, "")
        assert said in done.stderr
    manifest = run / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"complete"', '"interrupted"'))
    assert "is signed when `mro-twin run ... --resume` ends it" in call("verify", run).stderr
    for number in (0, 1):
        (run / "replications" / f"{number:04d}" / "reports.parquet").unlink()
    done = call("sign", run)
    assert done.exit_code == 2
    assert "only runs with devices or contracts" in done.stderr


# --- proof and check --------------------------------------------------------------------------------------------------
def test_a_proof_to_a_file_and_back(signed: Path, tmp_path: Path) -> None:
    file = tmp_path / "proof.json"
    assert call("proof", signed, "--entries", "5-7,20", "-o", file).exit_code == 0
    assert call("proof", signed, "--entries", "5-7,20").stdout == file.read_text()
    public = signed / "replications" / "0000" / "usage_log" / "public_key.pem"
    done = call("check", file, "--key", public)
    assert done.exit_code == 0
    lines = done.stdout.splitlines()
    assert [line.split()[1] for line in lines[:4]] == ["5", "6", "7", "20"]
    assert "4 entries were in the usage log of works (seed 7, replication 0)," in lines
    assert "as signed at 2026-03-01 00:00:00 (end of the month, 25 entries with the header)" in lines
    assert "compare it with the one you were given" in call("check", file).stdout
    document = json.loads(call("check", file, "--json").stdout)
    assert document["holds"]
    assert [one["entry"] for one in document["entries"]] == [5, 6, 7, 20]


def test_a_proof_that_does_not_hold(signed: Path, tmp_path: Path) -> None:
    file = tmp_path / "proof.json"
    call("proof", signed, "--entries", "5", "-o", file)
    file.write_text(file.read_text().replace('"entry": 5', '"entry": 6'))
    done = call("check", file)
    assert done.exit_code == 1
    assert done.stdout.startswith("the proof DOES NOT HOLD:\n  entry 6 is not in the log as it is shown")
    assert not json.loads(call("check", file, "--json").stdout)["holds"]
    file.write_text("{}")
    assert call("check", file).exit_code == 2


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe\x00",
        b"[" * 200_000,
        b'{"format": "mro-twin usage proof 1"}',
        b'{"format": "mro-twin usage proof 1", "header": 7}',
        b"1" * 6000,
        b'{"format": "mro-twin usage proof 1", "entries": ' + b"9" * 6000 + b"}",
        b'"\\ud800"',
        b"NaN",
    ],
)
def test_a_file_of_anybody_is_refused_in_a_line(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "proof.json"
    file.write_bytes(content)
    done = call("check", file)
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith("mro-twin: ")
    assert done.stderr.count("\n") == 1
    assert len(done.stderr) < 600


def test_a_header_full_of_words_is_cut_short(signed: Path, tmp_path: Path) -> None:
    file = tmp_path / "proof.json"
    call("proof", signed, "--entries", "5", "-o", file)
    long = file.read_text().replace("2026-01-05T00:00:00", "\\\\u001b[31m" * 3000, 1)
    file.write_text(long)
    done = call("check", file)
    assert done.exit_code == 2
    assert len(done.stderr) < 600
    assert "\x1b" not in done.stderr


def test_a_proof_for_an_invoice_line(signed: Path, tmp_path: Path) -> None:
    folder = signed / "replications" / "0000"
    books = {"line": [4], "table": [2], "first_row": [10], "last_row": [11]}
    pq.write_table(pa.table({"line": [4]}), folder / "invoice_lines.parquet")
    pq.write_table(pa.table(books), folder / "charges.parquet")
    file = tmp_path / "proof.json"
    assert call("proof", signed, "--invoice-line", 4, "--out", file).exit_code == 0
    done = call("check", file)
    assert [line.split()[1] for line in done.stdout.splitlines()[:2]] == ["11", "12"]
    assert "made for invoice line 4: that it rests on these entries is said, and not proven" in done.stdout
    assert call("proof", signed, "--invoice-line", 5).exit_code == 2


def test_proof_names_what_to_prove_once(signed: Path, tmp_path: Path) -> None:
    assert call("proof", signed).exit_code == 2
    assert call("proof", signed, "--entries", "1", "--invoice-line", 1).exit_code == 2
    assert "such as `5-9,12`" in call("proof", signed, "--entries", "x").stderr
    lost = call("proof", signed, "--entries", "1", "-o", tmp_path / "none" / "proof.json")
    assert lost.exit_code == 4
    spoil(signed)
    assert call("proof", signed, "--entries", "1").exit_code == 0, "the log itself is as it was signed"


def test_control_characters_of_a_forger_do_not_reach_the_terminal(tmp_path: Path) -> None:
    run = sample_run(tmp_path / "run")
    names = pq.ParquetFile(run / "network" / "items.parquet").read().to_pydict()
    names["name"] = ["\x1b[2Jgrease", "filter"]
    pq.write_table(pa.table(names), run / "network" / "items.parquet")
    call("sign", run)
    file = tmp_path / "proof.json"
    call("proof", run, "--entries", f"1-{ROWS}", "-o", file)
    done = call("check", file)
    assert done.exit_code == 0
    assert "?[2Jgrease" in done.stdout
    assert "\x1b" not in done.stdout


def test_a_check_needs_neither_tables_nor_the_engine(signed: Path, tmp_path: Path) -> None:
    file = tmp_path / "proof.json"
    call("proof", signed, "--entries", "5", "-o", file)
    code = (
        "import sys\nfrom mro_twin.cli import main\nsys.argv = ['mro-twin', 'ledger', 'check', sys.argv[1]]\n"
        "try:\n    main()\nexcept SystemExit as done:\n    assert not done.code\n"
        "print(sorted({'numba', 'pandas', 'scipy', 'simpy', 'matplotlib'} & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(file)], capture_output=True, text=True, check=True)
    assert done.stderr == "[]\n"
    assert done.stdout.startswith("entry 5  ")
