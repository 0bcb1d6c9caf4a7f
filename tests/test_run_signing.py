"""A run of contracts signs its usage log: at once verifiable, the same records whoever makes them, no secret left."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

import mro_twin
from mro_twin.cli import cli
from sim.errors import RunFailedError
from sim.usage_log.signing import SigningKey
from tests.contract_run_samples import contract_sample

SECRET = ("checkpoints.json", "public_key.pem")
"""Files of a usage log that depend on the key; all others are the same in every run."""


def call(*arguments: object) -> Result:
    return CliRunner().invoke(cli, [str(one) for one in arguments])


@pytest.fixture(scope="module")
def scenario(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("scenario") / "works.yaml"
    file.write_text(json.dumps(contract_sample(), default=str))
    return file


@pytest.fixture(scope="module")
def done(scenario: Path, tmp_path_factory: pytest.TempPathFactory) -> Result:
    """Two replications, signed with a key made for the run."""
    found = call("run", scenario, "-r", 2, "--out", tmp_path_factory.mktemp("runs"), "--json")
    assert found.exit_code == 0, found.output
    return found


@pytest.fixture(scope="module")
def run(done: Result) -> Path:
    return Path(json.loads(done.stdout)["run_directory"])


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    file = tmp_path / "key.pem"
    file.write_bytes(Ed25519PrivateKey.generate().private_bytes(encoding, form, serialization.NoEncryption()))
    file.chmod(0o600)
    return file


def contents(run: Path) -> dict[str, bytes]:
    """Everything in a run's replications by its path, without what depends on the key."""
    files = [file for file in (run / "replications").rglob("*") if file.is_file() and file.name not in SECRET]
    return {str(file.relative_to(run)): file.read_bytes() for file in files}


def test_a_run_of_contracts_can_be_verified_and_proven_at_once(done: Result, run: Path, tmp_path: Path) -> None:
    log = json.loads(done.stdout)["usage_log"]
    verified = call("ledger", "verify", run, "--json")
    assert verified.exit_code == 0
    (found,) = json.loads(verified.stdout)["logs"]
    assert (found["replication"], found["entries"], found["key"]) == (0, log["entries"], log["key"])
    assert f"usage log: {log['entries'] - 1:,} reports of replication 0, signed with a key made for this" in done.stderr
    assert f"fingerprint {log['key']}; `mro-twin ledger verify {run}`" in done.stderr
    noted = json.loads((run / "manifest.json").read_text())["usage_logs"]
    assert noted == {"0": {"key": log["key"], "entries": log["entries"], "root": log["root"]}}
    proof = tmp_path / "proof.json"
    assert call("ledger", "proof", run, "--invoice-line", 1, "-o", proof).exit_code == 0
    public = run / "replications" / "0000" / "usage_log" / "public_key.pem"
    assert call("ledger", "check", proof, "--key", public).exit_code == 0


@pytest.mark.slow
def test_records_and_entries_do_not_depend_on_who_made_them(run: Path, scenario: Path, tmp_path: Path) -> None:
    other = call("run", scenario, "-r", 2, "-j", 2, "--out", tmp_path, "--json")
    mine, others = contents(run), contents(Path(json.loads(other.stdout)["run_directory"]))
    assert sorted(mine) == sorted(others)
    assert [name for name in mine if mine[name] != others[name]] == []
    assert "replications/0000/usage_log/entries.bin" in mine


def test_no_private_key_is_left_anywhere(run: Path, scenario: Path, key_file: Path, tmp_path: Path) -> None:
    signed = call("run", scenario, "-r", 1, "--out", tmp_path / "runs", "--sign-key", key_file)
    secret = key_file.read_text().splitlines()[1]
    for folder in (run, tmp_path / "runs"):
        for file in folder.rglob("*"):
            data = file.read_bytes() if file.is_file() else b""
            assert b"PRIVATE" not in data, file
            assert secret.encode() not in data, file
    assert secret not in signed.output


def test_a_key_of_ones_own_gives_the_same_signatures_again(scenario: Path, key_file: Path, tmp_path: Path) -> None:
    checkpoints = []
    for folder in (tmp_path / "one", tmp_path / "two"):
        signed = call("run", scenario, "-r", 1, "--out", folder, "--sign-key", key_file)
        assert f"signed with the key in {key_file}" in signed.stderr
        assert "others can read" not in signed.stderr
        (file,) = folder.rglob("checkpoints.json")
        checkpoints.append(file.read_text())
    assert checkpoints[0] == checkpoints[1]
    key_file.chmod(0o644)
    resumed = call("run", scenario, "-r", 1, "--out", tmp_path / "two", "--sign-key", key_file, "--resume")
    assert resumed.exit_code == 0
    assert f"others can read the private key {key_file}; `chmod 600" in resumed.stderr
    assert "signed before and kept" in resumed.stderr


def test_more_replications_later_keep_the_log(run: Path, scenario: Path) -> None:
    log = run / "replications" / "0000" / "usage_log" / "checkpoints.json"
    before = log.read_bytes(), json.loads((run / "manifest.json").read_text())["usage_logs"]
    assert call("run", scenario, "-r", 3, "--out", run, "--resume").exit_code == 0
    assert (log.read_bytes(), json.loads((run / "manifest.json").read_text())["usage_logs"]) == before
    assert call("ledger", "verify", run).exit_code == 0


def test_a_wrong_key_is_told_before_anything_is_simulated(scenario: Path, key_file: Path, tmp_path: Path) -> None:
    public = tmp_path / "public.pem"
    public.write_bytes(SigningKey.generate().public.to_pem())
    plain = tmp_path / "plain.yaml"
    plain.write_text(
        json.dumps({name: one for name, one in contract_sample().items() if name != "contracts"}, default=str)
    )
    for what, key, said in (
        (scenario, public, "this is a public key"),
        (scenario, tmp_path / "none.pem", "cannot be read"),
        (plain, key_file, "has no `contracts`"),
    ):
        refused = call("run", what, "--out", tmp_path / "runs", "--sign-key", key)
        assert refused.exit_code == 2
        assert said in refused.stderr
    assert not (tmp_path / "runs").exists()


def test_without_contracts_or_a_folder_nothing_is_signed(tmp_path: Path) -> None:
    sample = contract_sample()
    in_memory = mro_twin.simulate(mro_twin.load_scenario(sample), replications=1)
    assert in_memory.usage_log is None
    del sample["contracts"]
    plain = mro_twin.simulate(mro_twin.load_scenario(sample), replications=1, out=tmp_path)
    assert plain.usage_log is None
    assert not list(tmp_path.rglob("usage_log"))


def test_a_log_that_cannot_be_written_leaves_the_run_whole(
    scenario: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise RunFailedError("the disk is full")

    monkeypatch.setattr("sim.usage_log.log.sign_run", full)
    failed = call("run", scenario, "-r", 1, "--out", tmp_path)
    assert failed.exit_code == RunFailedError.exit_code
    assert "is whole; only its usage log is not signed" in failed.stderr
    monkeypatch.undo()
    (manifest,) = tmp_path.glob("*/manifest.json")
    assert json.loads(manifest.read_text())["status"] == "complete"
    assert call("ledger", "sign", tmp_path).exit_code == 0


def test_the_runs_own_readme_names_every_file_of_the_log_and_the_books(run: Path) -> None:
    text = (run / "README.md").read_text()
    for file in (run / "replications" / "0000").rglob("*.*"):
        assert f"{file.name}`" in text or f"### {file.name}" in text or file.name == "kpis.parquet", file.name
