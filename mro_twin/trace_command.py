"""`mro-twin trace`: where every unit of a lot came from and went."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import click

from mro_twin.errors import errors_told
from sim.trace.front import LotLine, Tracing, open_trace
from sim.trace.story import LotStory, Movement

_SHOWN: Final = 40  # movements or lots in text, unless all are asked for


@click.command("trace")
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--lot", metavar="LOT", help="Number of the lot, or of its certificate.")
@click.option("--item", metavar="ITEM", help="Only lots of this item.")
@click.option("--node", metavar="NODE", help="Only lots that ever were at this node.")
@click.option("--person", metavar="PERSON", help="What this person drew: name or number.")
@click.option("--machine", metavar="MACHINE", help="What was drawn for this machine: name or number.")
@click.option("--list", "as_list", is_flag=True, help="List the lots; so does a call that names none.")
@click.option("--all", "whole", is_flag=True, help=f"Print every line, not the first {_SHOWN} only.")
@click.option("--replication", type=click.IntRange(0), default=0, show_default=True, help="Number of the replication.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def command(
    run: Path,
    lot: str | None,
    item: str | None,
    node: str | None,
    person: str | None,
    machine: str | None,
    as_list: bool,
    whole: bool,
    replication: int,
    as_json: bool,
) -> None:
    """Say where every unit of a lot in RUN came from and went.

    RUN is a run directory, or a folder of them, whose newest is taken. A lot begins when goods of an item with tracked
    lots (`lots: fifo` or `fefo`) come in from outside. Its story names the order and the supplier, the certificate,
    every move between nodes, and at devices everybody who took something, with machine and work order. It ends with
    where all units are or went; the units add up to the lot's quantity. Elsewhere than at devices customers have no
    names: what they got is the rest, and it is checked against all that the node has issued.

    Without --lot the lots are listed. Exit code 3: the records do not account for every unit of every lot.
    """
    if lot is not None and (person or machine or as_list):
        raise click.UsageError("--lot goes with neither --person, --machine nor --list")
    if (person or machine) and (as_list or item or node):
        raise click.UsageError("--person and --machine go without --list, --item and --node")
    with errors_told():
        trace = open_trace(run, replication)
        if person or machine:
            _print_draws(trace, trace.drawn_by(person, machine), as_json, whole)
        elif lot is None:
            _print_list(trace, trace.lots(item, node), as_json, whole)
        else:
            _print_story(trace, trace.lot(lot, item, node), as_json, whole)


# --- one lot ----------------------------------------------------------------------------------------------------------
def _print_story(trace: Tracing, story: LotStory, as_json: bool, whole: bool) -> None:
    certificate = trace.certificate(story.item, story.lot, story.received_ms)
    if as_json:
        document = _heading(trace) | _lot_head(trace, story.lot, story.item, story.received_ms, story.expires_ms)
        document |= {
            "quantity": story.quantity,
            "movements": [_movement_as_dict(trace, one) for one in story.movements],
            "ends": [_places(trace, asdict(one)) for one in story.ends],
        }
        click.echo(json.dumps(document, indent=1, allow_nan=False))
        return
    words, name = trace.words(story.item), trace.item_name(story.item)
    click.echo(f"lot {story.lot} of {name}: {words.amount(story.quantity)}{_dates(trace, story)}")
    if certificate:
        click.echo(f"certificate {certificate}")
    click.echo("\nwhat happened")
    lines = [f"  {_told(trace, story.item, one)}" for one in story.movements]
    _echo_some(lines, whole)
    click.echo("\nwhere all of it is or went")
    for end in story.ends:
        place = "" if end.point < 0 else f" at {trace.run.node_name(end.point)}"
        if end.source >= 0:
            place = f" from {trace.run.node_name(end.source)} to {trace.run.node_name(end.point)}"
        click.echo(f"  {words.amount(end.quantity):>12}  {end.what}{place}")
    total = sum(end.quantity for end in story.ends)
    click.echo(f"  {words.amount(total):>12}  in all: every unit of the lot, once")


def _dates(trace: Tracing, story: LotStory) -> str:
    if story.expires_ms < 0:
        return ", no expiry"
    return f", expires {trace.words(story.item).moment(story.expires_ms)}"


def _told(trace: Tracing, item: int, one: Movement) -> str:
    """A movement as a line of text."""
    words, node = trace.words(item), trace.run.node_name
    text = f"{words.moment(one.time_ms)}  {words.amount(one.quantity)} {one.what}"
    if one.what == "moved":
        return f"{text} from {node(one.source)} to {node(one.point)}"
    text += f" at {node(one.point)}"
    if one.source >= 0:
        text += f" from {node(one.source)}"
    if one.what in ("received", "rejected by inspection") and one.reference >= 0:
        text += f", order {one.reference}"
    details = [
        name
        for name in (_name(trace.person_names, one.person), _name(trace.machine_names, one.machine))
        if name is not None
    ]
    if one.work_order >= 0:
        details.append(f"work order {one.work_order}")
    return f"{text} ({', '.join(details)})" if details else text


# --- lists ------------------------------------------------------------------------------------------------------------
def _print_list(trace: Tracing, lots: Sequence[LotLine], as_json: bool, whole: bool) -> None:
    if as_json:
        rows = [
            _lot_head(trace, one.lot, one.item, one.received_ms, one.expires_ms)
            | {"node": trace.run.node_name(one.point), "quantity": one.quantity}
            | {"on_shelf": one.on_shelf, "under_way": one.under_way}
            for one in lots
        ]
        click.echo(json.dumps(_heading(trace) | {"lots": rows}, indent=1, allow_nan=False))
        return
    lines = []
    for one in lots:
        words = trace.words(one.item)
        left = f"{words.amount(one.on_shelf)} on shelves, {words.amount(one.under_way)} under way at the end"
        head = f"lot {one.lot}  {trace.item_name(one.item)}  {words.moment(one.received_ms)}"
        text = f"{head}  {words.amount(one.quantity)} at {trace.run.node_name(one.point)}, {left}"
        certificate = trace.certificate(one.item, one.lot, one.received_ms)
        lines.append(f"{text}, certificate {certificate}" if certificate else text)
    _echo_some(lines, whole)
    if not lots:
        click.echo("no lots; give items `lots: fifo` or `lots: fefo` to have their lots tracked")


def _print_draws(trace: Tracing, draws: Sequence[tuple[int, int, Movement]], as_json: bool, whole: bool) -> None:
    if as_json:
        rows = [
            {"item": trace.item_name(item), "lot": lot if lot >= 0 else None} | _movement_as_dict(trace, one)
            for item, lot, one in draws
        ]
        click.echo(json.dumps(_heading(trace) | {"draws": rows}, indent=1, allow_nan=False))
        return
    lines = []
    for item, lot, one in draws:
        of_lot = f", lot {lot}" if lot >= 0 else ""
        lines.append(f"{_told(trace, item, one)}: {trace.item_name(item)}{of_lot}")
    _echo_some(lines, whole)
    if not draws:
        click.echo("nothing was drawn")


def _echo_some(lines: Sequence[str], whole: bool) -> None:
    shown = lines if whole else lines[:_SHOWN]
    for line in shown:
        click.echo(line)
    if len(shown) < len(lines):
        click.echo(f"  ... and {len(lines) - len(shown):,} more; --all prints them, --json too")


# --- data -------------------------------------------------------------------------------------------------------------
def _heading(trace: Tracing) -> dict[str, Any]:
    return {
        "run_directory": str(trace.run.path),
        "replication": trace.replication,
        "start": trace.run.start.isoformat(),
    }


def _lot_head(trace: Tracing, lot: int, item: int, received_ms: int, expires_ms: int) -> dict[str, Any]:
    date = trace.words(item).date
    return {
        "lot": lot,
        "item": trace.item_name(item),
        "unit": trace.run.items["unit"][item],
        "natural_units": trace.run.items["natural_units"][item],
        "received": date(received_ms).isoformat(),
        "expires": date(expires_ms).isoformat() if expires_ms >= 0 else None,
        "certificate": trace.certificate(item, lot, received_ms),
    }


def _movement_as_dict(trace: Tracing, one: Movement) -> dict[str, Any]:
    data = _places(trace, asdict(one)) | {"at": trace.words(0).date(one.time_ms).isoformat()}
    data["person"] = _name(trace.person_names, one.person)
    data["machine"] = _name(trace.machine_names, one.machine)
    for name in ("work_order", "reference"):
        data[name] = data[name] if data[name] >= 0 else None
    return data


def _places(trace: Tracing, data: dict[str, Any]) -> dict[str, Any]:
    """With the names of nodes instead of the numbers of stock points; None for none."""
    point, source = data.pop("point"), data.pop("source")
    names = [trace.run.node_name(one) if one >= 0 else None for one in (point, source)]
    return data | {"node": names[0], "from": names[1]}


def _name(names: Sequence[str], number: int) -> str | None:
    """The name of a person or machine; its number where the run has no names, None for nobody."""
    if number < 0:
        return None
    return names[number] if number < len(names) else f"number {number}"
