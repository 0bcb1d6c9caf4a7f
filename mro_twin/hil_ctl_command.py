"""`mro-twin hil ctl`: tells a running `mro-twin hil run` something."""

import json
import sys
from pathlib import Path
from typing import Any

import click

_PATH = click.Path(path_type=Path)
FOLDER = click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("bench"),
    show_default=True,
    help="Folder of the run.",
)


@click.group("ctl")
def command() -> None:
    """Ask or tell a run of `mro-twin hil run`."""


def ask_or_exit(folder: Path, request: dict[str, Any]) -> Any:
    """The run's answer; exit code 2 when it refuses, or when there is no run."""
    import asyncio

    from hil.bridge.control import ControlError, ask

    try:
        return asyncio.run(ask(folder, request))
    except ControlError as error:
        click.echo(f"mro-twin: {error}", err=True)
        sys.exit(2)


@command.command("status")
@FOLDER
def status(out: Path) -> None:
    """Print time, rate, lateness and nodes as JSON."""
    click.echo(json.dumps(ask_or_exit(out, {"do": "status"}), indent=1))


@command.command("switch")
@click.argument("node")
@click.argument("mode", type=click.Choice(["simulated", "emulated", "hardware"]))
@click.argument("url", required=False, default="")
@click.option("--map", "map_file", type=_PATH, metavar="FILE", help="Map file of the device.")
@click.option("--keys", type=_PATH, metavar="FOLDER", help="Keys for a device by OPC UA.")
@click.option("--read-only", is_flag=True, help="Write nothing to the device.")
@FOLDER
def switch(
    node: str, mode: str, url: str, map_file: Path | None, keys: Path | None, read_only: bool, out: Path
) -> None:
    """Bring NODE into MODE; hardware needs the URL of its device."""
    if (mode == "hardware") != bool(url):
        raise click.UsageError("hardware, and nothing else, needs the URL of its device, as modbus://HOST:502/1")
    request: dict[str, Any] = {"do": "switch", "node": node, "mode": mode, "url": url, "levels": not read_only}
    paths = {"map": map_file, "keys": keys}
    request |= {name: str(path.absolute()) for name, path in paths.items() if path is not None}
    answer = ask_or_exit(out, request)
    found = answer["nodes"][node]
    click.echo(f"{node}: {found['mode']}{'' if found['taken'] else ' (not taken yet)'}")
    for device in found["devices"]:
        for line in [device["problem"]] if device["problem"] and not device["taken"] else []:
            click.echo(f"  {device['device']}: {line}")


@command.command("rate")
@click.argument("rate", type=float)
@FOLDER
def rate(rate: float, out: Path) -> None:
    """Let time go RATE times as fast."""
    answer = ask_or_exit(out, {"do": "rate", "rate": rate})
    click.echo(f"rate {answer['rate']:g}")


@command.command("stop")
@FOLDER
def stop(out: Path) -> None:
    """End the run; it writes its result."""
    ask_or_exit(out, {"do": "stop"})
