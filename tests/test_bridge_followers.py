"""Machines and trucks of a twin, shown by emulated devices: each stop and trip of the records, at its instant."""

from typing import Any

import numpy as np
import pytest
from ruamel.yaml import YAML

from device_emulators.faces.host import Change, Host, Status
from hil.bridge.bridge import Bridge, Mode, SwitchError
from hil.bridge.clock import PacedClock
from hil.bridge.link import Binding
from hil.bridge.settings import Bench, modes_of, with_modes
from sim.columns import STOP_MISSING
from sim.engine import Twin
from sim.plant.working import running_time
from sim.record.records import Recorder, Records
from sim.run.simulation import network_of
from sim.scenario import load_scenario
from tests.bridge_samples import in_loop

HOUR_MS = 3_600_000
SCENARIO = """\
name: followed
start: 2026-01-05
horizon: 4 wk
items: {grease: {cost: 4 USD}}
nodes:
  maker: {kind: supplier, lead_time: 2 d}
  depot: {kind: warehouse}
  works:
    kind: plant
    mode: emulated
    shifts: [{days: [mon, tue, wed, thu, fri], from: "06:00", to: "22:00"}]
    people: {fitters: 2}
    lines:
      line:
        machines:
          press:
            failures: {every: 40 h, repair: {exponential: {mean: 3 h}}}
            uses: {grease: {every: {exponential: {mean: 8 h}}, missing: stop, from: shelf}}
          saw: {failures: {every: 60 h, repair: 2 h}}
  shelf: {kind: shelf, at: works}
lanes:
  - {from: maker, to: depot}
  - {from: depot, to: shelf, truck: van}
trucks:
  van:
    mode: emulated
    base: depot
    stops: [{node: shelf, distance: 30 km, travel_time: {lognormal: {mean: 1 h, cv: 0.3}}}]
    return: {distance: 31 km, travel_time: {lognormal: {mean: 1 h, cv: 0.3}}}
    stop_time: 20 min
    volume: 1 m3
    weight: 100 kg
    timetable: {days: [mon, wed, fri], at: ["05:00"]}
policies:
  - {nodes: shelf, items: grease, policy: {kind: s_S, reorder_point: 2, order_up_to: 6}}
  - {nodes: depot, items: grease, policy: {kind: base_stock, level: 10}}
"""


def loaded(**changes: Any) -> Any:
    data: dict[str, Any] = YAML(typ="safe").load(SCENARIO)
    return load_scenario(data | changes)


class Run:
    """A twin by a clock that the test moves."""

    def __init__(self, *names: str) -> None:
        network = network_of(loaded())
        self.twin = Twin(network, 3, 0, Recorder(network, 3, 0, None, True))
        self.twin.open()
        self.wall_s = 0.0
        self.bridge = Bridge(self.twin, PacedClock(1.0, lambda: self.wall_s))
        self.shown: list[tuple[str, Change]] = []
        for name in names:
            for device in self.bridge.emulated_devices(name):
                device.host.listen(lambda host, change: self.shown.append((host.name, change)))
            self.bridge.begin_emulated(name)

    def go_to(self, hours: float) -> None:
        self.wall_s = hours * 3600.0
        self.bridge.pacer.catch_up()

    def host(self, name: str) -> Host:
        devices = [device for node in ("works", "van") for device in self.bridge.emulated_devices(node)]
        return next(device.host for device in devices if device.host.name == name)

    def times(self, device: str, signal: str, value: object) -> list[int]:
        return [one.time_ms for name, one in self.shown if (name, one.signal, one.value) == (device, signal, value)]


def records_of(run: Run) -> Records:
    return run.bridge.close()


@in_loop
async def test_machines_show_every_stop_of_the_records() -> None:
    run = Run("works")
    run.go_to(27 * 24.0)
    stops = records_of(run).table("stops").to_pandas()
    seen = 0
    for number, machine in enumerate(("works-press", "works-saw")):
        rows = stops[stops["machine"] == number]
        broken = (rows["cause"] != STOP_MISSING).tolist()
        down, starved = run.times(machine, "run_state", "down"), run.times(machine, "run_state", "starved")
        assert down == rows["start_ms"][broken].tolist()
        assert starved == rows["start_ms"][[not one for one in broken]].tolist()
        seen += len(down) * 100 + len(starved)
    assert seen > 505
    assert len(run.times("works-press", "run_state", "starved")) > 0


