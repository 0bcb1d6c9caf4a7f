"""How late the twin is by the wall's clock: 20 emulated devices in one process, and a client in another that reads all
of them over Modbus each second.

Lateness is wall-clock time: on a machine that has other things to do it says little.
`python -m benchmarks.bridge` measures this alone.
"""

import asyncio
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from benchmarks.measure import cpu_time, yardstick
from benchmarks.table import Row, print_table
from device_emulators.device import Device
from device_emulators.faces.map_checks import bind
from device_emulators.faces.map_file import builtin_map
from device_emulators.tank import Tank, TankConfig
from device_emulators.vending_machine import Slot, VendingMachine, VendingMachineConfig
from hil.bindings.connection import LinkError
from hil.bindings.modbus_address import TcpAddress
from hil.bindings.modbus_client import ModbusClient
from hil.bindings.modbus_device import ModbusDevice
from hil.bridge.node_devices import CAPACITY

MACHINES: Final = 10
TANKS: Final = 10
SECONDS: Final = 60
P99_MS: Final = 10.0  # what we promise, on a machine with two cores

_SCENARIO: Final = """\
name: bridge
start: 2026-01-05
horizon: 10 d
items: {glove: {cost: 2 USD}, drill: {cost: 9 USD}, coolant: {unit: 1 l, cost: 3 USD/l}}
nodes:
  maker: {kind: supplier, lead_time: 1 h}
  works: {kind: plant, people: {staff: 50}}
{nodes}
lanes:
  - {from: maker, to: [{names}]}
policies:
  - {nodes: [{machines}], items: [glove, drill], policy: {kind: base_stock, level: 4000}}
  - {nodes: [{tanks}], items: coolant, policy: {kind: base_stock, level: 4000 l}}
demand:
  - {node: [{machines}], item: [glove, drill], poisson: {rate: 1800 /h}}
  - {node: [{tanks}], item: coolant, poisson: {rate: 3600 /h}}
"""


def _scenario() -> tuple[str, list[str]]:
    """A plant whose people draw from each device about once a second, and the names of its nodes."""
    machines = [f"machine-{number}" for number in range(1, MACHINES + 1)]
    tanks = [f"tank-{number}" for number in range(1, TANKS + 1)]
    stock = "{glove: {slots: 1, capacity: 9000}, drill: {slots: 1, capacity: 9000}}"
    nodes = [
        f"  {name}: {{kind: vending_machine, at: works, slots: 2, slot_capacity: 9000, items: {stock}, "
        "people: {by: staff}}"
        for name in machines
    ]
    nodes += [f"  {name}: {{kind: tank, at: works, item: coolant, capacity: 9000 l}}" for name in tanks]
    text = _SCENARIO.replace("{nodes}", "\n".join(nodes)).replace("{names}", ", ".join(machines + tanks))
    text = text.replace("{machines}", ", ".join(machines)).replace("{tanks}", ", ".join(tanks))
    return text, machines + tanks


async def _read_all(process: asyncio.subprocess.Process) -> tuple[dict[str, Any], int]:
    """Read every device each second while the twin runs; returns its result, and how many readings there were."""
    assert process.stdout is not None
    where = json.loads(await process.stdout.readline())["modbus"]
    slots = (Slot("any", CAPACITY),) * 2
    kinds: dict[str, Device[Any]] = {
        "vending_machine": VendingMachine("any", VendingMachineConfig(slots), lambda: 0.5),
        "tank": Tank("any", TankConfig(CAPACITY), lambda: 0.5),
    }
    bound = {kind: bind(builtin_map(kind), device.signals) for kind, device in kinds.items()}
    readings = 0
    async with ModbusClient(TcpAddress(where["host"], where["port"])) as client:
        await client.wait_connected()
        devices = [
            ModbusDevice(client, unit, bound[kind], tuple(kinds[kind].signals.values()))
            for name, unit in where["units"].items()
            for kind in ["tank" if name.startswith("tank") else "vending_machine"]
        ]
        result = asyncio.ensure_future(process.stdout.readline())
        while not (await asyncio.wait({result}, timeout=1.0))[0] and client.connected:
            with suppress(LinkError):  # at the end nobody answers any more
                for device in devices:
                    await device.snapshot()
                    readings += 1
        await asyncio.wait({result})
        await process.wait()
    found: dict[str, Any] = json.loads(result.result())
    return found, readings


async def _run(folder: Path) -> tuple[dict[str, Any], int]:
    text, names = _scenario()
    (folder / "scenario.yaml").write_text(text)
    emulated = [part for name in names for part in ("--emulate", name)]
    command = ["hil", "run", str(folder / "scenario.yaml"), *emulated, "--for", f"{SECONDS + 1} s", "--json"]
    process = await asyncio.create_subprocess_exec(
        *[sys.executable, "-m", "mro_twin", *command, "--out", str(folder / "out")],
        stdout=subprocess.PIPE,
        limit=1 << 24,
    )
    try:
        return await _read_all(process)
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()


def lateness() -> Iterator[Row]:
    """By how much the twin's events came too late."""
    with tempfile.TemporaryDirectory(prefix="mro-twin-bench-") as folder:
        result, readings = asyncio.run(_run(Path(folder)))
    late = result["lateness"]
    yield Row(
        f"twin by the wall's clock: {MACHINES + TANKS} devices, each read every second; readings", figure=readings
    )
    if readings < (MACHINES + TANKS) * SECONDS // 2:
        raise SystemExit(f"only {readings} readings")
    yield Row("    events", figure=late["events"])
    yield Row("    worst lateness, ms", figure=late["worst_ms"])
    yield Row.at_most("    99 of 100 events are late by at most, ms", late["p99_ms"], P99_MS)


def main() -> int:
    """Print these rows alone; exit code 1 when a promised figure is missed."""
    return print_table(list(lateness()), cpu_time(yardstick, 3).seconds)


if __name__ == "__main__":
    sys.exit(main())
