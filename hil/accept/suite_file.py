"""Reads a suite: its file, what is laid over it, and what only the whole of it shows to be wrong."""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from device_emulators.catalog import KINDS
from device_emulators.faces.documents import Document, FileError, FileFinding, Path_, checked, read_document
from device_emulators.signals import Signal
from hil.accept.suite import MOST_DEVICES, DeviceEntry, Suite
from hil.faults.kinds import OF_MODBUS
from hil.faults.model import check_targets
from hil.faults.plan import make_plan
from hil.overrides import override


def read_suite(file: Path, settings: Sequence[str] = (), scenario: str | None = None) -> Suite:
    """A suite, with `settings` (PATH=VALUE) laid over it; `scenario` (a file, or the name of a built-in one) takes the
    place of its plant. FileError with everything that is wrong with it."""
    document = read_document(file)
    if scenario is not None and isinstance(document.data, dict):
        given = document.data.pop("scenario", None)
        document.data.pop("devices", None)
        document.data["scenario"] = (given if isinstance(given, dict) else {}) | {"file": _absolute(scenario, Path())}
    override(document, settings)
    plants = [key for key in ("devices", "scenario") if isinstance(document.data, dict) and document.data.get(key)]
    wrong = [] if len(plants) == 1 else [document.finding(_PLANTS[len(plants)])]
    try:
        suite = checked(Suite, document)
    except FileError as error:
        raise FileError([*error.findings, *wrong]) from None
    if wrong:
        raise FileError(wrong)
    suite = _with_command(suite, file.parent)
    try:
        suite, signals = with_devices(suite, file.parent)
    except FileError as error:
        raise FileError([document.finding(one.message, ("scenario", "file")) for one in error.findings]) from None
    document.refuse(_findings(suite, document, signals))
    return suite


_PLANTS: Final = {
    0: "say what the plant is: `devices`, or a `scenario`",
    2: "the plant is either `devices` or a `scenario`, and both are there",
}
Signals = dict[str, list[str]]


def with_devices(suite: Suite, folder: Path = Path()) -> tuple[Suite, Signals]:
    """A suite with the devices of its scenario, if it has one, whose path is relative to `folder`; and the readable
    signals of all devices by name. FileError: the scenario cannot be used."""
    if suite.scenario is None:
        usual = {one.name: KINDS[one.type].usual(one.name, lambda: 0.5) for one in suite.devices}
        return suite, {name: _readable(usual[one.name].signals) for one in suite.devices for name in one.names}
    entry = suite.scenario.model_copy(update={"file": _absolute(suite.scenario.file, folder)})
    suite = suite.model_copy(update={"scenario": entry})
    from hil.bridge.emulated_plant import PlantError

    try:
        hosts = suite.scenario_plant().hosts()
    except PlantError as error:
        raise FileError([FileFinding(one, "scenario.file") for one in error.findings]) from None
    devices = tuple(
        DeviceEntry(name=name, type=host.kind, protocol=entry.protocol, journal=entry.journal)
        for name, host in hosts.items()
    )
    signals = {name: _readable(host.signals) for name, host in hosts.items()}
    return suite.model_copy(update={"devices": devices}), signals


def _with_command(suite: Suite, folder: Path) -> Suite:
    """A gateway that lies in the suite's folder, by its whole path."""
    gateway = suite.gateway
    if gateway is None or not (program := folder / gateway.command[0]).is_file():
        return suite
    command = (str(program.absolute()), *gateway.command[1:])
    return suite.model_copy(update={"gateway": gateway.model_copy(update={"command": command})})


def missing_program(suite: Suite) -> str | None:
    """The program of the gateway's command that cannot be found on this machine; None: all is well."""
    if suite.gateway is None or "{" in (program := suite.gateway.command[0]):
        return None
    return program if shutil.which(program, path=suite.gateway.environment.get("PATH")) is None else None


def _absolute(scenario: str, folder: Path) -> str:
    """A file in `folder` by its whole path; otherwise it is the name of a built-in scenario. Either with @variant."""
    name, at, variant = scenario.partition("@")
    return f"{(folder / name).absolute()}{at}{variant}" if (folder / name).is_file() else scenario


def _readable(signals: Mapping[str, Signal]) -> list[str]:
    return [name for name, signal in signals.items() if signal.readable]


def _findings(suite: Suite, document: Document, signals: Signals) -> list[tuple[str, Path_]]:
    """What only the whole shows: names given twice, signals and targets that are not there."""
    findings: list[tuple[str, Path_]] = []
    seen: set[str] = set()
    for index, entry in enumerate(suite.devices):
        for name in entry.names:
            if name in seen:
                findings.append((f"the device {name!r} is given twice", ("devices", index, "name")))
            seen.add(name)
        readable = signals[entry.names[0]]
        for place, signal in enumerate(entry.signals):
            if signal not in readable:
                known = ", ".join(readable)
                findings.append((f"has no signal {signal!r}; it has {known}", ("devices", index, "signals", place)))
    if len(seen) > MOST_DEVICES:
        findings.append((f"{len(seen)} devices are too many; a port has {MOST_DEVICES} at most", ("devices",)))
    findings += check_targets(suite.faults, document, ("faults",), suite.links, signals)
    return findings + _process_findings(suite) + _protocol_findings(suite)


def _protocol_findings(suite: Suite) -> list[tuple[str, Path_]]:
    over_modbus = {name for entry in suite.devices if entry.protocol == "modbus" for name in entry.names}
    return [
        (f"{entry.fault.name} is a fault of answers over Modbus", ("faults", "faults", index, "fault"))
        for index, entry in enumerate(suite.faults.faults)
        if isinstance(entry.fault, OF_MODBUS) and entry.device not in (over_modbus | {"*"} if over_modbus else ())
    ]


def _process_findings(suite: Suite) -> list[tuple[str, Path_]]:
    findings: list[tuple[str, Path_]] = []
    ours: dict[str, Any] = {
        "gateway": suite.gateway is not None,
        "broker": suite.broker.kind != "url" and suite.observer.http is None,
    }
    for index, entry in enumerate(suite.faults.faults):
        if entry.process is not None and not ours[entry.process]:
            findings.append((f"the rig does not run the {entry.process}", ("faults", "faults", index, "process")))
    if not make_plan(suite.faults, suite.duration) and suite.faults.faults:
        findings.append(("no fault begins before the run ends", ("faults",)))
    return findings