@in_loop
async def test_machines_show_the_running_hours_of_their_line() -> None:
    run = Run("works")
    plants = run.twin.plants
    assert plants is not None
    for hours in np.linspace(3.0, 27 * 24.0, 150):
        run.go_to(float(hours))
        ran_ms = int(running_time(plants.model, 0, run.bridge.pacer.done_ms))
        for machine in ("works-press", "works-saw"):
            assert run.host(machine).reading("running_ms").value == ran_ms // 360_000 * 360_000
    assert ran_ms > 200 * HOUR_MS


@in_loop
async def test_machines_keep_to_shifts_also_when_nothing_happens() -> None:
    run = Run("works")
    run.go_to(3.0)
    assert run.host("works-saw").reading("run_state").value == "stopped"
    run.go_to(6.0)
    assert run.host("works-saw").reading("run_state").value == "running"
    run.go_to(6 * 24.0 + 12.0)  # Sunday
    assert run.host("works-saw").reading("run_state").value == "stopped"
    assert run.times("works-saw", "run_state", "running")[0] == 6 * HOUR_MS


@in_loop
async def test_what_is_told_to_a_machine_is_undone() -> None:
    run = Run("works")
    run.go_to(7.0)
    host = run.host("works-saw")
    host.write("stop", True)
    assert host.reading("run_state").value == "stopped"
    (undoing,) = run.bridge.pacer._writes
    undoing.action(run.bridge.pacer.done_ms + 1)
    assert host.reading("run_state").value == "running"


@in_loop
async def test_trucks_show_every_trip_of_the_records() -> None:
    run = Run("van")
    run.go_to(26 * 24.0 + 12.0)
    trips = records_of(run).table("trips").to_pandas()
    assert len(trips) > 4
    left = run.times("van", "stop_name", "shelf")
    drives = run.times("van", "driving", True)
    back = run.times("van", "stop_name", "depot")
    assert drives[::2] == trips["departed_ms"].tolist()
    assert back[-len(trips) :] == trips["returned_ms"].tolist()
    assert [leaves - arrives for leaves, arrives in zip(drives[1::2], left, strict=True)] == [20 * 60_000] * len(left)
    assert run.host("van").reading("tours").value == len(trips)
    assert run.host("van").reading("load").value == 0
    loads = [one.value for name, one in run.shown if one.signal == "load" and one.value]
    assert all(isinstance(load, int) and 1 <= load <= 6 for load in loads)
    assert len(loads) == len(trips)


@in_loop
async def test_a_tour_under_way_goes_on_from_its_last_stop() -> None:
    whole = Run("van")
    whole.go_to(27 * 24.0)
    arrived = whole.times("van", "stop_name", "shelf")[1]
    run = Run()
    run.go_to(arrived / HOUR_MS + 0.01)
    run.bridge.begin_emulated("van")
    host = run.host("van")
    assert (host.reading("stop_name").value, host.reading("position_m").value) == ("shelf", 30_000)
    run.go_to(27 * 24.0)
    assert host.reading("tours").value == whole.host("van").reading("tours").value - 1  # type: ignore[operator]


@in_loop
async def test_machines_and_trucks_cannot_be_real_and_fade_when_they_are_released() -> None:
    run = Run("van")
    host = run.host("van")
    assert host.reading("stop").status is Status.GOOD
    with pytest.raises(SwitchError, match="van has no device"):
        await run.bridge.switch("van", Mode.HARDWARE, Binding("modbus://127.0.0.1:1/1"))
    with pytest.raises(SwitchError, match="no node 'lorry'"):
        run.bridge.node("lorry")
    run.bridge._enter(run.bridge.node("van"), Mode.SIMULATED, None, [], 1)
    assert host.reading("stop").status is Status.UNCERTAIN


def test_modes_of_plants_and_trucks_stand_in_the_scenario() -> None:
    assert {name: node.mode for name, node in modes_of(loaded()).items()} == {"van": "emulated", "works": "emulated"}


def test_a_bench_goes_before_the_scenario_and_may_use_patterns() -> None:
    bench = Bench.model_validate({"nodes": {"*o*": {"mode": "emulated"}, "van": {"mode": "simulated"}}})
    modes = {name: node.mode.value for name, node in with_modes(bench, loaded()).nodes.items()}
    assert modes == {"van": "simulated", "works": "emulated", "depot": "emulated"}
    bench = Bench.model_validate({"nodes": {"sh*": {"mode": "hardware", "url": "modbus://127.0.0.1:502/1"}}})
    with pytest.raises(ValueError, match=r"sh\*: a device is that of one node"):
        with_modes(bench, loaded())
