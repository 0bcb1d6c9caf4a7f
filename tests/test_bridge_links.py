"""Links to real devices: addresses, maps of makers, what a device is told, and what can go wrong on the way."""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from asyncua import Server, ua
from click.testing import CliRunner

from device_emulators.faces.addresses import AddressError
from device_emulators.faces.documents import FileError
from device_emulators.faces.host import Host
from device_emulators.faces.opcua_server import OpcuaServer
from hil.bindings.connection import BackOff
from hil.bindings.opcua_address import FOLDER, NAMESPACE, ObjectPath, parse_opcua
from hil.bindings.opcua_client import OpcuaClient
from hil.bridge.adjustments import Cause
from hil.bridge.bridge import Bridge, Mode, SwitchError
from hil.bridge.clock import PacedClock
from hil.bridge.link import Binding
from hil.bridge.node_devices import NodeDevice, make_devices
from hil.bridge.opcua_link import read_login
from hil.bridge.settings import read_bench
from hil.keys import make_keys, set_user
from mro_twin import load_scenario
from mro_twin.cli import cli
from sim.engine import Twin
from sim.network import Network
from sim.outside import OutsideBooks, prepare_bookings
from sim.record.records import Recorder
from sim.run.simulation import network_of
from tests.bridge_processes import started
from tests.bridge_samples import SCENARIO, bench, in_loop
from tests.opcua_rig import ORIGIN

MAKERS_MAP = """\
type: vending_machine
modbus:
  identity: false
  word_order: little
  tables:
    - {signal: "slot_{n}_count", table: holding, address: 0, stride: 2, type: uint32}
opcua:
  nodes:
    - {signal: "slot_{n}_count", node: "Bays/Bay{n}/Level", type: Int32}
"""


@pytest.fixture(scope="module")
def network() -> Network:
    network = network_of(load_scenario(bench()))
    prepare_bookings(network)
    return network


def devices_of(network: Network, node: str, journal: int = 256) -> tuple[NodeDevice, ...]:
    books = OutsideBooks(Twin(network, 1, 0, Recorder(network, 1, 0, None, False)))
    return make_devices(network, books.places(node), journal)


@asynccontextmanager
async def bridge_of(network: Network) -> AsyncIterator[Bridge]:
    """A bridge that runs, and whose books close at the end."""
    twin = Twin(network, 1, 0, Recorder(network, 1, 0, None, True))
    twin.open()
    bridge = Bridge(twin, PacedClock(1.0), poll_s=0.02, back_off=BackOff(0.02, 0.1), bound_ms=1e6)
    task = asyncio.create_task(bridge.run())
    try:
        yield bridge
    finally:
        bridge.stop()
        await task
    bridge.close()


@asynccontextmanager
async def opcua_devices(devices: tuple[NodeDevice, ...]) -> AsyncIterator[str]:
    server = OpcuaServer("opc.tcp://127.0.0.1:0", ORIGIN)
    for device in devices:
        await server.add(device.host, device.bound().nodes)
    async with server:
        yield server.url


async def until(condition: Any) -> None:
    while not condition():
        await asyncio.sleep(0.01)


def held(bridge: Bridge, node: str) -> dict[str, int]:
    books = bridge.ledger.books
    return {place.item: books.on_hand(place.point) for place in books.places(node)}


def status_of(bridge: Bridge, node: str) -> dict[str, Any]:
    status: dict[str, Any] = bridge.status()["nodes"][node]["devices"][0]
    return status


# --- addresses --------------------------------------------------------------------------------------------------------


def test_an_address_of_opc_ua_names_objects() -> None:
    address = parse_opcua("opc.tcp://ann@10.0.0.7:4840/twin#tank-1,2:Plant/3:Tank%2C%20left")
    assert (address.url, address.user, address.host) == ("opc.tcp://10.0.0.7:4840/twin", "ann", "10.0.0.7")
    assert address.objects == (
        ObjectPath(FOLDER, "tank-1", NAMESPACE),
        ObjectPath(("2:Plant",), "3:Tank, left", 3),
    )
    assert parse_opcua("opc.tcp://[::1]:4840").url == "opc.tcp://[::1]:4840"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("opc.tcp://host:99999", "port"),
        ("opc.tcp://", "not an address"),
        ("http://host", "not an address"),
        ("opc.tcp://host?x=1", "not an address"),
        ("opc.tcp://ann:secret@host", "password does not belong"),
        ("opc.tcp://host#a,,b", "no path"),
        ("opc.tcp://host#" + "a," * 1000, "more than"),
    ],
)
def test_what_is_no_address_of_opc_ua(text: str, message: str) -> None:
    with pytest.raises(AddressError, match=message) as caught:
        parse_opcua(text)
    assert "secret" not in str(caught.value)


