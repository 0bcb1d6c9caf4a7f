"""A bench as a whole: its file, its control socket, its result, a snapshot and what follows from it."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from device_emulators.faces.documents import FileError
from hil.bindings.modbus_address import TcpAddress
from hil.bindings.modbus_client import ModbusClient
from hil.bindings.modbus_device import ModbusDevice
from hil.bridge.bridge import Bridge, Mode
from hil.bridge.control import SOCKET, ControlError, ControlServer, ask
from hil.bridge.look_ahead import look_ahead, wilson
from hil.bridge.session import Session, run_session
from hil.bridge.settings import Bench, NodeBinding, read_bench
from mro_twin import load_scenario
from mro_twin.cli import cli
from sim.network import Network
from sim.outside import OutsideBooks, prepare_bookings
from sim.run.simulation import network_of
from tests.bridge_samples import SCENARIO, bench, in_loop


@pytest.fixture(scope="module")
def network() -> Network:
    network = network_of(load_scenario(bench()))
    prepare_bookings(network)
    return network


@asynccontextmanager
async def session(network: Network, folder: Path, settings: Bench) -> AsyncIterator[tuple[Bridge, Any, Any]]:
    ready: asyncio.Future[tuple[Bridge, dict[str, Any]]] = asyncio.get_running_loop().create_future()
    wanted = Session(network, settings, 1, datetime.now(UTC), folder)
    task = asyncio.create_task(run_session(wanted, lambda bridge, faces: ready.set_result((bridge, faces))))
    waiting: set[asyncio.Future[Any]] = {task, ready}
    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    if not ready.done():
        await task
    bridge, faces = ready.result()
    try:
        yield bridge, faces, task
    finally:
        bridge.stop()
        await task


def emulated(*nodes: str, **more: Any) -> Bench:
    return Bench(nodes={node: NodeBinding(mode=Mode.EMULATED) for node in nodes}, **more)


async def until(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.sleep(0.005)


@in_loop
async def test_a_bench_is_served_told_and_writes_its_result(
    network: Network, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, written = tmp_path, tmp_path / "result.json"
    monkeypatch.setattr("hil.bridge.session.KEEP_S", 0.05)
    async with session(network, folder, emulated("vending", "tank")) as (bridge, faces, _):
        assert faces["modbus"]["units"] == {"vending": 1, "tank": 2}
        (vending,) = bridge.emulated_devices("vending")
        async with ModbusClient(TcpAddress("127.0.0.1", faces["modbus"]["port"])) as client:
            await client.wait_connected()
            device = ModbusDevice(client, 1, vending.bound(), vending.journal_signals())
            before = (await device.snapshot()).values
            await device.write("slot_2_vend", True)
            await until(lambda: len(bridge.ledger.draws) == 1)
            assert (await device.snapshot()).values["slot_2_count"] == int(before["slot_2_count"]) - 1
        status = await ask(folder, {"do": "status"})
        assert status["nodes"]["vending"]["mode"] == "emulated"
        assert status["draws"] == 1
        assert (await ask(folder, {"do": "rate", "rate": 5}))["rate"] == 5
        assert (await ask(folder, {"do": "switch", "node": "tank", "mode": "simulated"}))["nodes"]["tank"]["mode"] == (
            "simulated"
        )
        with pytest.raises(OSError, match="a run goes on there"):
            await ControlServer(bridge, folder).start()
        assert (folder / SOCKET).stat().st_mode & 0o077 == 0
        await until(lambda: written.exists() and len(json.loads(written.read_text())["draws"]) == 1)
        assert not json.loads(written.read_text())["ended"]
        await ask(folder, {"do": "stop"})
    result = json.loads((folder / "result.json").read_text())
    assert result["ended"]
    assert result["verdict"] == "in time"
    assert [(one["item"], one["units"]) for one in result["draws"]] == [("drill", 1)]
    assert not (folder / SOCKET).exists()


@in_loop
async def test_requests_that_cannot_be_are_refused(network: Network, tmp_path: Path) -> None:
    folder = tmp_path
    async with session(network, folder, emulated()):
        for request, message in (
            ({"do": "fly"}, "not a request"),
            ({"do": "status", "more": 1}, "not a request"),
            ({"do": "rate", "rate": 0}, "not a request"),
            ({"do": "switch", "node": "nowhere", "mode": "emulated"}, "no node"),
            ({"do": "switch", "node": "vending", "mode": "hardware", "url": "x"}, "not an address"),
            ({"do": "save", "folder": "here"}, "must be absolute"),
        ):
            with pytest.raises(ControlError, match=message):
                await ask(folder, request)
        reader, writer = await asyncio.open_unix_connection(str(folder / SOCKET))
        writer.write(b"x" * 200_000)  # no line at all: closed, and others are served on
        await writer.drain()
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await reader.readexactly(1)
        writer.close()
        assert (await ask(folder, {"do": "status"}))["rate"] == 1
    with pytest.raises(ControlError, match="nothing runs"):
        await ask(folder, {"do": "status"})


@in_loop
async def test_a_switch_tells_that_the_device_is_not_taken_yet(
    network: Network, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hil.bridge.control.TAKING_S", 0.2)
    async with session(network, tmp_path, emulated()):
        arguments = ["hil", "ctl", "switch", "vending", "hardware", "modbus-rtu:///nowhere", "--out", str(tmp_path)]
        result = await asyncio.to_thread(CliRunner().invoke, cli, arguments)
        assert result.output == "vending: hardware (not taken yet)\n  vending: /nowhere: no such file\n"


def test_a_run_whose_device_was_never_read_has_failed(tmp_path: Path) -> None:
    scenario = tmp_path / "bench.yaml"
    scenario.write_text(SCENARIO)
    bound = ["--bind", "vending=modbus-rtu:///nowhere", "--lateness-bound", "60000", "--for", "2 s"]
    result = CliRunner().invoke(cli, ["hil", "run", str(scenario), *bound, "--out", str(tmp_path / "out")])
    assert result.exit_code == 4
    assert "device never read: " in result.output
    assert "mro-twin: vending was never read: /nowhere: no such file\n" in result.output


@in_loop
async def test_a_snapshot_goes_on_from_the_live_state(network: Network, tmp_path: Path) -> None:
    folder = tmp_path
    async with session(network, folder, emulated("vending")) as (bridge, _, _):
        (vending,) = bridge.emulated_devices("vending")
        for _ in range(18):
            vending.host.write("slot_1_vend", True)
        await until(lambda: len(bridge.ledger.draws) == 18)
        state = folder / "state"
        assert (await ask(folder, {"do": "save", "folder": str(state)}))["time_ms"] > 0
        with pytest.raises(ControlError, match="state: is there already; name a new folder"):
            await ask(folder, {"do": "save", "folder": str(state)})
        assert not list(folder.glob("*.part"))
        other = tmp_path / "other.yaml"
        other.write_text(SCENARIO.replace("name: bench", "name: other"))
        arguments = ["hil", "snapshot", str(folder / "new"), "--out", str(folder), "--ahead", str(other)]
        result = await asyncio.to_thread(CliRunner().invoke, cli, arguments)
        assert (result.exit_code, result.output) == (2, f"mro-twin: what runs is bench; --ahead {other} is other\n")
        assert not (folder / "new").exists()
        glove = OutsideBooks(bridge.twin).places("vending")[0]
        left = bridge.ledger.books.on_hand(glove.point)
        found = {(one.node, one.item): one for one in look_ahead(network, state, 72.0, 40)}
        assert found["vending", "glove"].on_hand == left
        assert found["vending", "glove"].chance > 0.8  # two left, four a day, and a day until more comes
        assert found["shelf", "drill"].chance == 0.0
        assert found["vending", "glove"].low < found["vending", "glove"].chance <= found["vending", "glove"].high


def test_the_interval_of_a_share() -> None:
    low, high = wilson(10, 100)
    assert (low, high) == pytest.approx((0.0552, 0.1744), abs=1e-3)
    assert wilson(0, 10)[0] == 0.0
    assert wilson(10, 10)[1] == pytest.approx(1.0)


def test_a_bench_file_is_checked(tmp_path: Path) -> None:
    file = tmp_path / "bench.yaml"
    file.write_text("nodes:\n  vending: {mode: hardware, url: modbus://127.0.0.1:502/1}\nrate: 2\n")
    assert read_bench(file).nodes["vending"].mode is Mode.HARDWARE
    file.write_text("nodes:\n  vending: {mode: hardware}\n  tank: {mode: emulated, url: x}\nspeed: 2\nrate: 0\n")
    with pytest.raises(FileError) as caught:
        read_bench(file)
    assert len(caught.value.findings) == 4
    file.write_text(
        "nodes:\n  vendin: {mode: emulated}\n  tank:\n    mode: hardware\n    url: foo\nopcua: http://x\nmodbus: x\n"
    )
    with pytest.raises(FileError) as caught:
        read_bench(file, ["vending", "tank"])
    found = {finding.line: finding.message for finding in caught.value.findings}
    assert sorted(found) == [2, 5, 6, 7]
    assert found[2] == "there is no node or truck of that name; there are vending, tank"
