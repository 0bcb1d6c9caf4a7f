"""`mro-twin explain`: why a customer's line was short, as a chain of causes."""

import json
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click

from mro_twin.errors import errors_told
from mro_twin.policy_files import policies_option
from mro_twin.progress import ReplicationProgress
from policies.units import MS_PER_WEEK
from sim.explain.errors import NothingShortError
from sim.explain.front import Shortages, find_shortages
from sim.explain.run_files import RunFiles
from sim.explain.stock_paths import Request
from sim.explain.wording import span


@click.command("explain")
@click.argument("run", type=click.Path(path_type=Path))
@click.argument("place", metavar="NODE/ITEM")
@click.option(
    "--at",
    metavar="TIME",
    help="The line of this time: `2026-03-01 14:00`, `26 wk`. Default: the one that waited longest.",
)
@click.option("--replication", type=click.IntRange(0), default=0, show_default=True, help="Number of the replication.")
@policies_option
@click.option("--list", "as_list", is_flag=True, help="List the short lines instead of explaining one.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def command(run: Path, place: str, at: str | None, replication: int, as_list: bool, as_json: bool) -> None:
    """Say why a line was short at NODE/ITEM in RUN: what was there, what was asked, and which order came late or why.

    RUN is a run directory, or a folder of them, whose newest is taken. The explanation follows the goods upstream: the
    order that should have helped, each of its steps against the usual time of the lane, the source if that was short
    itself, the supplier's outages and capacity. It ends with the root causes.

    At a node that no customer asks, the lines are the orders from downstream. Without the event log (`run --events`)
    the replication is simulated again first, and its orders are compared with the recorded ones. A run with policies of
    your own needs their file here, too (--policies) whenever the scenario is read again.
    """
    with errors_told():
        with ExitStack() as stack:
            try:
                found = find_shortages(run, place, replication, lambda files: _announce(files, replication, stack), at)
            except NothingShortError as answer:
                stack.close()  # the progress bar ends before the answer
                click.echo(
                    json.dumps({"stock_point": place, "short_lines": 0, "lines": []}) if as_json else str(answer)
                )
                return
        chosen = None if as_list else found.worst() if at is None else found.at(at)
        if chosen is None:
            listed = found.requests if at is None else [found.at(at)]
            _print_list(found, listed, as_json)
        else:
            _print_explanation(found, chosen, as_json)


def _announce(run: RunFiles, replication: int, stack: ExitStack) -> Callable[[], None]:
    """Say that the replication is simulated again, and show how far it is."""
    from sim.run.warm_up import is_compiled

    click.echo(f"the run kept no event log: simulating replication {replication} again ...", err=True)
    if not is_compiled():
        click.echo("first use: compiling (once, a minute or two) ...", err=True)
    progress = stack.enter_context(ReplicationProgress(what="weeks"))
    weeks, done = -(-run.manifest.horizon_ms // MS_PER_WEEK), -1

    def step() -> None:
        nonlocal done
        done = min(done + 1, weeks)
        progress(done, weeks)

    return step


def _print_explanation(found: Shortages, request: Request, as_json: bool) -> None:
    explanation = found.explain(request)
    if as_json:
        document = _heading(found) | {
            "line": _as_dict(found, request),
            "summary": explanation.summary,
            "causes": [cause.as_dict() for cause in explanation.causes],
            "explanation": explanation.tree.as_dict(),
        }
        click.echo(json.dumps(document, indent=1, allow_nan=False))
        return
    click.echo("\n".join(explanation.tree.lines()))
    click.echo(f"\n{explanation.summary}")
    count = len(found.requests)
    others = "the only short line" if count == 1 else f"one of {count:,} short lines; --list shows them all"
    click.echo(f"\n{others} at {found.place} in replication {found.replication} of {found.run.path}")


def _print_list(found: Shortages, requests: Sequence[Request], as_json: bool) -> None:
    if as_json:
        lines = [_as_dict(found, one) for one in requests]
        click.echo(json.dumps(_heading(found) | {"lines": lines}, indent=1, allow_nan=False))
        return
    end, words = found.run.manifest.horizon_ms, found.words
    for one in requests:
        if one.lost:
            outcome = f"{words.amount(one.lost)} lost"
        else:
            outcome = ("waited " if one.served_ms is not None else "still waiting after ") + span(one.wait_ms(end))
        short = f"{words.amount(one.missing)} of {words.amount(one.quantity)} short"
        click.echo(f"{words.moment(one.time_ms)}  {short}, {outcome}")


def _heading(found: Shortages) -> dict[str, Any]:
    item = found.run.items["name"].index(found.place.partition("/")[2])
    return {
        "run_directory": str(found.run.path),
        "replication": found.replication,
        "stock_point": found.place,
        "start": found.run.start.isoformat(),
        "unit": found.run.items["unit"][item],
        "natural_units": found.run.items["natural_units"][item],
        "short_lines": len(found.requests),
    }


def _as_dict(found: Shortages, request: Request) -> dict[str, Any]:
    wait = request.wait_ms(found.run.manifest.horizon_ms)
    at = found.words.date(request.time_ms).isoformat()
    return {**found.explainer.figures(request), "at": at, "missing": request.missing, "wait_ms": wait}
