"""Whole runs: the sound gateway passes through outages, the bad one does not, and raw bytes bear the verdict out."""

import asyncio
import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from device_emulators.faces.documents import checked, parse_document
from hil.accept.brokers import find_mosquitto
from hil.accept.judging import TruthClass
from hil.accept.matching import ReportClass
from hil.accept.rig import accept
from hil.accept.suite import Suite
from hil.accept.verdict import Verdict

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def _broker_is_installed() -> None:
    if find_mosquitto() is None:
        if os.environ.get("CI"):
            pytest.fail("mosquitto is not installed")
        pytest.skip("mosquitto is not installed")


def run(folder: Path, text: str) -> Verdict:
    suite = checked(
        Suite, parse_document("{name: test, late: 20 s, rig_lateness: 5 s, settle: 8 s, " + text + "}", "s")
    )
    return asyncio.run(accept(suite, folder))


def counted(folder: Path) -> dict[str, Any]:
    """By the script that shares no code with the rig, from the evidence alone; it agrees with the verdict."""
    script = Path(__file__).with_name("count_relay_bytes.py")
    files = [str(folder / name) for name in ("uplink.jsonl", "truth.jsonl", "verdict.json")]
    done = subprocess.run([sys.executable, "-I", str(script), *files], capture_output=True, timeout=60)
    assert done.returncode == 0, (done.stdout, done.stderr)
    counts: dict[str, Any] = json.loads(done.stdout)
    return counts


PLANT = """devices: [{name: vending, type: vending_machine, count: 2, every: 300 ms},
    {name: tank, type: tank, every: 300 ms}]"""
BOTH = """devices: [{name: vending, type: vending_machine, every: 300 ms},
    {name: tank, type: tank, protocol: opcua, every: 300 ms}]"""


@pytest.mark.parametrize(("plant", "link"), [(PLANT, "device"), (BOTH, "opcua")])
def test_the_reference_gateway_loses_nothing_through_outages(tmp_path: Path, plant: str, link: str) -> None:
    verdict = run(
        tmp_path,
        f"""duration: 20 s, poll: 500 ms, {plant},
            criteria: {{lost_between: 0, not_running: 0, at_least_duplicates: 1}},
            gateway: {{settings: {{acknowledge_ms: 700}}}}, faults: {{faults: [
            {{at: 1 s, for: 3 s, link: uplink, fault: refuse}},
            {{at: 2 s, for: 500 ms, process: gateway, fault: kill}},
            {{at: 6 s, for: 2 s, link: uplink, fault: blackhole}},
            {{at: 9 s, for: 2 s, process: broker, fault: stop}},
            {{at: 12 s, for: 2 s, link: uplink, fault: ackhole}},
            {{at: 15 s, for: 2 s, link: {link}, fault: refuse}},
            {{at: 18 s, process: gateway, fault: kill}}]}}""",
    )
    assert verdict.exit_code == 0, (verdict.results, verdict.judgement.losses, verdict.rig_failures)
    assert {one.outage.cause.value for one in verdict.judgement.recoveries} == {
        *("uplink", "broker", "device link", "gateway"),
    }
    raw = counted(tmp_path)
    assert raw["never_said"] == []  # the journals hold what happened while it was down, too
    assert raw["repeats_acknowledged"] == 0
    assert raw["repeats"] >= verdict.judgement.of_reports()[ReportClass.DUPLICATE] >= 1
    data = json.loads((tmp_path / "verdict.json").read_text(encoding="utf-8"))
    assert data["outcome"] == "passed"
    assert raw["readings"] >= sum(one["shown"] for one in data["devices"]) == data["truths"]["all"] > 100
    assert "did not come back" not in (tmp_path / "verdict.html").read_text(encoding="utf-8")


def test_the_losses_of_the_bad_gateway_are_named_to_the_event(tmp_path: Path) -> None:
    verdict = run(
        tmp_path,
        f"""duration: 12 s, poll: 500 ms, {PLANT}, criteria: {{duplicates: 0}},
            gateway: {{command: ["{{python}}", "-m", "hil.gateways.bad", "{{config}}"]}},
            faults: {{faults: [{{at: 2 s, for: 4 s, link: uplink, fault: refuse}},
                              {{at: 8 s, for: 1 s, process: gateway, fault: kill}}]}}""",
    )
    assert verdict.exit_code == 1
    assert {one.name for one in verdict.results if not one.met} >= {"lost", "duplicates"}
    judgement = verdict.judgement
    raw = counted(tmp_path)
    missed = {(one.device, one.epoch, one.number) for one, kind in judgement.truths if kind is not TruthClass.DELIVERED}
    between = {(one.device, one.epoch, one.number) for one, kind in judgement.truths if kind is TruthClass.LOST_BETWEEN}
    assert {tuple(key) for key in raw["never_said"]} == missed - between
    assert {tuple(key) for key in raw["named_but_passed"]} == between
    assert any(loss.reason is TruthClass.LOST and loss.changes > 3 for loss in judgement.losses)
    assert raw["repeats"] >= judgement.of_reports()[ReportClass.DUPLICATE] > 0


