"""Who can reach what is served: this machine alone, unless another address is given on purpose."""

import asyncio
import socket
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest

from device_emulators.emulator import make_hosts
from device_emulators.faces.host import Host
from device_emulators.faces.map_checks import bind
from device_emulators.faces.map_file import builtin_map
from device_emulators.faces.serving import FaceError, Served, TcpPlace, open_modbus, open_opcua, parse_modbus
from hil.bridge.node_devices import NodeDevice
from hil.bridge.serving import serve
from hil.bridge.settings import Bench
from hil.keys import make_keys, set_user
from tests.opcua_rig import StoppedClock

ORIGIN = datetime(2026, 1, 5, tzinfo=UTC)
OTHERS = "0.0.0.0"


def tank() -> Host:
    return make_hosts("tank", 1, 1)[0]


def served() -> Served:
    host = tank()
    return Served("tank", ((host, bind(builtin_map("tank"), host.signals)),), ORIGIN, StoppedClock())


def of_bench(bench: Bench) -> dict:
    async def run() -> dict:
        async with AsyncExitStack() as stack:
            return await serve((NodeDevice(tank(), ()),), bench, ORIGIN, StoppedClock(), stack)

    return asyncio.run(run())


@pytest.mark.parametrize("text", ["0", ":0", "localhost:0", "127.0.0.1:0"])
def test_modbus_is_for_this_machine_unless_said_otherwise(text: str) -> None:
    async def run() -> None:
        async with AsyncExitStack() as stack:
            where = await open_modbus(served(), parse_modbus(text), stack)
            assert where["host"] in ("127.0.0.1", "::1")

    asyncio.run(run())


def test_modbus_on_every_address_when_that_is_given_on_purpose() -> None:
    async def run() -> None:
        async with AsyncExitStack() as stack:
            where = await open_modbus(served(), TcpPlace(OTHERS, 0), stack)
            assert where["host"] == OTHERS
            with socket.create_connection(("127.0.0.2", where["port"]), timeout=10):
                pass

    asyncio.run(run())


def test_a_bench_is_for_this_machine_unless_said_otherwise() -> None:
    assert of_bench(Bench())["modbus"]["host"] == "127.0.0.1"
    assert of_bench(Bench(modbus=f"{OTHERS}:0"))["modbus"]["host"] == OTHERS
    with pytest.raises(FaceError, match=r"would be open to the network at 0\.0\.0\.0"):
        of_bench(Bench(opcua=f"opc.tcp://{OTHERS}:0"))
    assert OTHERS in of_bench(Bench(opcua=f"opc.tcp://{OTHERS}:0", insecure=True))["opcua"]["url"]


def test_opc_ua_elsewhere_needs_keys_and_users_or_a_word(tmp_path: Path) -> None:
    url = f"opc.tcp://{OTHERS}:0"

    async def opened(**how: object) -> str:
        async with AsyncExitStack() as stack:
            return str((await open_opcua(served(), url, stack, **how))["url"])

    with pytest.raises(FaceError, match="would be open to the network"):
        asyncio.run(opened())
    make_keys(tmp_path)
    with pytest.raises(FaceError, match="needs user names"):
        asyncio.run(opened(keys=tmp_path))
    set_user(tmp_path / "users", "operator", "x")
    assert asyncio.run(opened(keys=tmp_path)).startswith("opc.tcp://0.0.0.0:")
