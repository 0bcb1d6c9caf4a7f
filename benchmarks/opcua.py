"""The OPC UA face: how soon many devices are there, and whether a subscriber gets every change."""

import asyncio
import multiprocessing
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from typing import Any, Final, NamedTuple

from benchmarks.table import Row, print_table

DEVICES: Final = 500
SLOTS: Final = 4
CHANGES: Final = 10_000
RATE: Final = 5_000  # changes per second
SUBSCRIBED: Final = 1_000


def _machine(name: str) -> Any:
    from device_emulators.vending_machine import Slot, VendingMachine, VendingMachineConfig

    config = VendingMachineConfig(tuple(Slot(f"item {number}", 1000) for number in range(SLOTS)))
    return VendingMachine(name, config, lambda: 0.5)


class Figures(NamedTuple):
    """What was measured: seconds by the clock and of the processor until all is ready, then of the notifications."""

    variables: int
    ready: float
    ready_cpu: float
    seconds: float
    seconds_cpu: float
    came: int


async def _serve() -> Figures:
    from device_emulators.faces.host import Host
    from device_emulators.faces.opcua_nodes import plain_nodes
    from device_emulators.faces.opcua_server import OpcuaServer

    hosts = [Host("vending_machine", _machine(f"machine-{number}")) for number in range(DEVICES)]
    begun, begun_cpu = time.perf_counter(), time.process_time()
    server = OpcuaServer("opc.tcp://127.0.0.1:0", datetime(2026, 1, 5, tzinfo=UTC))
    for host in hosts:
        await server.add(host, plain_nodes(host.signals))
    variables = sum(len(host.readings()) for host in hosts)
    async with server:
        ready, ready_cpu = time.perf_counter() - begun, time.process_time() - begun_cpu
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        client = context.Process(target=_subscriber, args=(server.url, theirs), daemon=True)
        client.start()
        await asyncio.to_thread(ours.recv)  # it has subscribed
        begun, begun_cpu = time.perf_counter(), time.process_time()
        for number in range(CHANGES):
            host = hosts[number % SUBSCRIBED // 2]
            host.write(f"slot_{number % 2 + 1}_count", number // SUBSCRIBED + 1)
            if (ahead := (number + 1) / RATE - (time.perf_counter() - begun)) > 0.002:
                await asyncio.sleep(ahead)
            elif number % 20 == 0:
                await asyncio.sleep(0)
        came = await asyncio.to_thread(ours.recv)
        seconds, seconds_cpu = time.perf_counter() - begun, time.process_time() - begun_cpu
        ours.send(None)
        await asyncio.to_thread(client.join, 30)
    return Figures(variables, ready, ready_cpu, seconds, seconds_cpu, came)


def _subscriber(url: str, pipe: Connection) -> None:
    asyncio.run(_subscribe(url, pipe))


async def _subscribe(url: str, pipe: Connection) -> None:
    from asyncua import Client

    came = 0
    whole, begun = asyncio.Event(), asyncio.Event()

    class Handler:
        def datachange_notification(self, node: Any, value: Any, data: Any) -> None:
            nonlocal came
            came += 1
            if came == SUBSCRIBED:
                begun.set()
            if came == SUBSCRIBED + CHANGES:
                whole.set()

    async with Client(url, timeout=60) as client:
        index = await client.get_namespace_index("urn:mro-twin:devices")
        subscription = await client.create_subscription(100, Handler(), queue_maxsize=0)
        nodes = [
            client.get_node(f"ns={index};s=machine-{number}/slot_{slot}_count")
            for number in range(SUBSCRIBED // 2)
            for slot in (1, 2)
        ]
        await subscription.subscribe_data_change(nodes)
        await begun.wait()
        pipe.send(None)
        try:
            async with asyncio.timeout(30):
                await whole.wait()
        except TimeoutError:
            pass
        pipe.send(came - SUBSCRIBED)
        await asyncio.to_thread(pipe.recv)


def server() -> Iterator[Row]:
    """500 devices, and 5,000 changes a second to a subscriber in another process."""
    figures = asyncio.run(_serve())
    yield Row(f"OPC UA: {DEVICES} devices with {figures.variables:,} variables ready", figures.ready_cpu)
    yield Row.at_most("    seconds of processor time", figures.ready_cpu, 10.0)
    yield Row("    seconds by the clock, whatever else runs", figure=figures.ready)
    yield Row(f"OPC UA: {CHANGES:,} changes at {RATE:,} a second to a subscriber", figures.seconds_cpu)
    yield Row.at_least("    notifications that came", figures.came, CHANGES)
    yield Row.at_least("    notifications per second of the server's time", figures.came / figures.seconds_cpu, RATE)
    yield Row("    per second by the clock, whatever else runs", figure=figures.came / figures.seconds)


if __name__ == "__main__":
    sys.exit(print_table(list(server()), 1.0))
