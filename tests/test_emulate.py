"""Devices with a life of their own: the same for a seed however time passes, and served by the command line."""

import asyncio
import itertools
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import time
import tty
from contextlib import contextmanager

import pytest
from click.testing import CliRunner

from device_emulators.catalog import KINDS
from device_emulators.emulator import Emulator, TwinClock, make_hosts, run_until_ended
from device_emulators.faces.serving import FaceError, SerialPlace, TcpPlace, parse_modbus
from device_emulators.life import Life
from mro_twin.cli import cli
from tests.device_samples import all_devices
from tests.mqtt_brokers import listening, mosquitto

DAY_MS = 86_400_000
HOUR_MS = 3_600_000


def lived(kind, stops_ms, seed=1, count=2):
    """Journals of devices after they have lived up to each of some instants."""
    hosts = make_hosts(kind, count, seed, ring=5_000)
    emulator = Emulator(hosts, seed, TwinClock(wall_s=lambda: 0.0))

    async def live():
        for stop_ms in stops_ms:
            await emulator.catch_up(stop_ms)

    asyncio.run(live())
    emulator.close()
    return [host.journal for host in hosts]


@pytest.mark.parametrize("kind", KINDS)
def test_a_life_is_the_same_however_time_passes_and_another_for_each_device(kind):
    at_once = lived(kind, [4 * HOUR_MS])
    assert lived(kind, range(0, 4 * HOUR_MS + 1, 400_000)) == at_once
    assert lived(kind, [4 * HOUR_MS], seed=2)[0] != at_once[0]
    assert at_once[0] != at_once[1]
    assert len({change.time_ms for change in at_once[0]}) > 20


@pytest.mark.parametrize("kind", KINDS)
def test_everything_that_a_device_shows_comes_to_life_in_a_day(kind):
    first, (journal, *_) = make_hosts(kind, 1, 1)[0], lived(kind, [DAY_MS], count=1)
    still = {name for name, signal in first.signals.items() if signal.readable} - {change.signal for change in journal}
    # what says who somebody is, and what only people set
    still = {name for name in still if not name.endswith(("_item", "_name", "_tool", "_par", "low_level"))}
    assert not {name for name in still if "jammed" not in name and name not in ("counts", "refunds", "held_open")}


def test_who_is_not_known_has_no_life():
    with pytest.raises(TypeError, match="what people do with gateway"):
        Life(all_devices()["gateway"], None)


def test_a_clock_goes_as_fast_as_it_is_told():
    wall = iter((100.0, 100.5, 101.0, 200.0))
    clock = TwinClock(60.0, lambda: next(wall))
    assert clock.now_ms() == 30_000
    assert clock.wait_s(120_000) == pytest.approx(1.0)
    assert clock.wait_s(120_000) == 0.0
    for rate in (0.0, -1.0, float("nan"), 1e9):
        with pytest.raises(ValueError, match="times as fast"):
            TwinClock(rate)


def test_a_write_is_followed_by_what_it_leads_to():
    (host,) = make_hosts("vending_machine", 1, 7)

    async def vend():
        emulator = Emulator((host,), 7, TwinClock(1_000.0))
        done = asyncio.Event()
        host.listen(lambda _, change: done.set() if change.signal == "turns" else None)

        async def press():
            await asyncio.sleep(0)  # the emulator sleeps until somebody draws
            if not host.reading("busy").value:
                host.write("slot_1_vend", True)
            await done.wait()

        await run_until_ended(emulator, press())

    asyncio.run(asyncio.wait_for(vend(), 20))
    times = {change.signal: change.time_ms for change in host.journal if change.value in (True, 1)}
    assert times["turns"] - times["busy"] == 3_000


