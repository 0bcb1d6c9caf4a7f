"""What a poll over Modbus TCP costs: emulated vending machines in one process, one client in another.

Unlike the other figures those of a request are wall-clock time, since waiting is what they are about: when the machine
has other things to do they say little, and the bare echo beside them shows it.
`python -m benchmarks.modbus` measures this alone.
"""

import asyncio
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.measure import cpu_time, yardstick
from benchmarks.table import Row, print_table
from device_emulators.catalog import KINDS
from device_emulators.faces.host import Host
from device_emulators.faces.image import HostImage
from device_emulators.faces.map_checks import bind
from device_emulators.faces.map_file import builtin_map
from device_emulators.faces.modbus_tcp import ModbusTcpServer
from device_emulators.faces.modbus_units import Units

UNITS = 200
REQUESTS = 20_000
PER_SECOND = 3_000.0  # what we promise, from one client
P99_MS = 2.0

_KIND = "vending_machine"
_READ = 8  # registers: the identity block, worked out at every request


@dataclass(frozen=True)
class Polled:
    """How one client fared: wall-clock seconds per request in order of size, and the server's processor time."""

    seconds: list[float]
    wall: float
    server: float

    @property
    def p99_s(self) -> float:
        return self.seconds[len(self.seconds) * 99 // 100]


async def _serve() -> None:
    """Serve until the standard input ends; print the port at first and the processor time taken at last."""
    units, map_file = Units(), builtin_map(_KIND)
    for unit in range(1, UNITS + 1):
        host = Host(_KIND, KINDS[_KIND].usual(f"machine-{unit}", lambda: 0.5))
        units.add(unit, HostImage(host, bind(map_file, host.signals), KINDS[_KIND].number, 0))
    async with ModbusTcpServer(units) as server:
        print(server.address[1], flush=True)
        begun = time.process_time()
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
        print(time.process_time() - begun, flush=True)


def _echo() -> None:
    """Send back what comes, as quickly as one can, in the same way as `_serve`."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        print(listener.getsockname()[1], flush=True)
        connection, _ = listener.accept()
        begun = time.process_time()
        with connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while data := connection.recv(512):
                connection.sendall(data + bytes(9 + 2 * _READ - len(data)))
    print(time.process_time() - begun, flush=True)


def _poll(requests: int, units: int, server: str = "--serve") -> Polled:
    """One client that asks `units` devices in turn, each time waiting for the answer."""
    command = [sys.executable, "-m", "benchmarks.modbus", server]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        port = int(process.stdout.readline())
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            begun = time.perf_counter()
            seconds = [_ask(connection, number, number % units + 1) for number in range(requests)]
            wall = time.perf_counter() - begun
        process.stdin.close()
        return Polled(sorted(seconds), wall, float(process.stdout.readline()))


def _ask(connection: socket.socket, number: int, unit: int) -> float:
    begun = time.perf_counter()
    connection.sendall(struct.pack(">HHHBBHH", number & 0xFFFF, 0, 6, unit, 4, 0, _READ))
    answer = connection.recv(512)
    taken = time.perf_counter() - begun
    if len(answer) != 9 + 2 * _READ or answer[:2] != struct.pack(">H", number & 0xFFFF):
        raise SystemExit(f"request {number} of unit {unit} got {answer.hex()}")
    return taken


def polls(repeats: int) -> Iterator[Row]:
    """Requests a second and the slowest of a hundred, with one device and with 200 on a port; of each the best."""
    bare = [_poll(REQUESTS, 1, "--echo") for _ in range(repeats)]
    yield Row("a bare echo, polled likewise: requests a second", figure=REQUESTS / min(run.wall for run in bare))
    yield Row("    99 of 100 are answered within, ms", figure=1000 * min(run.p99_s for run in bare))
    for units in (1, UNITS):
        runs = [_poll(REQUESTS, units) for _ in range(repeats)]
        wall = min(run.wall for run in runs)
        slowest_s = min(run.p99_s for run in runs)
        devices = "one device" if units == 1 else f"{units} devices on a port"
        yield Row(f"Modbus TCP, {devices}: {REQUESTS:,} requests, the server's part", min(run.server for run in runs))
        yield Row.at_least("    requests a second from one client, wall clock", REQUESTS / wall, PER_SECOND)
        yield Row.at_most("    99 of 100 are answered within, ms", 1000 * slowest_s, P99_MS)


def main() -> int:
    """Print these rows alone, or serve; exit code 1 when a promised figure is missed."""
    if sys.argv[1:] == ["--serve"]:
        asyncio.run(_serve())
        return 0
    if sys.argv[1:] == ["--echo"]:
        _echo()
        return 0
    return print_table(list(polls(3)), cpu_time(yardstick, 3).seconds)


if __name__ == "__main__":
    sys.exit(main())
