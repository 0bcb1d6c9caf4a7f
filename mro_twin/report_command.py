"""`mro-twin report`: the report of a run or a comparison, made from its directory alone."""

import sys
from pathlib import Path

import click

from mro_twin.progress import ReplicationProgress

PICTURES = (".svg", ".png", ".pdf")


@click.command("report")
@click.argument("directory", metavar="[RUN]", type=click.Path(path_type=Path), default=Path("runs"))
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File to write; default: report.html in RUN. With the ending .svg, .png or .pdf: one picture of stock, "
    "service and waiting times instead of the page.",
)
@click.option("--xlsx", is_flag=True, help="Write the tables as a workbook too, beside the page with the ending .xlsx.")
@click.option("--open", "show", is_flag=True, help="Open the page in the browser.")
def command(directory: Path, output: Path | None, xlsx: bool, show: bool) -> None:
    """Write the report of RUN and print its path.

    RUN is a run or comparison directory, or a folder of them (default: runs), whose newest is taken. The page is one
    file that loads nothing from elsewhere and runs no script: it can be mailed, printed, and read on a phone. It opens
    with the answer in words and ends with assumptions, sources, seeds and versions. A run that was interrupted is
    reported as far as it is whole, and the page says so.

    In the workbook numbers are numbers; text that a spreadsheet would take for a formula begins with an apostrophe.
    """
    if output is not None and output.suffix not in (".html", *PICTURES):
        endings = ", ".join((".html", *PICTURES))
        raise click.BadParameter(f"{output}: the name must end in {endings}", param_hint="--output")
    if output is not None and output.suffix in PICTURES and (xlsx or show):
        raise click.UsageError(f"--xlsx and --open belong to the page, not to a picture ({output})")
    if output is not None and not output.parent.is_dir():
        raise click.BadParameter(f"{output}: there is no folder {output.parent}", param_hint="--output")
    for path in (written := _write(directory, output, xlsx)):
        click.echo(path)
    if show:
        click.launch(written[0].resolve().as_uri())


def report_of_run(directory: Path) -> Path:
    """Write the page of a run directory, give its path; exits with code 2 or 4 and a message when that cannot be."""
    return _write(directory, None, False)[0]


def _write(directory: Path, output: Path | None, xlsx: bool) -> list[Path]:
    """Write what was asked for. Exit code 2: `directory` is nothing that can be reported; 4: it cannot be written."""
    from reports.report import write_picture, write_report
    from reports.run_files import NoRunError

    try:
        if output is not None and output.suffix in PICTURES:
            return [write_picture(directory, output)]
        with ReplicationProgress(what="parts of the page") as progress:
            return write_report(directory, output, xlsx, progress)
    except NoRunError as error:
        click.echo(f"mro-twin: {error}", err=True)
        sys.exit(2)
    except OSError as error:
        click.echo(f"mro-twin: the report could not be written: {error}", err=True)
        sys.exit(4)
