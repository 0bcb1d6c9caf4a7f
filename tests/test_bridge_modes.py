"""Nodes simulated, emulated and real within one run: stock is conserved, and every adjustment has its cause."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial

import pytest
from ruamel.yaml import YAML

from device_emulators.faces.host import Host, Status
from device_emulators.faces.image import HostImage
from device_emulators.faces.modbus_tcp import ModbusTcpServer
from device_emulators.faces.modbus_units import Units
from hil.bindings.connection import BackOff
from hil.bridge.adjustments import Cause
from hil.bridge.bridge import Bridge, Mode, SwitchError
from hil.bridge.clock import PacedClock
from hil.bridge.link import Binding
from hil.bridge.node_devices import NodeDevice, Slotted, make_devices
from mro_twin import load_scenario
from sim import columns as c
from sim.engine import Twin
from sim.network import Network
from sim.outside import OutsideBooks, prepare_bookings
from sim.record.records import Recorder
from sim.run.simulation import network_of
from tests.bridge_samples import SCENARIO, bench, in_loop

DAY = 86_400_000


@pytest.fixture(scope="module")
def network() -> Network:
    network = network_of(load_scenario(bench()))
    prepare_bookings(network)
    return network


def bridge_of(network: Network, rate: float = 3600.0, say: Callable[[str], None] = lambda line: None) -> Bridge:
    twin = Twin(network, 1, 0, Recorder(network, 1, 0, None, True))
    twin.open()
    quick = BackOff(0.01, 0.05)
    return Bridge(twin, PacedClock(rate), poll_s=0.01, back_off=quick, bound_ms=1e6, say=say)


@asynccontextmanager
async def running(bridge: Bridge) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(bridge.run())
    try:
        yield task
    finally:
        bridge.stop()
        await task


async def until(condition: Callable[[], bool], task: asyncio.Task[None]) -> None:
    """Until something outside of this process's control is so; the test's own time-out ends it."""
    while not condition():
        assert not task.done()
        await asyncio.sleep(0.005)


class RealDevice:
    """A device behind a Modbus server of its own, which can go away and come back."""

    def __init__(self, network: Network, node: str, units: dict[str, int], journal: int = 256) -> None:
        books = OutsideBooks(Twin(network, 1, 0, Recorder(network, 1, 0, None, False)))
        (self.device,) = make_devices(network, books.places(node), journal)
        for slot in self.device.slots:
            self.host.act(partial(slot.put, units[slot.place.item]))
        self._server: ModbusTcpServer | None = None
        self._port = 0

    @property
    def host(self) -> Host:
        return self.device.host

    async def start(self) -> str:
        image = HostImage(self.host, self.device.bound(), self.device.type_number, 0)
        self._server = ModbusTcpServer(Units({1: image}), port=self._port)
        _, self._port = await self._server.start()
        return f"modbus://127.0.0.1:{self._port}/1"

    async def stop(self) -> None:
        assert self._server is not None
        await self._server.close()

    def take(self, item: str, units: int) -> None:
        slot = self._slot(item)
        for _ in range(units):
            self.host.act(lambda: slot.take(1))

    def put(self, item: str, units: int) -> None:
        slot = self._slot(item)
        self.host.act(lambda: slot.put(units))

    def units(self, item: str) -> int:
        return self._slot(item).units()

    def _slot(self, item: str) -> Slotted:
        return next(slot for slot in self.device.slots if slot.place.item == item)


def shown(device: NodeDevice) -> dict[str, int]:
    return {slot.place.item: int(device.host.reading(slot.signal).value) for slot in device.slots}


def held(bridge: Bridge, node: str) -> dict[str, int]:
    books = bridge.ledger.books
    return {place.item: books.on_hand(place.point) for place in books.places(node)}


@in_loop
async def test_emulated_devices_follow_the_twin(network: Network) -> None:
    bridge = bridge_of(network, 200_000.0)
    async with running(bridge) as task:
        for node in ("vending", "shelf", "tank"):
            await bridge.switch(node, Mode.EMULATED)
        (vending,) = bridge.emulated_devices("vending")
        shelf = {device.slots[0].place.item: device for device in bridge.emulated_devices("shelf")}
        assert vending.host.reading("slot_1_count").status is Status.GOOD
        await until(lambda: bridge.pacer.done_ms > 4 * DAY, task)
        assert shown(vending) == held(bridge, "vending")
        assert {item: shown(one)[item] for item, one in shelf.items()} == held(bridge, "shelf")
        assert int(vending.host.reading("turns").value) > 5
        await bridge.switch("vending", Mode.SIMULATED)
        assert vending.host.reading("slot_1_count").status is Status.UNCERTAIN
    bridge.close()
    assert not bridge.ledger.adjustments


@in_loop
async def test_what_a_client_tells_an_emulated_device_comes_into_the_twin(network: Network) -> None:
    bridge = bridge_of(network, 1.0)
    async with running(bridge) as task:
        await bridge.switch("vending", Mode.EMULATED)
        (vending,) = bridge.emulated_devices("vending")
        before = held(bridge, "vending")
        vending.host.write("slot_1_vend", True)
        vending.host.write("slot_1_vend", True)
        await until(lambda: len(bridge.ledger.draws) == 2, task)
        assert held(bridge, "vending") == before | {"glove": before["glove"] - 2}
        assert shown(vending) == held(bridge, "vending")
    records = bridge.close()
    assert bridge.pacer.lateness.events >= 0
    assert records.summary.total[network.stock_point("vending", "glove"), c.T_UNITS_ISSUED] >= 2


@in_loop
async def test_a_node_goes_through_all_modes_and_the_books_close(network: Network) -> None:
    bridge = bridge_of(network, 3600.0)
    real = RealDevice(network, "vending", {"glove": 31, "drill": 9})
    url = await real.start()
    async with running(bridge) as task:
        await bridge.switch("vending", Mode.EMULATED)
        await bridge.switch("vending", Mode.HARDWARE, Binding(url))
        await asyncio.wait_for(bridge.taken("vending"), 5)
        assert held(bridge, "vending") == {"glove": 31, "drill": 9}
        assert {one.cause for one in bridge.ledger.adjustments} == {Cause.HANDOVER}
        real.take("glove", 3)
        real.take("drill", 1)
        await until(lambda: sum(one.units for one in bridge.ledger.draws) == 4, task)
        assert len(bridge.ledger.draws) == 4  # turn by turn, from the journal
        await bridge.switch("vending", Mode.SIMULATED)
        bridge.set_rate(200_000.0)
        later = bridge.pacer.done_ms + DAY
        await until(lambda: bridge.pacer.done_ms > later, task)
    await real.stop()
    records = bridge.close()
    point = network.stock_point("vending", "glove")
    assert records.usage_sums is not None
    assert records.usage_sums.usage[point, c.U_PERSON] >= 3
    causes = {one.cause for one in bridge.ledger.adjustments}
    assert causes <= {Cause.HANDOVER, Cause.NOT_PUT_IN}
    assert not bridge.ledger.refused
    told = json.loads(json.dumps(bridge.result()))["history"]["vending"]
    assert [one["mode"] for one in told["switches"]] == ["emulated", "hardware", "simulated"]
    assert told["switches"][1]["url"] == url
    for item, books in told["books"].items():
        change = sum(n if name.startswith("in_") else -n for name, n in books.items() if name[:3] in ("in_", "out"))
        assert books["opening"] + change == books["closing"] == held(bridge, "vending")[item]
        assert min(books.values()) >= 0
    assert sum(books["out_drawn_outside"] for books in told["books"].values()) == 4
    assert sum(books["out_drawn"] for books in told["books"].values()) > 0


@in_loop
async def test_a_device_of_another_type_is_not_taken_and_the_run_says_so(network: Network) -> None:
    said: list[str] = []
    bridge = bridge_of(network, 1.0, said.append)
    real = RealDevice(network, "tank", {"coolant": 5})
    url = await real.start()
    wrong = "unit 1 is a tank (type 4), expected a vending machine (type 1)"
    async with running(bridge) as task:
        await bridge.switch("vending", Mode.HARDWARE, Binding(url))
        await until(lambda: wrong in bridge.status()["nodes"]["vending"]["devices"][0]["problem"], task)
        assert bridge.status()["nodes"]["vending"]["taken"] is False
        await bridge.switch("vending", Mode.HARDWARE, Binding(url.removesuffix("1") + "9"))
        await until(lambda: len(said) == 2, task)
        await bridge.switch("vending", Mode.HARDWARE, Binding(url))
        await until(lambda: len(said) == 3, task)
    await real.stop()
    bridge.close()
    where = url.removeprefix("modbus://").removesuffix("/1")
    nobody = f"{where}, unit 9, input 0 to 7: exception 11 (no such unit)"
    assert said == [f"vending: not taken yet: {why}" for why in (wrong, nobody, wrong)]
    result = bridge.result()
    assert (result["verdict"], result["never_taken"]) == ("device never read", ["vending"])
    assert result["nodes"]["vending"]["devices"][0]["problem"] == wrong


@in_loop
async def test_a_device_that_does_not_fit_is_taken_with_a_warning(network: Network) -> None:
    said: list[str] = []
    bridge = bridge_of(network, 1.0, said.append)
    other = network_of(load_scenario(YAML(typ="safe").load(SCENARIO.replace("glove", "spray"))))
    real = RealDevice(other, "vending", {"spray": 4, "drill": 51})
    url = await real.start()
    async with running(bridge) as task:
        await bridge.switch("vending", Mode.HARDWARE, Binding(url))
        await bridge.taken("vending")
        await until(lambda: len(said) == 3, task)
        with pytest.raises(SwitchError, match=r"unit 1 is the device of vending already"):
            await bridge.switch("tank", Mode.HARDWARE, Binding(url))
    await real.stop()
    bridge.close()
    warnings = bridge.status()["nodes"]["vending"]["devices"][0]["warnings"]
    assert [f"vending: {warning}" for warning in warnings] == said[1:]
    assert warnings == [
        "slot_1_item is 'spray'; the scenario has glove there",
        "slot_2_count is 51: more than the 50 units of drill that vending has room for",
    ]


@pytest.mark.parametrize("journal", [256, 0])
def test_a_device_that_drops_out_loses_no_draw_when_it_has_a_journal(network: Network, journal: int) -> None:
    @in_loop
    async def scenario() -> None:
        said: list[str] = []
        bridge = bridge_of(network, 1.0, said.append)
        real = RealDevice(network, "vending", {"glove": 20, "drill": 20}, journal)
        url = await real.start()
        async with running(bridge) as task:
            await bridge.switch("vending", Mode.HARDWARE, Binding(url))
            await bridge.taken("vending")
            device = bridge.node("vending").real[0]
            await until(lambda: not device.stale, task)
            await real.stop()
            await until(lambda: device.stale, task)
            assert held(bridge, "vending") == {"glove": 20, "drill": 20}
            real.take("glove", 5)
            real.put("glove", 2)
            await real.start()
            await until(lambda: not device.stale, task)
            assert held(bridge, "vending")["glove"] == 17
        await real.stop()
        bridge.close()
        assert [line.split(": ")[1] for line in said] == ["taken", "lost", "back"]
        (outage,) = bridge.result()["history"]["vending"]["outages"]
        assert outage["from_ms"] <= outage["until_ms"]
        assert not bridge.result()["never_taken"]
        draws = bridge.ledger.draws
        if journal:
            assert [(one.units, one.late) for one in draws] == [(1, True)] * 5
            assert [(one.units, one.cause) for one in bridge.ledger.adjustments] == [(2, Cause.FOUND)]
        else:
            assert not draws
            assert [(one.units, one.cause) for one in bridge.ledger.adjustments] == [(-3, Cause.UNSEEN)]

    scenario()


@in_loop
async def test_deliveries_are_awaited_in_the_real_device(network: Network) -> None:
    bridge = bridge_of(network, 86_400.0)
    real = RealDevice(network, "vending", {"glove": 20, "drill": 20})
    url = await real.start()
    async with running(bridge) as task:
        await bridge.switch("vending", Mode.HARDWARE, Binding(url))
        await bridge.taken("vending")
        device = bridge.node("vending").real[0]
        real.take("glove", 6)
        await until(lambda: device.status()["awaited"].get("glove") == 6, task)
        real.put("glove", 4)
        await until(lambda: device.status()["awaited"].get("glove") == 2, task)
        await bridge.switch("vending", Mode.SIMULATED)
    await real.stop()
    bridge.close()
    booked = [(one.item, one.units, one.cause) for one in bridge.ledger.adjustments]
    assert ("glove", -2, Cause.NOT_PUT_IN) in booked
    assert Cause.FOUND not in {cause for _, _, cause in booked}


@in_loop
async def test_what_cannot_be_switched_is_refused(network: Network) -> None:
    bridge = bridge_of(network)
    for node, url, message in (
        ("nowhere", "modbus://127.0.0.1:502/1", "no node"),
        ("works", "modbus://127.0.0.1:502/1", "holds no item"),
        ("maker", "modbus://127.0.0.1:502/1", "only vending machines"),
        ("vending", "http://x", "not an address"),
    ):
        with pytest.raises(SwitchError, match=message):
            await bridge.switch(node, Mode.HARDWARE, Binding(url))