def test_a_login_takes_its_secrets_from_the_keys(tmp_path: Path) -> None:
    make_keys(tmp_path)
    ours, abroad = parse_opcua("opc.tcp://ann@localhost:4840"), parse_opcua("opc.tcp://ann@10.0.0.7:4840")
    assert read_login(ours, None, {"MRO_TWIN_OPCUA_PASSWORD": "secret"}).password == "secret"
    with pytest.raises(AddressError, match="in clear"):
        read_login(abroad, None, {"MRO_TWIN_OPCUA_PASSWORD": "secret"})
    with pytest.raises(AddressError, match="no password"):
        read_login(abroad, tmp_path, {})
    (tmp_path / "password").write_text("hidden\n")
    login = read_login(abroad, tmp_path, {})
    assert (login.user, login.password, login.server_certificate) == ("ann", "hidden", tmp_path / "opcua-server.pem")
    assert "hidden" not in repr(login)
    with pytest.raises(FileNotFoundError):
        read_login(parse_opcua("opc.tcp://localhost"), tmp_path / "none")


def test_a_bench_file_says_maps_and_keys(tmp_path: Path) -> None:
    file = tmp_path / "bench.yaml"
    file.write_text("nodes: {tank: {mode: hardware, url: 'opc.tcp://h:4840/', map: my.yaml, keys: /keys}}\n")
    assert read_bench(file).nodes["tank"].binding == Binding("opc.tcp://h:4840/", tmp_path / "my.yaml", Path("/keys"))
    file.write_text("nodes: {tank: {mode: emulated, map: my.yaml}}\n")
    with pytest.raises(FileError, match="only hardware has"):
        read_bench(file)


@in_loop
async def test_what_cannot_be_bound_says_why(network: Network, tmp_path: Path) -> None:
    makers = tmp_path / "makers.yaml"
    makers.write_text(MAKERS_MAP)
    only_modbus = tmp_path / "modbus.yaml"
    only_modbus.write_text(MAKERS_MAP.partition("opcua:")[0])
    without_counts = tmp_path / "empty.yaml"
    without_counts.write_text("type: vending_machine\nmodbus: {tables: []}\n")
    async with bridge_of(network) as bridge:
        for node, binding, message in (
            ("vending", Binding("modbus://h:502/1", keys=tmp_path), "knows no keys"),
            ("tank", Binding("modbus://h:502/1", makers), "a map of 'vending_machine'"),
            ("vending", Binding("opc.tcp://h:4840/", only_modbus), "no section `opcua`"),
            ("vending", Binding("modbus://h:502/1", without_counts), "without an entry: slot_{n}_count"),
            ("vending", Binding("modbus://h:502/1", tmp_path / "none.yaml"), "cannot be read"),
            ("vending", Binding("opc.tcp://h:4840/", None, tmp_path), "opcua-client.pem"),
            ("shelf", Binding("opc.tcp://h:4840/#one"), "1 objects are named; the node has 2 devices"),
        ):
            with pytest.raises(SwitchError, match=message):
                await bridge.switch(node, Mode.HARDWARE, binding)
        with pytest.raises(SwitchError, match="needs the URL"):
            await bridge.switch("vending", Mode.HARDWARE)


# --- devices of makers, without identity, numbers and journal ---------------------------------------------------------


