"""The acceptance rig: plant, links, broker, observer and gateway together for one run, and the verdict on it."""

import asyncio
import contextlib
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from hil.accept.criteria import quantile
from hil.accept.extract import Extractor
from hil.accept.history import Cause, History, Outage
from hil.accept.judging import judge
from hil.accept.observers import Answer, HttpObserver, MqttObserver
from hil.accept.paths import TopicPattern
from hil.accept.plant import Plant, WallClock
from hil.accept.processes import LOOPBACK, ManagedProcess, Mosquitto, RigError
from hil.accept.streams import passed_messages
from hil.accept.suite import Suite
from hil.accept.verdict import Verdict, conclude
from hil.faults.kinds import Ackhole, Blackhole, Cut, ExceptionAnswer, Late, Reboot, Refuse, Reset, Silent
from hil.faults.plan import Planned, make_plan
from hil.faults.player import EVERY_DEVICE, Player
from hil.relays.record import Recorder, read_record
from hil.relays.relay import Relay

QUIET_S: Final = 3.0
"""At the end: when nothing has come for so long, nothing more will."""
OBSERVER_BACK_S: Final = 15.0
LEFT_BEHIND: Final = (
    *("gateway.db", "gateway.db-wal", "gateway.db-shm", "gateway.json", "gateway.log", "mosquitto.log"),
    *("device.jsonl", "uplink.jsonl", "verdict.json", "verdict.html", "junit.xml"),
)
_BREAKING: Final = (Refuse, Blackhole, Ackhole, Reset, Cut, Silent, ExceptionAnswer, Late, Reboot)
"""Faults that may keep a sound gateway from reading or sending."""

Tell = Callable[[str], None]


