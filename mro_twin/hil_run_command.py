"""`mro-twin hil run`: the twin by the wall's clock, with emulated and real devices."""

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from device_emulators.faces.documents import Document
    from hil.bridge.bridge import Bridge
    from hil.bridge.session import Session
    from hil.bridge.settings import Bench


@click.command("run")
@click.argument("scenario")
@click.option("--bench", "bench_file", type=click.Path(path_type=Path), metavar="FILE", help="Which nodes are what.")
@click.option("--bind", "bound", metavar="NODE=URL", multiple=True, help="Its stock is in a real device; repeatable.")
@click.option("--map", "maps", metavar="NODE=FILE", multiple=True, help="Map file of its real device; repeatable.")
@click.option("--keys", metavar="NODE=FOLDER", multiple=True, help="Keys for its real device by OPC UA; repeatable.")
@click.option("--read-only", metavar="NODE", multiple=True, help="Write nothing to its real device; repeatable.")
@click.option(
    "--emulate",
    "emulated",
    metavar="NODES",
    multiple=True,
    help="Serve them by emulators, as shelf-*; repeatable.",
)
@click.option("--modbus", metavar="HOST:PORT", help="Where emulated devices are served; default: a free port.")
@click.option("--opcua", metavar="URL", help="Serve them by OPC UA too, as opc.tcp://127.0.0.1:4840.")
@click.option("--mqtt", metavar="URL", help="Publish them too, as mqtt://[USER@]HOST.")
@click.option("--rate", type=float, help="Time goes so many times as fast; default: 1.")
@click.option("--lateness-bound", type=float, metavar="MS", help="p99 of lateness over which the rig is too late.")
@click.option("--for", "length", metavar="TIME", help="End after so long in the twin's time; default: the horizon.")
@click.option("--seed", type=click.IntRange(0, 2**63 - 1), help="Default: the scenario's.")
@click.option("--set", "settings", metavar="PATH=VALUE", multiple=True, help="Override a setting; may be repeated.")
@click.option("--variant", metavar="NAME", help="A variant of the scenario file; also as SCENARIO@NAME.")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("bench"),
    show_default=True,
    help="Folder for result.json and the control socket.",
)
@click.option("--json", "as_json", is_flag=True, help="Print where the devices are, and the result, as JSON.")
def command(scenario: str, bench_file: Path | None, as_json: bool, **options: Any) -> None:
    """Run SCENARIO from now on by the wall's clock until --for, its horizon, Ctrl-C, or `mro-twin hil ctl stop`.

    Nodes are simulated, emulated or hardware as the scenario says (`mode`), then the bench file, then --emulate and
    --bind.

    Exit code 0: done, 2: bad input, 3: the books do not close, 4: the rig failed or was too late, or a real device
    was never read.
    """
    from device_emulators.faces.documents import FileError
    from device_emulators.faces.serving import FaceError
    from hil.bridge.bridge import SwitchError
    from mro_twin.errors import errors_told

    try:
        with errors_told():
            result = _run(_session(scenario, bench_file, options), as_json)
    except (FileError, FaceError, SwitchError, ValueError) as error:
        click.echo(f"mro-twin: {error}", err=True)
        sys.exit(2)
    except OSError as error:
        click.echo(f"mro-twin: {error.strerror or error}{f': {error.filename}' if error.filename else ''}", err=True)
        sys.exit(4)
    _print(result, options["out"], as_json)
    problems = {one["device"]: one["problem"] for node in result["nodes"].values() for one in node["devices"]}
    for device in result["never_taken"]:
        why = problems.get(device)
        click.echo(f"mro-twin: {device} was never read{f': {why}' if why else ''}", err=True)
    sys.exit(4 if result["lateness"]["too_late"] or result["never_taken"] else 0)


def _bench(file: Path | None, names: Sequence[str], options: dict[str, Any]) -> "Bench":
    """The bench file, with what the command line says besides. FileError, ValueError."""
    from pydantic import ValidationError

    from device_emulators.faces.documents import Document
    from hil.bridge.settings import Bench, read_bench

    bench = Bench() if file is None else read_bench(file, names)
    document = Document("", bench.model_dump())
    _add_nodes(document, options)
    given = {
        "modbus": "modbus",
        "opcua": "opcua",
        "mqtt": "mqtt",
        "rate": "rate",
        "lateness_bound": "lateness_bound_ms",
    }
    for name, key in given.items():
        if options[name] is not None:
            document.data[key] = options[name]
            document.sources[(key,)] = f"--{name.replace('_', '-')}"
    try:
        return Bench.model_validate(document.data)
    except ValidationError as error:
        raise ValueError("; ".join(str(finding) for finding in document.refused_by(error))) from None