def test_a_makers_device_over_modbus_in_another_process(network: Network, tmp_path: Path) -> None:
    rest = """\
    - {signal: "slot_{n}_par", table: holding, address: 200, stride: 2, type: uint16}
    - {signal: busy, table: discrete, address: 0}
    - {signal: turns, table: input, address: 0, type: uint32}
    - {signal: refunds, table: input, address: 2, type: uint32}
    - {signal: result, table: input, address: 4, type: enum}
    - {signal: "slot_{n}_item", table: input, address: 100, stride: 20, type: text, registers: 12}
    - {signal: "slot_{n}_jammed", table: discrete, address: 100, stride: 8}
    - {signal: "slot_{n}_vend", table: coil, address: 100, stride: 8}
    - {signal: "slot_{n}_reset", table: coil, address: 101, stride: 8}
"""
    makers, served = tmp_path / "makers.yaml", tmp_path / "served.yaml"
    makers.write_text(MAKERS_MAP)
    served.write_text(MAKERS_MAP.partition("opcua:")[0] + rest)

    @in_loop
    async def follow(port: int) -> None:
        async with bridge_of(network) as bridge:
            await bridge.switch("vending", Mode.HARDWARE, Binding(f"modbus://127.0.0.1:{port}/1", makers))
            await bridge.taken("vending")
            await until(lambda: len(bridge.ledger.draws) > 1)
            await until(lambda: status_of(bridge, "vending")["commands"][0].get("refusal"))
            status = status_of(bridge, "vending")
            assert "slot_1_par cannot be written" in status["commands"][0]["refusal"]
            assert not status["stale"]
        assert {one.cause for one in bridge.ledger.adjustments} <= {Cause.HANDOVER, Cause.FOUND}
        assert not any(draw.late or draw.device_time_ms for draw in bridge.ledger.draws)

    with started("emulate", "vending_machine", "--map", str(served), "--rate", "300", "--json") as (_, faces):
        follow(faces["modbus"]["port"])


@in_loop
async def test_a_makers_device_over_opc_ua(network: Network, tmp_path: Path) -> None:
    makers = tmp_path / "makers.yaml"
    makers.write_text(MAKERS_MAP)
    server = Server()
    await server.init()
    server.set_endpoint("opc.tcp://127.0.0.1:0")
    server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
    index = await server.register_namespace("urn:maker")
    line = await server.nodes.objects.add_folder(index, "Line")
    bays = await (await line.add_object(index, "Machine")).add_folder(index, "Bays")
    levels = []
    for number, units in ((1, 12), (2, 7)):
        bay = await bays.add_object(index, f"Bay{number}")
        levels.append(await bay.add_variable(index, "Level", units, ua.VariantType.Int32))
    bad = ua.StatusCode(ua.UInt32(ua.StatusCodes.BadSensorFailure))
    broken = ua.DataValue(ua.Variant(None, ua.VariantType.Null), bad)
    async with server:
        listening: Any = server.bserver
        port = listening._server.sockets[0].getsockname()[1]
        url = f"opc.tcp://127.0.0.1:{port}/#{index}:Line/{index}:Machine"
        async with bridge_of(network) as bridge:
            await bridge.switch("vending", Mode.HARDWARE, Binding(url, makers))
            await bridge.taken("vending")
            assert held(bridge, "vending") == {"glove": 12, "drill": 7}
            await levels[0].write_value(10, ua.VariantType.Int32)
            await until(lambda: bridge.ledger.draws)
            await levels[1].write_value(broken)
            await until(lambda: "slot_2_count is bad" in status_of(bridge, "vending")["problem"])
            await levels[1].write_value(8, ua.VariantType.Int32)
            await until(lambda: not status_of(bridge, "vending")["stale"])
            assert held(bridge, "vending") == {"glove": 10, "drill": 8}
    assert [(draw.item, draw.units) for draw in bridge.ledger.draws] == [("glove", 2)]
    assert (1, Cause.UNSEEN) in [(one.units, one.cause) for one in bridge.ledger.adjustments]


def test_a_device_behind_keys_in_another_process(network: Network, tmp_path: Path) -> None:
    make_keys(tmp_path)
    set_user(tmp_path / "users", "ann", "secret")
    (tmp_path / "password").write_text("secret\n")

    @in_loop
    async def follow(url: str) -> None:
        async with bridge_of(network) as bridge:
            where = f"opc.tcp://ann@127.0.0.1:{url.rpartition(':')[2]}/#tank-1"
            await bridge.switch("tank", Mode.HARDWARE, Binding(where, keys=tmp_path))
            await bridge.taken("tank")
            await until(lambda: bridge.ledger.draws)
            await until(lambda: status_of(bridge, "tank")["commands"][0]["taken"])
            (tmp_path / "password").write_text("wrong\n")
            await bridge.switch("tank", Mode.HARDWARE, Binding(where, keys=tmp_path))
            await until(lambda: "BadUserAccessDenied" in status_of(bridge, "tank")["problem"])

    face = ["--opcua", "opc.tcp://127.0.0.1:0", "--keys", str(tmp_path), "--rate", "300", "--json"]
    with started("emulate", "tank", *face) as (_, faces):
        follow(faces["opcua"]["url"])


