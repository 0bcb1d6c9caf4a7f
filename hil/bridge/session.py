"""A whole run by the wall's clock: scenario, bench, faces, control, and the result as a file."""

import asyncio
import gc
import json
import threading
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from hil.bridge.bridge import Bridge, Mode
from hil.bridge.clock import PacedClock
from hil.bridge.control import ControlServer
from hil.bridge.serving import serve
from hil.bridge.settings import Bench
from sim.engine import Twin
from sim.kpi.table import kpi_table
from sim.network import Network
from sim.outside import prepare_bookings
from sim.record.records import Recorder, Records
from sim.run.warm_up import compile_all

RESULT: Final = "result.json"
PREPARING: Final = "preparing the twin: the first run on a machine compiles, for some minutes"
SOON_S: Final = 5.0
KEEP_S: Final = 60.0


@dataclass(frozen=True)
class Session:
    """What is run: a network whose time 0 is `origin`, with a bench, into a folder; `end_ms` None: to the horizon."""

    network: Network
    bench: Bench
    seed: int
    origin: datetime
    folder: Path
    end_ms: int | None = None


def now() -> datetime:
    """The instant at which a scenario is to start so that its time stamps are true."""
    return datetime.now(UTC).replace(microsecond=0)


def opened_twin(network: Network, seed: int, say: Callable[[str], None] = lambda line: None) -> Twin:
    """A twin at the beginning of its time, with all that it needs compiled or loaded, so that none of it is late.
    `say` tells people when that takes long."""
    waited = threading.Timer(SOON_S, say, (PREPARING,))
    waited.daemon = True
    waited.start()
    try:
        compile_all(lambda: False, plants=network.plant_plan is not None)
        prepare_bookings(network)
    finally:
        waited.cancel()
    twin = Twin(network, seed, 0, Recorder(network, seed, 0, None, False))
    twin.open()
    return twin


async def run_session(
    session: Session,
    started: Callable[[Bridge, dict[str, Any]], None],
    say: Callable[[str], None] = lambda line: None,
) -> dict[str, Any]:
    """Run it, and write `result.json` into its folder; returns the same. `started` is told where the faces are; `say`
    tells people what becomes of real devices.

    SwitchError: a node cannot be run like that. FaceError, OSError: a face cannot be opened. ConservationError.
    """
    session.folder.mkdir(parents=True, exist_ok=True)
    twin = opened_twin(session.network, session.seed, say)
    bench = session.bench
    late_ms = (datetime.now(UTC) - session.origin).total_seconds() * 1000.0 if bench.rate == 1.0 else 0.0
    clock = PacedClock(bench.rate, start_ms=round(late_ms))
    bridge = Bridge(twin, clock, journal=bench.journal, bound_ms=bench.lateness_bound_ms, say=say)
    emulated = [name for name, node in bench.nodes.items() if node.mode is Mode.EMULATED]
    devices = tuple(device for name in emulated for device in bridge.emulated_devices(name))
    for name in bench.nodes:
        bridge.node(name)
    faces: dict[str, Any] = {}
    origin = session.origin.replace(tzinfo=None).isoformat()
    async with AsyncExitStack() as stack:
        faces |= await serve(devices, bench, session.origin, clock, stack)
        more = {"faces": faces, "origin": origin, "scenario": session.network.name}
        control = ControlServer(bridge, session.folder, lambda: more)
        stack.push_async_callback(control.close)
        await control.start()
        for name in emulated:
            bridge.begin_emulated(name)
        gc.collect()
        gc.freeze()  # what is there by now stays: looking through it again would take tens of ms each time
        stack.callback(gc.unfreeze)
        bridge.pacer.catch_up()  # to make all this took time
        running = asyncio.create_task(bridge.run(session.end_ms))
        keeping = asyncio.create_task(_keep(bridge, session))
        stack.callback(keeping.cancel)
        try:
            for name, node in bench.nodes.items():
                if node.binding is not None:
                    await bridge.switch(name, node.mode, node.binding)
            started(bridge, faces)
        except BaseException:
            bridge.stop()
            await asyncio.gather(running, return_exceptions=True)
            raise
        await running
    kpis = _kpis(bridge.close())
    result = _result(bridge, session, {"ended": True, "kpis": kpis})
    _write(result, session.folder)
    return result


async def _keep(bridge: Bridge, session: Session) -> None:
    """Write the result every now and then, so that little is lost with the process."""
    while True:
        await asyncio.sleep(KEEP_S)
        await asyncio.to_thread(_write, _result(bridge, session, {"ended": False}), session.folder)


def _result(bridge: Bridge, session: Session, more: dict[str, Any]) -> dict[str, Any]:
    return {"scenario": session.network.name, "origin": session.origin.isoformat()} | bridge.result() | more


def _write(result: dict[str, Any], folder: Path) -> None:
    part = folder / f"{RESULT}.part"
    part.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    part.replace(folder / RESULT)


def _kpis(records: Records) -> dict[str, dict[str, Any]]:
    """The KPIs of the whole network, with their units, as far as there was anything to measure."""
    rows = kpi_table(records, ["network"]).to_pylist()
    return {row["kpi"]: {"value": row["value"], "unit": row["unit"]} for row in rows}