def test_a_gateway_that_ends_before_its_first_report_ends_the_run(tmp_path: Path) -> None:
    verdict = run(
        tmp_path,
        """duration: 10 min, devices: [{name: tank, type: tank, every: 100 ms}], criteria: {did_not_come_back: null},
           gateway: {command: ["{python}", "-c", "raise SystemExit(3)"], start_within: 5 min}""",
    )
    assert verdict.exit_code == 1
    (missed,) = [one for one in verdict.results if not one.met]
    assert missed.found == "the gateway ended with 3 before its first report"
    data = verdict.as_dict()
    assert (data["uptime"], data["rig"]["begin_ms"], data["rig"]["gateway_exit_code"]) == (0.0, None, 3)
    assert data["truths"][TruthClass.NOT_RUNNING.value] == data["truths"]["all"] > 0


def test_a_silent_gateway_has_lost_everything(tmp_path: Path) -> None:
    verdict = run(
        tmp_path,
        """duration: 1 s, devices: [{name: tank, type: tank, every: 100 ms}],
           gateway: {command: [sleep, "1000"], start_within: 1 s}""",
    )
    assert verdict.exit_code == 1
    assert verdict.judgement.of_truths()[TruthClass.DELIVERED] == 0
    assert "did_not_come_back" in {one.name for one in verdict.results if not one.met}


def test_a_rig_that_cannot_start_the_gateway_decides_nothing(tmp_path: Path) -> None:
    verdict = run(
        tmp_path, 'duration: 1 s, devices: [{name: tank, type: tank}], gateway: {command: ["/nowhere/gateway"]}'
    )
    assert verdict.exit_code == 4
    assert "/nowhere/gateway" in verdict.rig_failures[0]


@pytest.mark.parametrize(
    ("topic", "remark"),
    [
        ("site/{device}/{signal}", "messages on topics that the layout does not match, such as plant/"),
        ("plant/{device}/+", "messages held no reading"),
    ],
)
def test_a_layout_that_is_not_the_gateways_is_no_loss(tmp_path: Path, topic: str, remark: str) -> None:
    verdict = run(
        tmp_path,
        f"""duration: 2 s, devices: [{{name: tank, type: tank, every: 100 ms}}], gateway: {{start_within: 2 s}},
            observer: {{mqtt: {{topic: "{topic}", device: "$.nothing"}}}}""",
    )
    assert verdict.exit_code == 4
    assert verdict.rig_failures == ["the observer could read nothing of what came: is the layout right?"]
    assert remark in verdict.as_dict()["rig"]["remarks"][0]
    assert remark in (tmp_path / "verdict.html").read_text(encoding="utf-8")


def test_a_gateway_of_somebody_else_is_told_where_everything_is(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    told: list[str] = []
    gateways: list[subprocess.Popen[bytes]] = []

    def tell(text: str) -> None:
        told.append(text)
        if text.startswith("waiting 30 s"):
            config = str(tmp_path / "gateway.json")
            gateways.append(subprocess.Popen([sys.executable, "-m", "hil.gateways.reference", config], stderr=-3))

    text = f"""{{name: test, duration: 1 s, settle: 4 s, rig_lateness: 5 s, gateway: null, start_within: 30 s,
        devices: [{{name: tank, type: tank, every: 100 ms}}], listen: {{device: {port}}},
        criteria: {{delivered: 1}}}}"""
    try:
        verdict = asyncio.run(accept(checked(Suite, parse_document(text)), tmp_path, tell))
    finally:
        for gateway in gateways:
            gateway.terminate()
            gateway.wait()
    assert told[0] == f"devices over Modbus TCP: 127.0.0.1:{port}, units 1 tank"
    assert told[1].startswith("send to: mqtt://127.0.0.1:")
    assert told[2] == f"all of it is in {tmp_path / 'gateway.json'}"
    assert verdict.exit_code == 0, verdict.as_dict()