@pytest.mark.parametrize(
    ("option", "message"),
    [
        (["--map", "vending"], "expected NODE=FILE"),
        (["--keys", "vending="], "expected NODE=FOLDER"),
        (["--map", "vending=my.yaml"], "--map vending: it is not real; bind it"),
        (["--read-only", "vending"], "--read-only vending: it is not real"),
        (["--bind", "tank=modbus://h", "--bind", "tank=modbus://i"], "--bind tank: given twice"),
        (["--bind", "tank=modbus://h", "--emulate", "t*"], "tank: either --emulate or --bind"),
        (["--bind", "tank=foo"], "mro-twin: --bind tank: not an address of a device; expected such as modbus://"),
        (["--rate", "0"], "mro-twin: --rate: Input should be greater than 0\n"),
        (["--rate", "nan"], "mro-twin: --rate: Input should be a finite number\n"),
        (["--lateness-bound", "-1"], "mro-twin: --lateness-bound: Input should be greater than 0\n"),
        (["--modbus", "here"], "mro-twin: --modbus: 'here' is not a place for Modbus"),
        (["--emulate", "maker"], "maker is a supplier: it shows nothing"),
    ],
)
def test_options_of_a_binding_are_checked(tmp_path: Path, option: list[str], message: str) -> None:
    scenario = tmp_path / "bench.yaml"
    scenario.write_text(SCENARIO)
    result = CliRunner().invoke(cli, ["hil", "run", str(scenario), *option, "--out", str(tmp_path / "out")])
    assert result.exit_code == 2
    assert message in result.output


def test_two_devices_on_one_serial_line_share_it(network: Network) -> None:
    @in_loop
    async def follow(where: dict[str, Any]) -> None:
        line = f"modbus-rtu://{where['serial']}?line={where['baud']},{where['format']}&unit=1"
        async with bridge_of(network) as bridge:
            await bridge.switch("shelf", Mode.HARDWARE, Binding(line))
            await bridge.taken("shelf")
            assert {one.item for one in bridge.ledger.adjustments} == {"glove", "drill"}
            await until(lambda: {draw.item for draw in bridge.ledger.draws} == {"glove", "drill"})

    face = ["--count", "2", "--modbus", "serial@115200 8N1", "--rate", "300", "--json"]
    with started("emulate", "weighing_shelf", *face) as (_, faces):
        follow(faces["modbus"])


# --- what a device is told --------------------------------------------------------------------------------------------


@in_loop
async def test_levels_are_told_at_takeover_and_when_they_change(network: Network) -> None:
    (tank,), (vending,) = devices_of(network, "tank"), devices_of(network, "vending")
    async with opcua_devices((tank, vending)) as url, bridge_of(network) as bridge:
        for node in ("tank", "vending"):
            await bridge.switch(node, Mode.HARDWARE, Binding(url))
            await bridge.taken(node)
        await until(lambda: tank.host.reading("low_level").value == 49)  # an order is made below 50
        await until(lambda: vending.host.reading("slot_2_par").value == 20)
        point = network.stock_point("tank", "coolant")
        bridge.twin.flow.model.parameter[point, 0] = 60  # as a forecast does, now and then
        bridge.pacer.submit(lambda time_ms: None)
        await until(lambda: tank.host.reading("low_level").value == 60)
        assert status_of(bridge, "tank")["commands"] == [{"signal": "low_level", "units": 60, "taken": True}]
        bridge.twin.flow.model.parameter[point, 0] = 20_000
        bridge.pacer.submit(lambda time_ms: None)
        await until(lambda: tank.host.reading("low_level").value == 200)  # as much as there is room for
        assert not status_of(bridge, "tank")["stale"]
        before = tank.host.reading("low_level")
        await bridge.switch("tank", Mode.HARDWARE, Binding(url, levels=False))
        await bridge.taken("tank")
        await until(lambda: not status_of(bridge, "tank")["stale"])
        assert status_of(bridge, "tank")["commands"] == []
    commands = bridge.result()["history"]["tank"]["commands"]
    assert [(one["signal"], one["units"]) for one in commands] == [("low_level", level) for level in (49, 60, 200)]
    assert tank.host.reading("low_level") == before


@in_loop
async def test_emulated_devices_show_the_levels(network: Network) -> None:
    async with bridge_of(network) as bridge:
        await bridge.switch("tank", Mode.EMULATED)
        (tank,) = bridge.emulated_devices("tank")
        assert tank.host.reading("low_level").value == 49  # an order is made below 50


