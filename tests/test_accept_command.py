"""`mro-twin hil accept`, as far as it needs no run."""

import json
import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from hil.accept import rig
from hil.accept.criteria import Criteria
from hil.accept.judging import judge
from hil.accept.processes import RigError
from hil.accept.suite import Suite
from hil.accept.verdict import Verdict, conclude
from mro_twin.hil_accept_command import command
from tests.accept_histories import RULES, Known

ROOT = Path(__file__).parents[1]


def fake_run(monkeypatch: pytest.MonkeyPatch, *fates: str, failures: tuple[str, ...] = ()) -> None:
    known = Known(counters=True, names=True)
    for fate in fates:
        known.episode("m-1", fate, 100)

    async def accept(suite: Suite, folder: Path, tell: object) -> Verdict:
        return conclude(suite.name, judge(known.history(), RULES), Criteria(), failures)

    monkeypatch.setattr(rig, "accept", accept)


@pytest.mark.parametrize(
    ("fates", "failures", "code", "said"),
    [
        (["plain"], (), 0, "passed; see"),
        (["lost"], (), 1, "MISSED  lost: wanted at most 0, found 1 of 2"),
        (["lost"], (), 1, "m-1: numbers 1 to 1 (1 changes of turns) lost by the gateway"),
        (["plain"], ("port taken",), 4, "the rig failed: port taken"),
    ],
)
def test_exit_codes(
    monkeypatch: pytest.MonkeyPatch, fates: list[str], failures: tuple[str, ...], code: int, said: str
) -> None:
    fake_run(monkeypatch, *fates, failures=failures)
    result = CliRunner().invoke(command, ["smoke"])
    assert (result.exit_code, said in result.stdout) == (code, True), result.output


def test_of_a_rig_that_failed_no_loss_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    fake_run(monkeypatch, "lost", failures=("port taken",))
    said = CliRunner().invoke(command, ["smoke"]).stdout
    assert "says nothing about the gateway" in said
    assert "MISSED" not in said
    assert "lost by the gateway" not in said


def test_a_program_that_is_not_there_is_told_before_anything_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    fake_run(monkeypatch, "plain")
    result = CliRunner().invoke(command, ["smoke", "--set", "gateway.command=[/nowhere/gateway]"])
    assert (result.exit_code, "there is no program '/nowhere/gateway'" in result.stderr) == (2, True), result.output


def test_json(monkeypatch: pytest.MonkeyPatch) -> None:
    fake_run(monkeypatch, "plain")
    result = CliRunner().invoke(command, ["smoke", "--json"])
    assert json.loads(result.stdout)["outcome"] == "passed"


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (OSError(13, "Permission denied"), 2, "acceptance: Permission denied"),
        (RigError("verdict.json: No space left on device"), 4, "the rig failed: verdict.json: No space left"),
    ],
)
def test_what_cannot_be_written_is_told(
    monkeypatch: pytest.MonkeyPatch, error: Exception, code: int, said: str
) -> None:
    async def accept(*_: object) -> Verdict:
        raise error

    monkeypatch.setattr(rig, "accept", accept)
    result = CliRunner().invoke(command, ["smoke"])
    assert (result.exit_code, said in result.stderr) == (code, True), result.output


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_asked_to_end_it_ends_the_gateway_too(tmp_path: Path, number: int) -> None:
    alive = tmp_path / "alive"
    os.mkfifo(alive)
    reader = os.open(alive, os.O_RDONLY | os.O_NONBLOCK)
    settings = ["gateway.command=" + json.dumps(["sh", "-c", f"exec >{alive}; echo up; exec sleep 1000"])]
    command = [sys.executable, "-m", "mro_twin", "hil", "accept", "smoke", "--out", str(tmp_path / "out")]
    for setting in (*settings, "faults.faults=[]", "observer={http: {topic: 'up/{device}'}}"):
        command += ["--set", setting]
    with subprocess.Popen(command, stderr=subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(ROOT)}) as process:
        assert select.select([reader], [], [], 30)[0]
        assert os.read(reader, 9) == b"up\n"
        process.send_signal(number)
        assert process.stderr is not None
        said = process.stderr.read()
    assert (process.returncode, b"there is no verdict" in said, b"Traceback" in said) == (130, True, False), said
    assert select.select([reader], [], [], 10)[0]
    assert os.read(reader, 1) == b""  # the gateway has it open no more
    os.close(reader)


def test_a_bad_suite_is_exit_code_2(tmp_path: Path) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text("name: x\nduration: 1\n")
    result = CliRunner().invoke(command, [str(file)])
    assert result.exit_code == 2
    assert "2 findings" in result.stderr
    assert f"{file}:2: duration" in result.stderr
    assert CliRunner().invoke(command, ["smoke", "--check"]).exit_code == 0
    assert "suites that come along: outages, smoke, soak" in CliRunner().invoke(command, ["nosuch"]).stderr