def test_an_error_while_running_is_raised():
    (host,) = make_hosts("tank", 1, 1)

    class Broken:
        next_ms = 0

        async def apply_until(self, now_ms):
            raise ValueError("the player broke")

    async def run():
        await run_until_ended(Emulator((host,), 1, faults=Broken()), asyncio.sleep(60))

    with pytest.raises(ValueError, match="the player broke"):
        asyncio.run(run())


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("502", TcpPlace("127.0.0.1", 502)),
        (":0", TcpPlace("127.0.0.1", 0)),
        ("0.0.0.0:502", TcpPlace("0.0.0.0", 502)),
        ("[::1]:0", TcpPlace("::1", 0)),
        ("localhost:1502", TcpPlace("localhost", 1502)),
        ("serial", SerialPlace("", "")),
        ("serial@9600 8N1", SerialPlace("", "9600 8N1")),
        ("serial:/dev/ttyUSB0@19200", SerialPlace("/dev/ttyUSB0", "19200")),
    ],
)
def test_places_of_modbus(text, place):
    assert parse_modbus(text) == place


@pytest.mark.parametrize("text", ["", "host", "host:", "host:70000", "a:b:1", "tcp://host:1", "::1:502", "serial@"])
def test_what_is_no_place_of_modbus(text):
    with pytest.raises(FaceError, match="expected HOST:PORT"):
        parse_modbus(text)


# --- the command ------------------------------------------------------------------------------------------------------


def invoke(*arguments):
    return CliRunner().invoke(cli, ["emulate", *map(str, arguments)])


def test_the_help_names_every_type():
    words = invoke("--help").output.replace(",", " ").replace(".", " ").split()
    assert words[words.index("Types:") + 1 :][: len(KINDS)] == list(KINDS)


def test_a_serial_line_that_is_pulled_out_is_told():
    ours, theirs = os.openpty()
    tty.setraw(theirs)
    path = os.ttyname(theirs)
    with running("tank", "--modbus", f"serial:{path}", warned=f"the serial line {path} is gone", told_by=ours):
        os.close(theirs)


def test_the_table_of_a_map():
    result = invoke("--map", "vending_machine")
    assert result.exit_code == 0
    assert "vending_machine (type number 1), map version 1" in result.output
    assert "input     4         10-11      uint32         r       2    turns" in result.output
    assert "holding   3, 6, 16  100        uint16         rw      6    slot_1_count" in result.output
    assert "holding   3, 16     102-103" in invoke("--map", "tank").output
    assert "Slot3/Jammed  Boolean  r       800" in result.output
    assert "1010-1777  64 entries of 12 registers" in result.output
    assert "0 none, 1 vended, 2 refunded, 3 jammed" in result.output


@pytest.mark.parametrize("kind", KINDS)
def test_the_table_as_data(kind):
    data = json.loads(invoke("--map", kind, "--json").output)
    assert (data["type"], data["type_number"]) == (kind, KINDS[kind].number)
    device = KINDS[kind].usual("x", lambda: 0.5)
    assert {entry["signal"] for entry in data["registers"]} == set(device.signals)
    numbers = {entry["signal"]: entry["journal_number"] for entry in data["registers"]}
    readable = [name for name, each in device.signals.items() if each.readable]
    assert [numbers[name] for name in readable] == list(range(1, len(readable) + 1))