# --- what can go wrong ------------------------------------------------------------------------------------------------


@in_loop
async def test_a_device_that_began_anew_is_taken_as_it_is(network: Network) -> None:
    (vending,) = devices_of(network, "vending")
    host: Host = vending.host
    host.act(lambda: vending.slots[0].put(20))
    async with opcua_devices((vending,)) as url, bridge_of(network) as bridge:
        await bridge.switch("vending", Mode.HARDWARE, Binding(url))
        await bridge.taken("vending")
        await until(lambda: not status_of(bridge, "vending")["stale"])
        vending.slots[0].take(4)  # it does not show that before it has begun anew
        host.reboot(keeps_numbers=False)
        for _ in range(30):  # until its numbers are beyond those that are known
            host.act(lambda: vending.slots[1].put(1))
        await until(lambda: held(bridge, "vending") == {"glove": 16, "drill": 30})
    assert (-4, Cause.RESTARTED) in [(one.units, one.cause) for one in bridge.ledger.adjustments]
    assert not bridge.ledger.draws


@in_loop
async def test_a_count_that_wavers_within_the_dead_band_is_no_draw(network: Network) -> None:
    (vending,) = devices_of(network, "vending")
    vending.host.act(lambda: vending.slots[0].put(20))
    async with opcua_devices((vending,)) as url, bridge_of(network) as bridge:
        await bridge.switch("vending", Mode.HARDWARE, Binding(url, dead_band=2))
        await bridge.taken("vending")
        vending.host.act(lambda: vending.slots[0].put(2))
        vending.host.act(lambda: vending.slots[0].take(4))
        vending.host.act(lambda: vending.slots[1].put(3))
        await until(lambda: held(bridge, "vending") == {"glove": 20, "drill": 3})
        vending.host.act(lambda: vending.slots[0].take(1))
        await until(lambda: held(bridge, "vending") == {"glove": 17, "drill": 3})
    assert [(one.item, one.units) for one in bridge.ledger.draws] == [("glove", 3)]


@in_loop
async def test_a_device_that_falls_silent_is_stale_and_loses_nothing(network: Network) -> None:
    (vending,) = devices_of(network, "vending")
    host: Host = vending.host
    host.act(lambda: vending.slots[0].put(20))
    async with opcua_devices((vending,)) as url, bridge_of(network) as bridge:
        await bridge.switch("vending", Mode.HARDWARE, Binding(url))
        await bridge.taken("vending")
        await until(lambda: not status_of(bridge, "vending")["stale"])
        host.disturbance.silent = True
        host.refresh()
        host.act(lambda: vending.slots[0].take(3))
        await until(lambda: status_of(bridge, "vending")["stale"])
        assert held(bridge, "vending")["glove"] == 20
        host.disturbance.silent = False
        host.refresh()
        await until(lambda: held(bridge, "vending")["glove"] == 17)
    assert [draw.units for draw in bridge.ledger.draws] == [3]


@in_loop
async def test_what_happened_last_is_booked_before_a_node_is_released(network: Network) -> None:
    (vending,) = devices_of(network, "vending")
    vending.host.act(lambda: vending.slots[0].put(20))
    async with opcua_devices((vending,)) as url, bridge_of(network) as bridge:
        await bridge.switch("vending", Mode.HARDWARE, Binding(url))
        await bridge.taken("vending")
        await until(lambda: not status_of(bridge, "vending")["stale"])
        vending.host.act(lambda: vending.slots[0].take(5))
        await bridge.switch("vending", Mode.SIMULATED)
        assert sum(draw.units for draw in bridge.ledger.draws) == 5


@in_loop
async def test_a_server_that_is_away_is_told_once_where_a_program_logs(caplog: pytest.LogCaptureFixture) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    caplog.set_level(logging.INFO)
    tried: list[int] = []

    class Counting(BackOff):
        def wait_s(self, failures: int) -> float:
            tried.append(failures)
            return super().wait_s(failures)

    async with OpcuaClient(f"opc.tcp://127.0.0.1:{port}", back_off=Counting(0.01, 0.02)):
        await until(lambda: len(tried) > 3)
    (told,) = [record.getMessage() for record in caplog.records if record.name != "asyncio"]
    assert told.startswith(f"no connection to opc.tcp://127.0.0.1:{port}: ")