def _add_nodes(document: "Document", options: dict[str, Any]) -> None:
    """What the command line says of nodes. UsageError: it says two things of one, or something of one that is not
    real."""
    from sim.scenario.expand import matching

    nodes: dict[str, Any] = document.data["nodes"]
    bound: list[str] = []
    for node, url in _pairs("bind", options["bound"], "URL, as in vending=modbus://HOST:502/1"):
        if node in bound:
            raise click.UsageError(f"--bind {node}: given twice; a node is in one place")
        bound.append(node)
        nodes[node] = {"mode": "hardware", "url": url}
        document.sources["nodes", node, "url"] = f"--bind {node}"
    if both := matching(options["emulated"], bound):
        raise click.UsageError(f"{both[0]}: either --emulate or --bind, not both")
    read_only = [("levels", "--read-only", node, False) for node in options["read_only"]]
    maps = [("map", "--map", *pair) for pair in _pairs("map", options["maps"], "FILE")]
    keys = [("keys", "--keys", *pair) for pair in _pairs("keys", options["keys"], "FOLDER")]
    for name, option, node, value in (*maps, *keys, *read_only):
        if nodes.get(node, {}).get("mode") != "hardware":
            raise click.UsageError(f"{option} {node}: it is not real; bind it, as in --bind {node}=modbus://HOST:502/1")
        nodes[node][name] = value
    nodes |= {node: {"mode": "emulated"} for node in options["emulated"]}


def _pairs(option: str, texts: tuple[str, ...], expected: str) -> Iterator[tuple[str, str]]:
    """What is said of nodes, as NODE=... each."""
    for text in texts:
        node, equals, said = text.partition("=")
        if not (node and equals and said):
            raise click.UsageError(f"--{option} {text!r}: expected NODE={expected}")
        yield node, said


def _session(name: str, bench_file: Path | None, options: dict[str, Any]) -> "Session":
    """ScenarioError, FileError, ValueError."""
    from hil.bridge.session import Session, now
    from hil.bridge.settings import with_modes
    from policies.units import parse_duration
    from sim.run.simulation import network_of
    from sim.scenario import load_scenario
    from sim.scenario.locate import locate_scenario

    origin = now()
    path, named = locate_scenario(name)
    start = origin.replace(tzinfo=None).isoformat()
    scenario = load_scenario(path, [f"start={start}", "warm_up=0", *options["settings"]], options["variant"] or named)
    bench = _bench(bench_file, [*scenario.nodes, *scenario.trucks], options)
    end_ms = None if options["length"] is None else parse_duration(options["length"])
    seed = scenario.experiment.seed if options["seed"] is None else options["seed"]
    return Session(network_of(scenario), with_modes(bench, scenario), seed, origin, options["out"], end_ms)


def _run(session: "Session", as_json: bool) -> dict[str, Any]:
    import asyncio
    import signal

    from hil.bridge.session import run_session

    def started(bridge: "Bridge", faces: dict[str, Any]) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, bridge.stop)
        if as_json:
            click.echo(json.dumps({"started": session.origin.isoformat(), "rate": session.bench.rate} | faces))
        else:
            click.echo(f"{session.network.name} runs since {session.origin.isoformat()}; Ctrl-C ends")
            if "modbus" in faces:
                where = faces["modbus"]
                click.echo(f"  modbus  {where['host']}:{where['port']}")
                for device, unit in where["units"].items():
                    click.echo(f"    unit {unit}  {device}")
            if "opcua" in faces:
                click.echo(f"  opcua  {faces['opcua']['url']}")
        sys.stdout.flush()

    return asyncio.run(run_session(session, started, lambda line: click.echo(line, err=True)))


def _print(result: dict[str, Any], out: Path, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(result))
        return
    late = result["lateness"]
    click.echo(
        f"{result['verdict']}: {late['events']:,} events, p99 {late['p99_ms']:g} ms, worst {late['worst_ms']:g} ms"
    )
    kpis = {name: one["value"] for name, one in result["kpis"].items()}
    if kpis.get("demand_lines"):
        click.echo(f"{kpis['demand_lines']:,.0f} lines of demand, {kpis['line_fill_rate']:.1%} met in full at once")
    click.echo(f"{len(result['draws'])} draws from outside, {len(result['adjustments'])} adjustments")
    for one in result["adjustments"][:20]:
        click.echo(f"  {one['node']}/{one['item']}: {one['units']:+d} ({one['cause']})")
    click.echo(f"see {out / 'result.json'}")
