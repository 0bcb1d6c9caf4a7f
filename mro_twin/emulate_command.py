"""`mro-twin emulate`: devices alone, with a life of their own, for a gateway or SCADA to read."""

import json
import sys
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

if TYPE_CHECKING:
    from device_emulators.emulator import TwinClock
    from device_emulators.faces.host import Host
    from device_emulators.faces.mapping import BoundMap
    from device_emulators.faces.serving import Served
    from hil.faults.alone import FaultyFaces

_FILE: Final = click.Path(path_type=Path, exists=True, dir_okay=False)
_FOLDER: Final = click.Path(path_type=Path, exists=True, file_okay=False)
MOST_DEVICES: Final = 1000


@click.command("emulate")
@click.argument("kind", metavar="[TYPE]", required=False)
@click.option("--modbus", metavar="HOST:PORT|serial", help="Serve Modbus TCP here, or RTU on serial[:PATH][@9600 8E1].")
@click.option("--opcua", metavar="URL", help="Serve OPC UA here, as opc.tcp://127.0.0.1:4840.")
@click.option("--mqtt", metavar="URL", help="Publish to this broker, as mqtt://[USER@]HOST.")
@click.option(
    "--mqtt-format", type=click.Choice(["json", "sparkplug"]), default="json", show_default=True, help="Of changes."
)
@click.option(
    "--mqtt-prefix", metavar="TEXT", default="mro-twin", show_default=True, help="Of topics; with sparkplug the group."
)
@click.option("--mqtt-primary-host", metavar="ID", default="", help="Sparkplug: speak only while it is online.")
@click.option("--mqtt-password-file", type=_FILE, metavar="FILE", help="First line: the broker's password.")
@click.option("--mqtt-ca", type=_FILE, metavar="FILE", help="Certificates that the broker's is to be signed by.")
@click.option("--count", type=click.IntRange(1, MOST_DEVICES), default=1, show_default=True, help="Devices of TYPE.")
@click.option("--rate", type=float, default=1.0, show_default=True, help="Time goes so many times as fast.")
@click.option("--seed", type=int, default=1, show_default=True, help="Of what people and devices do.")
@click.option(
    "--journal", type=click.IntRange(0, 10_000), default=256, show_default=True, help="Changes kept; 0: none."
)
@click.option("--map", "map_name", metavar="TYPE|FILE", help="Map to serve; without TYPE: print its table.")
@click.option(
    "--faults",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Fault file, for one day; links are called modbus, opcua, mqtt.",
)
@click.option(
    "--keys", type=_FOLDER, metavar="FOLDER", help="Certificate and users for OPC UA, by `mro-twin hil keys`."
)
@click.option("--insecure", is_flag=True, help="Allow OPC UA without security on addresses that others reach.")
@click.option("--json", "as_json", is_flag=True, help="Print the table, or where the devices are, as JSON.")
def command(kind: str | None, map_name: str | None, as_json: bool, **options: Any) -> None:
    """Run devices of TYPE until Ctrl-C. People draw from them, refill and repair them, by chance and --seed.

    Types: vending_machine, rfid_shelf, weighing_shelf, tank, machine, stock_point, truck_tracker, loan_lockers,
    door_sensor, station_sensor, barcode_scanner.

    Without --modbus, --opcua and --mqtt they are served by Modbus TCP on a free port of this machine. Port 0 takes a
    free port; where the devices are is printed when they are ready. Without a host in it, an address is of this machine
    alone. A broker's password may also stand in the variable MRO_TWIN_MQTT_PASSWORD.

    `mro-twin emulate --map TYPE` prints the table of registers and nodes to configure a gateway from.
    """
    from device_emulators.catalog import KINDS
    from device_emulators.faces.mapping import MapError
    from device_emulators.faces.serving import FaceError

    if kind is None and map_name is None:
        raise click.UsageError(f"name a TYPE: {', '.join(KINDS)}")
    if kind is not None and kind not in KINDS:
        raise click.UsageError(f"there is no type of device {kind!r}; there are {', '.join(KINDS)}")
    if options["mqtt_primary_host"] and (options["mqtt"] is None or options["mqtt_format"] != "sparkplug"):
        raise click.UsageError("--mqtt-primary-host goes with --mqtt and --mqtt-format sparkplug")
    try:
        bound = _bound_map(kind, map_name)
        if kind is None:
            _print_table(bound, as_json)
        else:
            _run(kind, bound, as_json, options)
    except (MapError, FaceError) as error:
        click.echo(f"mro-twin: {error}", err=True)
        sys.exit(2)
    except OSError as error:
        click.echo(f"mro-twin: {error.strerror or error}{f': {error.filename}' if error.filename else ''}", err=True)
        sys.exit(4)


def _bound_map(kind: str | None, name: str | None) -> "BoundMap":
    """The map of that name, or the type's own, for a usual device. MapError with everything that is wrong."""
    from device_emulators.catalog import KINDS
    from device_emulators.faces.map_checks import bind
    from device_emulators.faces.map_file import builtin_map, load_map
    from device_emulators.faces.mapping import MapError
    from device_emulators.faces.serving import FaceError

    wanted = name or kind or ""
    if wanted not in KINDS and not Path(wanted).exists():
        raise FaceError(f"{wanted!r} is neither a map file nor a type; types are {', '.join(KINDS)}")
    map_file = builtin_map(wanted) if wanted in KINDS else load_map(Path(wanted))
    shown = map_file.map.type
    if shown not in KINDS or (kind is not None and shown != kind):
        message = f"it is a map of {shown!r}; expected {kind or 'one of ' + ', '.join(KINDS)}"
        raise MapError((map_file.document.finding(message, ("type",)),))
    return bind(map_file, KINDS[shown].usual("any", lambda: 0.5).signals)