class Rig:
    """One run of a suite; what it leaves behind is in `folder`."""

    def __init__(self, suite: Suite, folder: Path, tell: Tell = lambda text: None) -> None:
        """`tell` is told in words what goes on."""
        self.suite = suite
        self.folder = folder
        self.clock = WallClock()
        self.plant = Plant(suite, self.clock)
        self.links: dict[str, Relay] = {}
        self.begin_ms = 0
        self._tell = tell
        self._outages: list[Outage] = []
        self._since: dict[tuple[int, int], int] = {}
        self._failures: list[str] = []
        self._extractor = Extractor(suite.observer.layout, self.clock.utc_start_ms)
        self._observer: MqttObserver | HttpObserver | None = None
        self._broker: Mosquitto | None = None
        self._gateway: ManagedProcess | None = None

    async def run(self) -> Verdict:
        """Run the suite. What the rig cannot do is in the verdict, not raised."""
        try:
            async with contextlib.AsyncExitStack() as stack:
                await self._set_up(stack)
                await self._play()
        except (RigError, OSError) as error:
            self._failures.append(str(error))
        except ExceptionGroup as group:
            if (known := group.subgroup((RigError, OSError))) is None:
                raise
            self._failures += [str(error) for error in known.exceptions]
        return self._verdict()

    # --- setting up ---------------------------------------------------------------------------------------------------

    async def _set_up(self, stack: contextlib.AsyncExitStack) -> None:
        await self.plant.server.start()
        stack.push_async_callback(self.plant.server.close)
        await self._link("device", self.plant.server.address, stack)
        target = await self._set_up_observer(stack)
        await self._link("uplink", target, stack)
        if self.suite.gateway is not None:
            self._gateway = self._make_gateway()
            stack.push_async_callback(self._gateway.stop)
            await self._gateway.start()

    async def _link(self, name: str, target: tuple[str, int], stack: contextlib.AsyncExitStack) -> None:
        relay = Relay(name, target, Recorder(self.clock, self.folder / f"{name}.jsonl"), self.suite.faults.seed)
        stack.push_async_callback(relay.close)
        await relay.start()
        self.links[name] = relay

    async def _set_up_observer(self, stack: contextlib.AsyncExitStack) -> tuple[str, int]:
        """Start the observer, and the broker if need be; returns where the uplink leads to."""
        if self.suite.observer.http is not None:
            listening = HttpObserver(self._extractor, self.clock)
            await listening.start()
            stack.push_async_callback(listening.stop)
            self._observer = listening
            return LOOPBACK, listening.port
        host, port, make_client = await self._set_up_broker(stack)
        answers = [
            Answer(TopicPattern(one.topic), TopicPattern(one.reply_topic), one.reply)
            for one in self.suite.observer.answers
        ]
        observer = MqttObserver(make_client(), self._extractor, self.clock, answers)
        stack.push_async_callback(observer.stop)
        self._observer = observer
        try:
            await observer.start()
        except Exception as error:
            raise RigError(f"the broker cannot be reached: {error}") from None
        return host, port

    async def _set_up_broker(self, stack: contextlib.AsyncExitStack) -> tuple[str, int, Callable[[], Any]]:
        import aiomqtt

        if self.suite.broker.url is not None:
            address = urlsplit(self.suite.broker.url)
            host, port = address.hostname or LOOPBACK, address.port or 1883
            return host, port, lambda: aiomqtt.Client(host, port, keepalive=10)
        self._broker = broker = Mosquitto(self.folder)
        stack.push_async_callback(broker.stop)
        await broker.start()
        return LOOPBACK, broker.port, lambda: aiomqtt.Client(LOOPBACK, broker.port, keepalive=10)

    def _make_gateway(self) -> ManagedProcess:
        entry = self.suite.gateway
        assert entry is not None
        places = self._places()
        command = [_fill(part, places) for part in entry.command]
        environment = {name: _fill(text, places) for name, text in entry.environment.items()}
        return ManagedProcess(command, self.folder / "gateway.log", environment, entry.stop_within / 1000)

    def _places(self) -> dict[str, str]:
        """What stands for the names in braces of a command line; writes the file that {config} names."""
        entry, uplink, device = self.suite.gateway, self.links["uplink"].port, self.links["device"].port
        assert entry is not None
        config = {
            "modbus_host": LOOPBACK,
            "modbus_port": device,
            "mqtt_host": LOOPBACK,
            "mqtt_port": uplink,
            "store": str(self.folder / "gateway.db"),
            "poll_ms": max(self.suite.poll // 2, 10),
            "devices": [
                {"name": name, "type": self.plant.types[name], "unit": unit, "journal": name in self.plant.journals}
                for name, unit in self.plant.units.items()
            ],
            **entry.settings,
        }
        file = self.folder / "gateway.json"
        file.write_text(json.dumps(config, indent=1), encoding="utf-8")
        return {
            "python": sys.executable,
            "config": str(file),
            "folder": str(self.folder),
            "modbus_host": LOOPBACK,
            "modbus_port": str(device),
            "mqtt_url": f"mqtt://{LOOPBACK}:{uplink}",
            "http_url": f"http://{LOOPBACK}:{uplink}",
        }

    # --- the run ------------------------------------------------------------------------------------------------------

    async def _play(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.plant.live())
            await self._wait_for_gateway()
            self.begin_ms = self.clock.now_ms()
            # what the devices showed before the gateway was there is none of its latency
            self._outages.append(Outage(Cause.GATEWAY, "start", 0, self.begin_ms))
            self.plant.until_ms = self.begin_ms + self.suite.duration
            await self._player(self.plant.until_ms).run(self.clock)
        self._tell("waiting for what is still under way")
        await self._drain()
        if isinstance(self._observer, MqttObserver) and self._observer.lost_broker_ms is not None:
            self._failures.append("the observer has lost the broker")

    def _player(self, until_ms: int) -> Player:
        """What plays the faults; all end with the run."""
        plan = [
            one._replace(start_ms=one.start_ms + self.begin_ms, end_ms=min(one.end_ms + self.begin_ms, until_ms))
            for one in make_plan(self.suite.faults, self.suite.duration)
        ]
        self._tell(f"the plant lives for {self.suite.duration / 1000:g} s; {len(plan)} faults")
        return Player(
            plan,
            self.suite.faults.seed,
            links=self.links,
            hosts=self.plant.hosts,
            processes=self._processes(),
            listener=self._played,
        )

    async def _wait_for_gateway(self) -> None:
        """Until the first report; one that never comes is the gateway's failure, and the run shows it."""
        entry, observer = self.suite.gateway, self._observer
        assert observer is not None
        within_s = (entry.start_within if entry is not None else self.suite.settle) / 1000
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(observer.came.wait(), within_s)

    async def _drain(self) -> None:
        """Until nothing more comes, but for as long as the last outage allows the gateway to come back."""
        observer, settle_ms = self._observer, self.suite.settle
        assert observer is not None
        over_ms = self.clock.now_ms() + settle_ms
        last_ms = max((one.to_ms + settle_ms for one in self._outages), default=0)
        quiet_s = min(max(QUIET_S, 3 * self.suite.poll / 1000), settle_ms / 1000)
        while (now_ms := self.clock.now_ms()) < over_ms:
            observer.came.clear()
            patience_s = min(max(quiet_s, (last_ms - now_ms) / 1000), (over_ms - now_ms) / 1000)
            try:
                await asyncio.wait_for(observer.came.wait(), patience_s)
            except TimeoutError:
                return

    def _processes(self) -> dict[str, Any]:
        processes: dict[str, Any] = {}
        if self._gateway is not None:
            processes["gateway"] = self._gateway
        if self._broker is not None and isinstance(self._observer, MqttObserver):
            processes["broker"] = _BrokerBehindLink(self._broker, self.links["uplink"], self._observer)
        return processes

    def _played(self, planned: Planned, begins: bool) -> None:
        """A fault has begun or ended: note outages with the times at which that truly was."""
        self._tell(f"{planned.fault.name} of {planned.target} {'begins' if begins else 'ends'}")
        now_ms, key = self.clock.now_ms(), (planned.entry, planned.repeat)
        if begins:
            self._since[key] = min(planned.start_ms, now_ms)
        elif planned.kind == "process" or isinstance(planned.fault, _BREAKING):
            devices = frozenset({planned.target}) if planned.kind == "device" else frozenset()
            concerned = frozenset() if planned.target == EVERY_DEVICE else devices
            self._outages.append(Outage(_cause(planned), planned.fault.name, self._since[key], now_ms, concerned))

    # --- the verdict --------------------------------------------------------------------------------------------------

    def _verdict(self) -> Verdict:
        lateness_ms = quantile(self.plant.lateness_ms, 0.99) or 0
        if lateness_ms > self.suite.rig_lateness:
            self._failures.append(f"rig too late: p99 of {lateness_ms} ms, over {self.suite.rig_lateness} ms")
        uplink, device = self.folder / "uplink.jsonl", self.folder / "device.jsonl"
        protocol = "http" if self.suite.observer.http is not None else "mqtt"
        passed = Extractor(self.suite.observer.layout, self.clock.utc_start_ms)
        messages = passed_messages(read_record(uplink), protocol) if uplink.exists() else ()
        history = History(
            end_ms=self.clock.now_ms(),
            truths=self.plant.truths,
            reports=[] if self._observer is None else self._observer.reports,
            outages=sorted(self._outages, key=lambda one: one[2:4]),
            passed=[one for message in messages for one in passed.reports(*message[2:], message.time_ms)],
            journals=self.plant.journals,
        )
        judgement = judge(history, self.suite.rules, self.plant.wanted)
        evidence = [file.name for file in (uplink, device) if file.exists()]
        rig = {
            "begin_ms": self.begin_ms,
            "utc_start_ms": self.clock.utc_start_ms,
            "lateness_p99_ms": lateness_ms,
            "lateness_max_ms": max(self.plant.lateness_ms, default=0),
            "unread_messages": self._extractor.unread,
        }
        return conclude(self.suite.name, judgement, self.suite.criteria, self._failures, evidence, rig)


class _BrokerBehindLink:
    """The rig's broker: when it starts again, the observer must be there before the gateway can send."""

    def __init__(self, broker: Mosquitto, uplink: Relay, observer: MqttObserver) -> None:
        self._broker, self._uplink, self._observer = broker, uplink, observer

    async def stop(self) -> None:
        self._uplink.target_ready.clear()
        await self._broker.stop()

    async def kill(self) -> None:
        self._uplink.target_ready.clear()
        await self._broker.kill()

    async def start(self) -> None:
        """Start it and let the uplink pass when the observer has subscribed again. RigError: it does not."""
        await self._broker.start()
        try:
            await asyncio.wait_for(self._observer.ready.wait(), OBSERVER_BACK_S)
        except TimeoutError:
            raise RigError("the observer did not come back to the broker") from None
        self._uplink.target_ready.set()


def _cause(planned: Planned) -> Cause:
    match planned.kind, planned.target:
        case "link", "device":
            return Cause.DEVICE_LINK
        case "link", _:
            return Cause.UPLINK
        case "process", "broker":
            return Cause.BROKER
        case "process", _:
            return Cause.GATEWAY
    return Cause.DEVICE


def _fill(text: str, places: dict[str, str]) -> str:
    for name, value in places.items():
        text = text.replace("{" + name + "}", value)
    return text


async def accept(suite: Suite, folder: Path, tell: Tell = lambda text: None) -> Verdict:
    """Run a suite and leave its verdict, page and evidence in a folder, which is made. OSError: it cannot be."""
    from hil.accept.page import write_page
    from hil.accept.verdict import write_verdict

    folder.mkdir(parents=True, exist_ok=True)
    for name in LEFT_BEHIND:  # a gateway must not go on where that of an earlier run ended
        (folder / name).unlink(missing_ok=True)
    verdict = await Rig(suite, folder, tell).run()
    write_verdict(verdict, folder)
    write_page(verdict, folder / "verdict.html")
    return verdict
