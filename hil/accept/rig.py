"""The acceptance rig: plant, links, broker, observer and gateway together for one run, and the verdict on it."""

import asyncio
import contextlib
import json
import sys
from collections.abc import Callable, Mapping
from itertools import islice
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from hil.accept.criteria import Result, quantile
from hil.accept.history import Cause, History, Outage, write_truths
from hil.accept.judging import judge
from hil.accept.life import make_plant
from hil.accept.observers import MOST_REPORTS, MqttObserver
from hil.accept.processes import ManagedProcess, RigError
from hil.accept.remarks import Unused
from hil.accept.sparkplug import SparkplugExtractor
from hil.accept.streams import passed_messages
from hil.accept.suite import DEVICE_LINKS, GatewayEntry, Suite
from hil.accept.uplink import BrokerBehindLink, Uplink, open_uplink
from hil.accept.verdict import Verdict, conclude
from hil.bindings.signals import slots_of
from hil.faults.kinds import Ackhole, Blackhole, Cut, ExceptionAnswer, Late, Reboot, Refuse, Reset, Silent
from hil.faults.plan import Planned, make_plan
from hil.faults.player import EVERY_DEVICE, Player, Process
from hil.relays.record import Recorder, read_record
from hil.relays.relay import Relay

QUIET_S: Final = 3.0
"""At the end: when nothing has come for so long, nothing more will."""
TRUTHS: Final = "truth.jsonl"
LEFT_BEHIND: Final = (
    *("gateway.db", "gateway.db-wal", "gateway.db-shm", "gateway.json", "gateway.log", "mosquitto.log"),
    *("device.jsonl", "opcua.jsonl", "uplink.jsonl", TRUTHS, "verdict.json", "verdict.html", "junit.xml"),
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
        self.clock, self.plant, self.life = make_plant(suite, tell)
        self.links: dict[str, Relay] = {}
        self.begin_ms = 0
        self._tell = tell
        self._outages: list[Outage] = []
        self._since: dict[tuple[int, int], int] = {}
        self._failures: list[str] = []
        self._extractor = suite.observer.extractor(self.clock.utc_start_ms)
        self._uplink: Uplink | None = None
        self._gateway: ManagedProcess | None = None
        self._gateway_ended: int | None = None
        self._ended_first: int | None = None  # its exit code, when it ended before its first report

    async def run(self) -> Verdict:
        """Run the suite. What the rig cannot do is in the verdict, not raised."""
        try:
            async with contextlib.AsyncExitStack() as stack:
                await self.open(stack)
                await self._play()
        except (RigError, OSError) as error:
            self._failures.append(str(error))
        except ExceptionGroup as group:
            if (known := group.subgroup((RigError, OSError))) is None:
                raise
            self._failures += [str(error) for error in known.exceptions]
        return self._verdict()

    # --- setting up ---------------------------------------------------------------------------------------------------

    async def open(self, stack: contextlib.AsyncExitStack, with_devices: bool = True) -> None:
        """Serve the devices, unless somebody else does, and start links, broker, observer and gateway, until the stack
        ends. RigError, OSError: that cannot be."""
        if with_devices:
            for protocol, address in (await self.plant.serve(stack)).items():
                await self._link(DEVICE_LINKS[protocol], address, stack)
        self._uplink = await open_uplink(self.suite, self.folder, self._extractor, self.clock, stack)
        await self._link("uplink", self._uplink.target, stack)
        if self.suite.gateway is None:
            self._write_config({})
            self._tell_places()
        else:
            self._gateway = self._make_gateway(self.suite.gateway)
            stack.push_async_callback(self._gateway.stop)
            await self._gateway.start()

    async def _link(self, name: str, target: tuple[str, int], stack: contextlib.AsyncExitStack) -> None:
        relay = Relay(name, target, Recorder(self.clock, self.folder / f"{name}.jsonl"), self.suite.faults.seed)
        stack.push_async_callback(relay.close)
        port = getattr(self.suite.listen, name)
        try:
            await relay.start(port, self.suite.listen.host)
        except OSError as error:
            where = f"{self.suite.listen.host}:{port}"
            raise RigError(f"cannot listen at {where} for the link {name}: {error.strerror or error}") from None
        self.links[name] = relay

    def _tell_places(self) -> None:
        """To whoever starts the gateway."""
        places = self.places()
        if "device" in self.links:
            units = ", ".join(f"{unit} {name}" for name, unit in self.plant.units.items())
            self._tell(f"devices over Modbus TCP: {places['modbus_host']}:{places['modbus_port']}, units {units}")
        if "opcua" in self.links:
            self._tell(f"devices over OPC UA: {places['opcua_url']}")
        self._tell(f"send to: {places['http_url' if self.uplink.broker is None else 'mqtt_url']}")
        self._tell(f"all of it is in {places['config']}")

    def _make_gateway(self, entry: GatewayEntry) -> ManagedProcess:
        self._write_config(entry.settings)
        places = self.places()
        command = [_fill(part, places) for part in entry.command]
        environment = {name: _fill(text, places) for name, text in entry.environment.items()}
        return ManagedProcess(command, self.folder / "gateway.log", environment, entry.stop_within / 1000)

    def places(self) -> dict[str, str]:
        """Where a gateway finds everything: what stands for the names in braces of a command line."""
        ports = {name: str(link.port) for name, link in self.links.items()}
        host = self.suite.listen.host
        return {
            "python": sys.executable,
            "config": str(self.folder / "gateway.json"),
            "folder": str(self.folder),
            "modbus_host": host,
            "modbus_port": ports.get("device", ""),
            "opcua_url": f"opc.tcp://{host}:{ports['opcua']}" if "opcua" in ports else "",
            "mqtt_url": self._login()["mqtt_url"],
            "http_url": f"http://{host}:{ports['uplink']}",
        }

    def _write_config(self, settings: Mapping[str, object]) -> None:
        """The file that {config} names, for the gateways that come along."""
        places, host = self.places(), self.suite.listen.host
        config = {
            **({"modbus_host": host, "modbus_port": int(places["modbus_port"])} if places["modbus_port"] else {}),
            **({"opcua_url": places["opcua_url"]} if places["opcua_url"] else {}),
            **self._login(),
            "store": str(self.folder / "gateway.db"),
            "poll_ms": max(self.suite.poll // 2, 10),
            "devices": [self._source(name) for name in self.plant.hosts],
            **settings,
        }
        Path(places["config"]).write_text(json.dumps(config, indent=1), encoding="utf-8")

    def _login(self) -> dict[str, str]:
        """How the gateway reaches the broker through the link, and what it needs to log in there."""
        broker, entry, port = self.uplink.broker, self.suite.broker, self.links["uplink"].port
        host = self.suite.listen.host
        if broker is None:
            return {"mqtt_url": f"mqtt://{host}:{port}"}
        scheme, user = "mqtts" if broker.tls else "mqtt", f"{quote(broker.user, safe='')}@" if broker.user else ""
        places = {"mqtt_url": f"{scheme}://{user}{host}:{port}"}
        files = {"mqtt_password_file": entry.password_file, "mqtt_authority": entry.authority}
        places |= {name: str(file.absolute()) for name, file in files.items() if file is not None}
        return places | ({"mqtt_name": broker.host} if broker.tls else {})

    def _source(self, name: str) -> dict[str, Any]:
        unit, journal = self.plant.units.get(name), name in self.plant.journals
        kind, signals = self.plant.types[name], self.plant.hosts[name].signals
        source = {"name": name, "type": kind, "slots": slots_of(kind, signals), "journal": journal}
        return source if unit is None else source | {"unit": unit}

    # --- the run ------------------------------------------------------------------------------------------------------

    async def _play(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.life.live())
            await self._wait_for_gateway()
            self.begin_ms = self.clock.now_ms()
            if self._ended_first is not None:
                self.plant.until_ms = self.begin_ms
                self._tell(f"the gateway ended with {self._ended_first} before its first report")
            # what the devices showed before the gateway was there is none of its latency
            self._outages.append(Outage(Cause.GATEWAY, "start", 0, self.begin_ms))
            if self._ended_first is not None:
                return
            self.plant.until_ms = self.begin_ms + self.suite.duration
            await self._player(self.plant.until_ms).run(self.clock)
        self._tell("waiting for what is still under way")
        await self._drain()
        self._gateway_ended = None if self._gateway is None else self._gateway.ended

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
            processes=self.processes(),
            listener=self._played,
        )

    async def _wait_for_gateway(self) -> None:
        """Until the first report; one that never comes is the gateway's failure, and the run shows it."""
        within_s = self.suite.first_report_within / 1000
        if self.suite.gateway is None:
            self._tell(f"waiting {within_s:g} s for its first report")
        waiting: list[asyncio.Task[Any]] = [asyncio.create_task(self.uplink.came.wait())]
        if self._gateway is not None:
            waiting.append(asyncio.create_task(self._fails(self._gateway)))
        try:
            await asyncio.wait(waiting, timeout=within_s, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waiting:
                task.cancel()
        if self.uplink.came.is_set():
            return
        if self._gateway is not None:
            self._ended_first = self._gateway_ended = self._gateway.ended
        if self._ended_first is None:
            self._tell(f"no report has come within {within_s:g} s; the run begins without")

    async def _fails(self, gateway: ManagedProcess) -> None:
        """Until it ends with an error; one that ends without may have left the gateway running elsewhere."""
        if await gateway.wait() == 0:
            await asyncio.Event().wait()

    async def _drain(self) -> None:
        """Until nothing more comes, but for as long as the last outage allows the gateway to come back."""
        observer, settle_ms = self._uplink, self.suite.settle
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

    @property
    def uplink(self) -> Uplink:
        """What is behind the uplink; there from `open` on."""
        assert self._uplink is not None
        return self._uplink

    def processes(self) -> dict[str, Process]:
        """Those that can be ended and started again."""
        processes: dict[str, Process] = {}
        if self._gateway is not None:
            processes["gateway"] = self._gateway
        uplink = self._uplink
        if uplink is not None and uplink.own is not None and isinstance(uplink.observer, MqttObserver):
            processes["broker"] = BrokerBehindLink(uplink.own, self.links["uplink"], uplink.observer)
        return processes

    def _played(self, planned: Planned, begins: bool) -> None:
        """A fault has begun or ended: note outages with the times at which that truly was."""
        self._tell(f"{planned.fault.name} of {planned.target} {'begins' if begins else 'ends'}")
        now_ms, key = self.clock.now_ms(), (planned.entry, planned.repeat)
        if begins:
            self._since[key] = min(planned.start_ms, now_ms)
        elif planned.kind == "process" or isinstance(planned.fault, _BREAKING):
            outage = Outage(_cause(planned), planned.fault.name, self._since[key], now_ms, self._concerned(planned))
            self._outages.append(outage)

    def _concerned(self, planned: Planned) -> frozenset[str]:
        """The devices that an outage is one of; empty: all."""
        if planned.kind == "device" and planned.target != EVERY_DEVICE:
            return frozenset({planned.target})
        if planned.kind == "link" and planned.target in DEVICE_LINKS.values() and len(self.links) > 2:
            return self.plant.behind(planned.target)
        return frozenset()

    # --- the verdict --------------------------------------------------------------------------------------------------

    def _verdict(self) -> Verdict:
        lateness_ms, worst_ms = self.life.lateness_ms()
        self._bound_lateness("rig", lateness_ms)
        if self._uplink is not None and self._uplink.failure is not None:
            self._failures.append(self._uplink.failure)
        self._failures += [link.failure for link in self.links.values() if link.failure is not None]
        write_truths(self.plant.truths, self.plant.wanted, self.folder / TRUTHS)
        records = [self.folder / f"{link}.jsonl" for link in ("uplink", *DEVICE_LINKS.values())]
        uplink, protocol = records[0], "http" if self.suite.observer.http is not None else "mqtt"
        passed = self.suite.observer.extractor(self.clock.utc_start_ms)
        readable = uplink.exists() and self.links["uplink"].failure is None
        messages = passed_messages(read_record(uplink), protocol) if readable else ()
        at_relay = (one for message in messages for one in passed.reports(*message[2:], message.time_ms))
        reports = [] if self._uplink is None else self._uplink.reports
        at_relay_kept = list(islice(at_relay, MOST_REPORTS))
        unknown = {one.device for one in reports} - self.plant.hosts.keys()
        unused = Unused(
            self._extractor.unread, passed.strays.count, tuple(passed.strays.topics), tuple(sorted(unknown))
        )
        if not reports and (unused.unread_messages or unused.stray_messages):
            self._failures.append("the observer could read nothing of what came: is the layout right?")
        history = History(
            end_ms=self.clock.now_ms(),
            truths=self.plant.truths,
            reports=reports,
            outages=sorted(self._outages, key=lambda one: one[2:4]),
            passed=at_relay_kept,
            journals=self.plant.journals,
        )
        judgement = judge(history, self.suite.rules, self.plant.wanted)
        behind_ms = quantile(judgement.behind_ms, 0.99) or 0
        self._bound_lateness("broker or observer", behind_ms)
        evidence = [TRUTHS, *(file.name for file in records if file.exists())]
        rig = {
            "begin_ms": self.begin_ms if reports else None,
            "utc_start_ms": self.clock.utc_start_ms,
            "lateness_p99_ms": lateness_ms,
            "lateness_max_ms": worst_ms,
            "observer_p99_ms": behind_ms,
            **unused._asdict(),
            "gateway_exit_code": self._gateway_ended,
            "remarks": unused.remarks(),
        }
        if isinstance(self._extractor, SparkplugExtractor):
            rig["sequence_gaps"] = self._extractor.gaps
        further = []
        if self._ended_first is not None:
            found = f"the gateway ended with {self._ended_first} before its first report"
            further.append(Result("first_report", "one", found, met=False))
        return conclude(self.suite.name, judgement, self.suite.criteria, self._failures, evidence, rig, further)

    def _bound_lateness(self, what: str, p99_ms: float) -> None:
        if p99_ms > self.suite.rig_lateness:
            self._failures.append(f"{what} too late: p99 of {p99_ms:g} ms, over {self.suite.rig_lateness} ms")


def _cause(planned: Planned) -> Cause:
    match planned.kind, planned.target:
        case "link", link if link in DEVICE_LINKS.values():
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
    """Run a suite and leave its verdict, page and evidence in a folder, which is made. OSError: it cannot be made;
    RigError: the verdict cannot be written."""
    from hil.accept.page import write_page
    from hil.accept.verdict import write_verdict

    folder.mkdir(parents=True, exist_ok=True)
    for name in LEFT_BEHIND:  # a gateway must not go on where that of an earlier run ended
        (folder / name).unlink(missing_ok=True)
    rig = Rig(suite, folder, tell)
    try:
        verdict = await rig.run()
        write_verdict(verdict, folder)
        write_page(verdict, folder / "verdict.html")
    except OSError as error:
        raise RigError(f"{error.filename or folder}: {error.strerror or error}") from error
    return verdict
