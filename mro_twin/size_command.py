"""`mro-twin size`: which devices, stock levels and visits a customer's pilot needs, and what both sides earn."""

import json
import sys
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mro_twin.errors import errors_told
from mro_twin.progress import ReplicationProgress
from mro_twin.run_command import announce_compilation

if TYPE_CHECKING:
    from reports.proposal_words import Language
    from sim.size.run import SizeOptions
    from sim.size.study import Study


@click.command("size")
@click.argument("scenario")
@click.option("--set", "settings", metavar="PATH=VALUE", multiple=True, help="Override a setting; may be repeated.")
@click.option("--seed", type=click.IntRange(0, 2**62), help="Seed of all that is simulated; default: the scenario's.")
@click.option("-j", "--workers", type=click.IntRange(1), default=1, show_default=True, help="Processes.")
@click.option("--quick", is_flag=True, help="Fewer replications: a first look in a third of the time.")
@click.option("--xlsx", type=click.Path(dir_okay=False, path_type=Path), help="Write the tables to this workbook.")
@click.option(
    "--proposal",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write an offer of two pages to this HTML file: for the customer, without the supplier's costs and margin.",
)
@click.option("--lang", type=click.Choice(["en", "zh"]), default="en", show_default=True, help="Language of the offer.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def command(
    scenario: str,
    settings: tuple[str, ...],
    seed: int | None,
    workers: int,
    quick: bool,
    xlsx: Path | None,
    proposal: Path | None,
    lang: str,
    as_json: bool,
) -> None:
    """Find devices, slots, par levels and visits that keep the promise of SCENARIO's section `sizing` at least cost.

    Formulas find designs worth a closer look; the twin simulates them under common random numbers, and statistics
    decide which is the cheapest that keeps the promise with the stated probability. Then: two alternatives, margin and
    capital of the supplier, saving of the customer, what a pilot of this length can prove, sensitivity, tiers, prices.
    docs/sizing.md explains the section and the method.

    Exit codes: 0 a design was found; 1 no design of the catalogue is shown to keep the promise, and no offer is
    written; 2 bad input.
    """
    from sim.size.run import SizeOptions

    _check_writable("--xlsx", xlsx, (".xlsx",))
    _check_writable("--proposal", proposal, (".html", ".htm"))
    with errors_told():
        study = _sized(scenario, settings, SizeOptions(seed, workers, quick))
        if xlsx is not None:
            _write_workbook(study, xlsx)
        if proposal is not None:
            _write_proposal(study, proposal, "zh" if lang == "zh" else "en")
    _print(study, as_json)
    sys.exit(0 if study.recommended is not None else 1)


def _check_writable(option: str, path: Path | None, endings: tuple[str, ...]) -> None:
    """Before minutes of simulation: whether the file has the right ending and its folder is there."""
    if path is None:
        return
    if path.suffix.lower() not in endings:
        raise click.BadParameter(f"{path}: the name must end in {endings[0]}", param_hint=option)
    if not path.parent.is_dir():
        raise click.BadParameter(f"{path}: there is no folder {path.parent}", param_hint=option)


def _sized(scenario: str, settings: tuple[str, ...], options: "SizeOptions") -> "Study":
    from mro_twin.run_command import load
    from sim.size.run import size_pilot

    loaded = load(scenario, settings, None)
    announce_compilation()
    with ReplicationProgress() as progress:
        return size_pilot(loaded, options, progress, lambda text: click.echo(f"{text} ...", err=True))


def _write_workbook(study: "Study", path: Path) -> None:
    from reports.workbook import tables_workbook
    from sim.size.tables import sentences, sheets

    tables = [(sheet.title, [one.name for one in sheet.columns], sheet.rows) for sheet in sheets(study)]
    _write(path, tables_workbook(sentences(study), tables))
    click.echo(f"tables: {path}", err=True)


def _write_proposal(study: "Study", path: Path, language: "Language") -> None:
    """The offer; where no design was found there is nothing to offer, and stderr says so."""
    if study.recommended is None:
        click.echo(f"no offer was written to {path}: no design is shown to keep the promise", err=True)
        return
    from reports.proposal import proposal_page
    from sim.size.offer import customer_offer

    offer = customer_offer(study)
    _write(path, proposal_page(asdict(offer), language, date.today()).encode())
    click.echo(f"offer: {path}", err=True)
    if offer.recommended.saving < 0:
        click.echo(
            "look at it before you hand it over: with this fee the customer loses money, and it says so", err=True
        )


def _write(path: Path, content: bytes) -> None:
    from sim.errors import TwinError

    try:
        path.write_bytes(content)
    except OSError as error:
        raise TwinError(f"{path} cannot be written: {(error.strerror or 'unknown reason').lower()}") from None


def _print(study: "Study", as_json: bool) -> None:
    if as_json:
        from sim.compare.directory import finite
        from sim.size.tables import document

        click.echo(json.dumps(finite(document(study)), indent=1, allow_nan=False, default=str))
        return
    from mro_twin.size_table import print_study

    print_study(study)