def test_a_map_of_ones_own_is_checked(tmp_path):
    own = tmp_path / "own.yaml"
    own.write_text("type: door_sensor\nmodbus:\n  tables:\n    - {signal: opn, table: discrete, address: 1}\n")
    result = invoke("door_sensor", "--map", own)
    assert result.exit_code == 2
    assert f"{own}:4: modbus.tables.0: the device has no signal 'opn'; it has open, locked" in result.output
    assert f"{own}:2: modbus: signals without an entry: open, locked" in result.output
    result = invoke("tank", "--map", own)
    assert result.exit_code == 2
    assert f"{own}:1: type: it is a map of 'door_sensor'; expected tank" in result.output
    own.write_text("type: washer\n")
    assert "it is a map of 'washer'; expected one of vending_machine" in invoke("--map", own).output


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ((), 2, "name a TYPE: vending_machine"),
        (("washer",), 2, "no type of device 'washer'"),
        (("tank", "--modbus", "nowhere"), 2, "expected HOST:PORT"),
        (("tank", "--modbus", "serial@fast"), 2, "is no line setting"),
        (("tank", "--modbus", "serial:/dev/no-such-port"), 4, "as a serial port: No such file or directory"),
        (("tank", "--modbus", "no-such-host.invalid:1"), 4, "no-such-host.invalid:1: "),
        (("tank", "--keys", "/nowhere"), 2, "'/nowhere' does not exist"),
        (("tank", "--count", "248"), 2, "more than the 247 units"),
        (("tank", "--count", "0"), 2, "not in the range"),
        (("tank", "--rate", "0"), 2, "times as fast"),
        (("tank", "--map", "nowhere.yaml"), 2, "neither a map file nor a type; types are vending_machine"),
        (("tank", "--faults", "nowhere.yaml"), 2, "nowhere.yaml"),
        (("tank", "--opcua", "http://127.0.0.1"), 2, "opc.tcp://"),
        (("tank", "--opcua", "opc.tcp://0.0.0.0:0"), 2, "insecure"),
    ],
)
def test_what_cannot_be_run_says_why(arguments, code, message):
    result = invoke(*arguments)
    assert result.exit_code == code, result.output
    assert message in result.output


def test_a_port_that_is_taken():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        taken_port = taken.getsockname()[1]
        result = invoke("tank", "--modbus", f"127.0.0.1:{taken_port}")
    assert result.exit_code == 4
    assert f"in use: 127.0.0.1:{taken_port}" in result.output


def test_a_port_of_opc_ua_that_is_taken_is_told_in_one_line():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = f"opc.tcp://127.0.0.1:{taken.getsockname()[1]}"
        command = [sys.executable, "-m", "mro_twin", "emulate", "tank", "--opcua", url]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 4
    assert done.stderr == f"mro-twin: Address already in use: {url}\n"


