"""The command line of the bridge, with a device in another process: one run through all modes, and its snapshot."""

import json
import time
from pathlib import Path
from typing import Any

from tests.bridge_processes import LONGEST_S, started, told
from tests.bridge_samples import SCENARIO


def status(out: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(told("hil", "ctl", "status", "--out", str(out)))
    return found


def test_a_node_goes_through_all_modes_with_a_device_in_another_process(tmp_path: Path) -> None:
    scenario, out, state = tmp_path / "bench.yaml", tmp_path / "out", tmp_path / "state"
    scenario.write_text(SCENARIO)
    bench = ["--emulate", "vending", "--rate", "600", "--lateness-bound", "60000", "--json", "--out", str(out)]
    with (
        started("emulate", "vending_machine", "--rate", "600", "--json") as (_, device),
        started("hil", "run", str(scenario), *bench) as (run, faces),
    ):
        assert faces["modbus"]["units"] == {"vending": 1}
        url = f"modbus://{device['modbus']['host']}:{device['modbus']['port']}/1"
        assert told("hil", "ctl", "switch", "vending", "hardware", url, "--out", str(out)) == "vending: hardware\n"
        ends_s = time.monotonic() + LONGEST_S
        while (now := status(out))["draws"] < 3:  # its people draw about twice an hour
            assert time.monotonic() < ends_s, now
        (real,) = now["nodes"]["vending"]["devices"]
        assert not real["stale"], real
        assert told("hil", "ctl", "switch", "vending", "simulated", "--out", str(out)) == "vending: simulated\n"
        ahead = ["--ahead", str(scenario), "-r", "5", "--json"]
        found = json.loads(told("hil", "snapshot", str(state), "--out", str(out), *ahead))
        assert {one["node"] for one in found["items"]} == {"vending", "shelf", "tank"}
        told("hil", "ctl", "stop", "--out", str(out))
        assert run.wait(LONGEST_S) == 0
    result = json.loads((out / "result.json").read_text())
    assert result["kpis"]["demand_lines"]["value"] >= len(result["draws"]) >= 3
    assert result["verdict"] == "in time"
    assert {one["cause"].partition(":")[0] for one in result["adjustments"]} <= {
        "handover",
        "more in the device than was known",
        "delivered in the twin, and not seen in the device before it was released",
    }
    assert not result["refused"]
    start = f"start={now['origin']}"
    more = [
        "--set",
        start,
        "--set",
        "warm_up=0",
        "--from-state",
        str(state),
        "-r",
        "1",
        "--out",
        str(tmp_path / "runs"),
    ]
    assert "fill" in told("run", str(scenario), *more)
