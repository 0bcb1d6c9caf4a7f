"""`mro-twin hil accept`, as far as it needs no run."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from hil.accept import rig
from hil.accept.criteria import Criteria
from hil.accept.judging import judge
from hil.accept.suite import Suite
from hil.accept.verdict import Verdict, conclude
from mro_twin.hil_accept_command import command
from tests.accept_histories import RULES, Known


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
        (["lost"], (), 1, "m-1: numbers 1 to 1 (1 changes) lost by the gateway"),
        (["plain"], ("port taken",), 4, "the rig failed: port taken"),
    ],
)
def test_exit_codes(
    monkeypatch: pytest.MonkeyPatch, fates: list[str], failures: tuple[str, ...], code: int, said: str
) -> None:
    fake_run(monkeypatch, *fates, failures=failures)
    result = CliRunner().invoke(command, ["smoke"])
    assert (result.exit_code, said in result.stdout) == (code, True), result.output


def test_json(monkeypatch: pytest.MonkeyPatch) -> None:
    fake_run(monkeypatch, "plain")
    result = CliRunner().invoke(command, ["smoke", "--json"])
    assert json.loads(result.stdout)["outcome"] == "passed"


def test_a_bad_suite_is_exit_code_2(tmp_path: Path) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text("name: x\nduration: 1\n")
    result = CliRunner().invoke(command, [str(file)])
    assert result.exit_code == 2
    assert "2 findings" in result.stderr
    assert f"{file}:2: duration" in result.stderr
    assert CliRunner().invoke(command, ["smoke", "--check"]).exit_code == 0