@contextmanager
def running(*arguments, warned="", told_by=None):
    """The command as a process of its own; gives what it said when it was ready. It must end cleanly on Ctrl-C."""
    process = subprocess.Popen(
        [sys.executable, "-W", "error", "-m", "mro_twin", "emulate", *arguments, "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        line = process.stdout.readline()
        assert line, process.stderr.read()
        if told_by is not None:
            os.close(told_by)  # ready: now the other end goes
        if warned:
            assert any(warned in said for said in iter(process.stderr.readline, ""))
        yield json.loads(line)
    finally:
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=20)
    assert process.returncode == 0
    assert errors.endswith("ended\n")
    assert "Traceback" not in errors


def request(connection, unit, function, address, value):
    connection.sendall(struct.pack(">HHHBBHH", 7, 0, 6, unit, function, address, value))
    head = receive(connection, 6)
    return receive(connection, struct.unpack(">H", head[4:])[0])[1:]


def receive(connection, length):
    data = b""
    while len(data) < length:
        data += connection.recv(length - len(data)) or pytest.fail("the connection was closed")
    return data


def test_devices_over_modbus_live_and_can_be_told(tmp_path):
    faults = tmp_path / "faults.yaml"
    faults.write_text("faults:\n  - {at: 0 s, for: 20 d, device: machine-2, fault: {exception: {code: 6}}}\n")
    with running("machine", "--count", "2", "--rate", "10000", "--faults", str(faults)) as ready:
        assert [device["name"] for device in ready["devices"]] == ["machine-1", "machine-2"]
        assert ready["modbus"]["host"] == "127.0.0.1"
        with socket.create_connection(("127.0.0.1", ready["modbus"]["port"]), timeout=10) as connection:
            for _ in itertools.count():
                parts = struct.unpack(">I", request(connection, 1, 4, 16, 2)[2:])[0]
                if parts > 3:
                    break
            assert request(connection, 1, 4, 0, 2) == bytes([4, 4, 0, 5, 0, 1])
            assert request(connection, 2, 4, 0, 2) == bytes([0x84, 6])
            assert request(connection, 3, 4, 0, 2) == bytes([0x84, 0x0B])
            assert request(connection, 1, 5, 11, 0xFF00) == bytes([5, 0, 11, 0xFF, 0])


def test_links_have_faults_too(tmp_path):
    faults = tmp_path / "faults.yaml"
    with socket.create_server(("127.0.0.1", 0)) as free:
        wanted = free.getsockname()[1]
    faults.write_text("faults:\n  - {at: 1 h, for: 20 d, link: modbus, fault: refuse}\n")
    arguments = ("--count", "2", "--rate", "1000", "--modbus", f"127.0.0.1:{wanted}", "--faults", str(faults))
    with running("machine", *arguments) as ready:
        assert ready["modbus"] == {"host": "127.0.0.1", "port": wanted}
        connection = socket.create_connection(("127.0.0.1", wanted), timeout=10)
        assert request(connection, 2, 4, 0, 2) == bytes([4, 4, 0, 5, 0, 1])
        with pytest.raises(ConnectionError):  # an hour is over after 3.6 seconds
            connection.recv(1)
        connection.close()
        with pytest.raises(ConnectionError):
            socket.create_connection(("127.0.0.1", wanted), timeout=10)


@pytest.mark.parametrize(
    ("fault", "arguments", "message"),
    [
        ("link: opcua, fault: refuse", (), "f.yaml:2: faults.0.link: there is no link 'opcua'; there are modbus"),
        ("link: modbus, fault: refuse", ("--modbus", "serial"), "a serial line has no link that could have faults"),
        ("link: modbus, fault: refuse", ("--modbus", "0.0.0.0:0"), "127.0.0.1 only, not at 0.0.0.0"),
        ("link: opcua, fault: refuse", ("--opcua", "opc.tcp://[::1]:0"), "127.0.0.1 only, not at ::1"),
        ("process: gateway, fault: kill", (), "faults.0.process: devices alone have no process"),
        ("device: '*', fault: stray", ("--mqtt", "mqtt://127.0.0.1"), "faults.0.fault: stray is a fault of Modbus"),
        ("device: tank-2, fault: silent", (), "there is no device 'tank-2'; there are tank-1"),
        ("device: tank-1, fault: failed_vend", (), "f.yaml:1: faults: tank-1 is not a vending machine"),
        ("device: tank-1, fault: stuck, signals: [colour]", (), "there is no signal 'colour'"),
    ],
)
def test_faults_that_cannot_be_say_why(tmp_path, fault, arguments, message):
    (tmp_path / "f.yaml").write_text(f"faults:\n  - {{at: 1 s, for: 1 s, {fault}}}\n")
    result = invoke("tank", "--faults", tmp_path / "f.yaml", *arguments)
    assert result.exit_code == 2
    assert message in result.output


def test_devices_over_a_serial_line_and_opc_ua():
    asyncua = pytest.importorskip("asyncua")
    with running("tank", "--modbus", "serial@115200 8N1", "--opcua", "opc.tcp://127.0.0.1:0") as ready:
        assert ready["modbus"]["serial"].startswith("/dev/")
        assert (ready["modbus"]["baud"], ready["modbus"]["format"]) == (115_200, "8N1")

        async def read():
            async with asyncua.Client(ready["opcua"]["url"]) as client:
                namespace = await client.get_namespace_index("urn:mro-twin:devices")
                path = [f"{namespace}:{part}" for part in ("Devices", "tank-1", "Level", "Units")]
                return await (await client.nodes.objects.get_child(path)).read_value()

        assert asyncio.run(read()) > 1_000


@pytest.mark.parametrize(("form", "topics"), [("json", "bench/#"), ("sparkplug", "spBv1.0/bench/#")])
def test_devices_publish_what_changes(tmp_path, form, topics):
    async def seen():
        async with mosquitto(tmp_path) as broker, listening(broker.port, topics) as listener:
            url = f"mqtt://127.0.0.1:{broker.port}"
            arguments = ("machine", "--mqtt", url, "--mqtt-format", form, "--mqtt-prefix", "bench", "--rate", "10000")
            ready = await asyncio.to_thread(run_for_a_while, arguments, listener)
            assert ready["mqtt"]["url"] == url
            assert "modbus" not in ready
            return listener.seen

    def run_for_a_while(arguments, listener):
        with running(*arguments) as ready:
            deadline = time.monotonic() + 20
            while len(listener.seen) < 30 and time.monotonic() < deadline:
                time.sleep(0.02)
        return ready

    messages = asyncio.run(seen())
    assert len(messages) >= 30
    if form == "json":
        told = [json.loads(payload) for topic, payload, _ in messages if not topic.endswith("/status")]
        numbers = [report["number"] for report in told]
        assert numbers[8:] == list(range(numbers[8], numbers[8] + len(numbers) - 8))  # first the last values, then all
        assert numbers == sorted(set(numbers))
        assert messages[-1][0] == "bench/machine-1/status"
    else:
        assert {topic.split("/")[2] for topic, _, _ in messages} >= {"NBIRTH", "DBIRTH", "DDATA"}


def test_links_to_a_broker_and_of_opc_ua_have_faults(tmp_path):
    asyncua = pytest.importorskip("asyncua")
    faults = tmp_path / "faults.yaml"
    entries = [
        f"  - {{at: 0 s, for: 20 d, link: {link}, fault: {{delay: {{by: 1 ms}}}}}}" for link in ("opcua", "mqtt")
    ]
    faults.write_text("\n".join(["faults:", *entries]) + "\n")

    def run_for_a_while(url, listener):
        arguments = ("tank", "--opcua", "opc.tcp://127.0.0.1:0", "--mqtt", url, "--faults", str(faults))
        with running(*arguments) as ready:
            assert ready["mqtt"]["url"] == url.replace("somebody@", "")

            async def read():
                async with asyncua.Client(ready["opcua"]["url"]) as client:
                    return await client.get_node("ns=2;s=tank-1/Level/Units").read_value()

            assert asyncio.run(read()) > 1_000
            deadline = time.monotonic() + 20
            while len(listener.seen) < 7 and time.monotonic() < deadline:
                time.sleep(0.02)

    async def scenario():
        async with mosquitto(tmp_path) as broker, listening(broker.port, "mro-twin/#") as listener:
            await asyncio.to_thread(run_for_a_while, f"mqtt://somebody@127.0.0.1:{broker.port}", listener)
            return {topic for topic, _, _ in listener.seen}

    assert {"mro-twin/tank-1/units", "mro-twin/tank-1/status"} <= asyncio.run(scenario())


def test_a_broker_that_is_not_there_keeps_nothing_from_ending():
    with running("tank", "--mqtt", "mqtt://127.0.0.1:1", warned="Connection refused") as ready:
        assert ready["mqtt"]["url"] == "mqtt://127.0.0.1:1"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--mqtt", "http://127.0.0.1"), "begins with mqtt://"),
        (("--mqtt", "mqtt://127.0.0.1", "--mqtt-primary-host", "scada"), "goes with --mqtt and --mqtt-format"),
        (("--mqtt", "mqtt://me:secret@127.0.0.1"), "a password does not belong into a URL"),
        (("--mqtt", "mqtt://127.0.0.1", "--mqtt-prefix", "a/#"), "cannot be part of a topic"),
        (("--mqtt", "mqtts://127.0.0.1", "--mqtt-ca", "nowhere.pem"), "nowhere.pem"),
    ],
)
def test_brokers_that_cannot_be(arguments, message):
    result = invoke("tank", *arguments)
    assert result.exit_code == 2
    assert message in result.output
    assert "secret" not in result.output