def _print_table(bound: "BoundMap", as_json: bool) -> None:
    from device_emulators.catalog import KINDS
    from device_emulators.faces.map_table import as_data, as_text

    number = KINDS[bound.type].number
    click.echo(json.dumps(as_data(bound, number), indent=1) if as_json else as_text(bound, number), nl=as_json)


def _run(kind: str, bound: "BoundMap", as_json: bool, options: dict[str, Any]) -> None:
    import asyncio
    from datetime import UTC, datetime

    from device_emulators.emulator import TwinClock, make_hosts
    from device_emulators.faces.serving import FaceError, Served

    hosts = make_hosts(kind, options["count"], options["seed"], options["journal"])
    try:
        clock = TwinClock(options["rate"])
    except ValueError as error:
        raise FaceError(str(error)) from None
    if options["modbus"] is None and options["opcua"] is None and options["mqtt"] is None:
        options["modbus"] = "127.0.0.1:0"
    faults = _faults(hosts, clock, options) if options["faults"] is not None else None
    served = Served(kind, tuple((host, bound) for host in hosts), datetime.now(UTC), clock)
    asyncio.run(_serve(served, clock, faults, as_json, options))


async def _serve(
    served: "Served", clock: "TwinClock", faults: "FaultyFaces | None", as_json: bool, options: dict[str, Any]
) -> None:
    """Open the faces, say where they are, and run until a signal."""
    import asyncio
    import signal

    from device_emulators.emulator import Emulator, run_until_ended

    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    signals = (signal.SIGINT, signal.SIGTERM)

    def end() -> None:
        ended.set()
        for number in signals:
            loop.remove_signal_handler(number)  # the next one ends at once

    for number in signals:
        loop.add_signal_handler(number, end)
    async with AsyncExitStack() as stack:
        emulator = Emulator(served.hosts, options["seed"], clock, faults)
        stack.callback(emulator.close)
        faces = await _open_faces(served, faults, stack, options)
        click.echo(_announcement(served, clock, faces, as_json))
        sys.stdout.flush()
        await run_until_ended(emulator, ended.wait())
    click.echo("ended", err=True)


async def _open_faces(
    served: "Served", faults: "FaultyFaces | None", stack: AsyncExitStack, options: dict[str, Any]
) -> dict[str, Any]:
    """What is served by each protocol, by its name."""
    from device_emulators.faces import serving

    opener = serving if faults is None else faults
    faces: dict[str, Any] = {}
    if options["modbus"] is not None:
        faces["modbus"] = await opener.open_modbus(served, serving.parse_modbus(options["modbus"]), stack)
    if options["opcua"] is not None:
        faces["opcua"] = await opener.open_opcua(served, options["opcua"], stack, options["keys"], options["insecure"])
    if options["mqtt"] is not None:
        settings = serving.MqttSettings(
            options["mqtt_format"] == "sparkplug",
            options["mqtt_prefix"],
            options["mqtt_password_file"],
            options["mqtt_ca"],
            primary_host=options["mqtt_primary_host"],
        )
        faces["mqtt"] = await opener.open_mqtt(served, options["mqtt"], settings, stack)
    return faces


def _announcement(served: "Served", clock: "TwinClock", faces: dict[str, Any], as_json: bool) -> str:
    names = [host.name for host in served.hosts]
    if as_json:
        devices = [{"name": name, "unit": unit} for unit, name in enumerate(names, 1)]
        data = {"type": served.name, "started": served.origin.isoformat(), "rate": clock.rate, "devices": devices}
        return json.dumps(data | faces)
    units = f" (Modbus unit{f's 1 to {len(names)}' if len(names) > 1 else ' 1'})" if "modbus" in faces else ""
    lines = [f"{', '.join(names[:3])}{f' ... {names[-1]}' if len(names) > 3 else ''}{units}"]
    for face, where in faces.items():
        if "port" in where:
            host = f"[{where['host']}]" if ":" in where["host"] else where["host"]
            lines.append(f"  {face}  {host}:{where['port']}")
        else:
            lines.append(f"  {face}  " + "  ".join(map(str, where.values())))
    return "\n".join([*lines, "Ctrl-C ends"])


def _faults(hosts: "tuple[Host, ...]", clock: "TwinClock", options: dict[str, Any]) -> "FaultyFaces":
    """What plays the fault file. FaceError with what is wrong with it."""
    from device_emulators.faces.documents import FileError
    from device_emulators.faces.serving import FaceError
    from hil.faults.alone import FaultyFaces

    faces = [face for face in ("modbus", "opcua", "mqtt") if options[face] is not None]
    try:
        return FaultyFaces(options["faults"], hosts, faces, clock)
    except FileError as error:
        raise FaceError(str(error)) from None
