"""`mro-twin hil accept`: runs an acceptance suite on a gateway and gives the verdict."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from hil.accept.suite import Suite
    from hil.accept.verdict import Verdict


@click.command("accept")
@click.argument("suite")
@click.option("--set", "settings", metavar="PATH=VALUE", multiple=True, help="Override a setting; may be repeated.")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("acceptance"),
    show_default=True,
    help="Folder for the verdict (JSON, JUnit XML, page) and the evidence; files there are replaced.",
)
@click.option(
    "--scenario",
    metavar="SCENARIO",
    help="The plant instead of the suite's: a file, or a built-in one's name.",
)
@click.option("--check", is_flag=True, help="Only say whether the suite is good.")
@click.option("--json", "as_json", is_flag=True, help="Print the verdict as JSON.")
def command(suite: str, settings: tuple[str, ...], out: Path, scenario: str | None, check: bool, as_json: bool) -> None:
    """Run the acceptance SUITE, a YAML file or one of those that come along: smoke, outages, soak.

    The plant is a handful of devices with people at each of them, or with --scenario a twin: mro-twin hil accept
    smoke --scenario hil.

    Exit code 0: passed, 1: a criterion was missed, 2: the suite is bad, 4: the rig itself failed, 130: interrupted.
    """
    from hil.accept.suite_file import missing_program

    read = _read(suite, settings, scenario)
    if check:
        click.echo(f"{suite} is good")
        return
    if (missing := missing_program(read)) is not None:
        click.echo(f"{suite}: gateway.command: there is no program {missing!r}", err=True)
        sys.exit(2)
    verdict = _run(read, out)
    if as_json:
        click.echo(json.dumps(verdict.as_dict(), indent=2, ensure_ascii=False))
    else:
        _print(verdict, out)
    sys.exit(verdict.exit_code)


def _read(name: str, settings: tuple[str, ...], scenario: str | None) -> "Suite":
    from device_emulators.faces.documents import FileError
    from hil.accept.suite_file import read_suite
    from hil.suites import suite_file, suite_names

    file = suite_file(name) if name in suite_names() else Path(name)
    try:
        return read_suite(file, settings, scenario)
    except FileError as error:
        click.echo(str(error), err=True)
        if not file.exists():
            click.echo(f"suites that come along: {', '.join(suite_names())}", err=True)
        sys.exit(2)


def _run(suite: "Suite", out: Path) -> "Verdict":
    import asyncio

    from hil.accept.processes import RigError

    try:
        return asyncio.run(_until_asked(suite, out))
    except OSError as error:
        click.echo(f"{out}: {error.strerror or error}", err=True)
        sys.exit(2)
    except RigError as error:
        click.echo(f"the rig failed: {error}", err=True)
    except asyncio.CancelledError:
        click.echo("interrupted: there is no verdict", err=True)
        sys.exit(130)
    sys.exit(4)


async def _until_asked(suite: "Suite", out: Path) -> "Verdict":
    """Run the suite, or end in order at SIGTERM and Ctrl-C: the gateway and the broker must not outlive the rig."""
    import asyncio
    import signal

    from hil.accept.rig import accept

    task = asyncio.current_task()
    assert task is not None
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    return await accept(suite, out, lambda text: click.echo(text, err=True))


def _printable(text: str) -> str:
    """What came over the network is not to steer the terminal."""
    return "".join(one if one.isprintable() else "?" for one in text)


def _print(verdict: "Verdict", out: Path) -> None:
    data: dict[str, Any] = verdict.as_dict()
    for failure in verdict.rig_failures:
        click.echo(f"the rig failed: {failure}")
    for remark in data["rig"].get("remarks", ()):
        click.echo(f"remark: {_printable(remark)}")
    if (code := data["rig"].get("gateway_exit_code")) is not None:
        click.echo(f"the gateway ended by itself with {code}; see {out / 'gateway.log'}")
    if verdict.rig_failures:
        click.echo(f"{verdict.outcome.value}: this says nothing about the gateway; see {out / 'verdict.html'}")
        return
    for result in verdict.results:
        mark = "met   " if result.met else "MISSED"
        click.echo(f"{mark}  {result.name}: wanted {result.wanted}, found {result.found}")
    for loss in data["losses"][:20]:
        span = f"numbers {loss['from_number']} to {loss['to_number']}"
        click.echo(
            f"{loss['device']}: {span} ({loss['changes']} changes of {', '.join(loss['signals'])}) {loss['reason']}"
        )
    if len(data["losses"]) > 20:
        click.echo(f"... and {len(data['losses']) - 20} more intervals in {out / 'verdict.json'}")
    click.echo(f"{verdict.outcome.value}; see {out / 'verdict.html'}")
