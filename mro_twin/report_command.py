"""`mro-twin report`: a picture of a run, made from its directory alone."""

import sys
from pathlib import Path

import click

ENDINGS = (".svg", ".png", ".pdf")


@click.command("report")
@click.argument("run", type=click.Path(path_type=Path), default=Path("runs"))
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File to write: .svg, .png or .pdf; default: report.svg in the run directory.",
)
def command(run: Path, output: Path | None) -> None:
    """Draw stock, service and waiting times of RUN and print the path of the picture.

    RUN is a run directory, or a folder of them (default: runs), whose newest is taken.
    """
    if output is not None and output.suffix not in ENDINGS:
        raise click.BadParameter(f"{output}: the name must end in {', '.join(ENDINGS)}", param_hint="--output")
    from reports.page import write_page
    from reports.run_files import NoRunError, RunFiles

    try:
        files = RunFiles.open(run)
        target = output or files.path / "report.svg"
        write_page(files, target)
    except NoRunError as error:
        click.echo(f"mro-twin: {error}", err=True)
        sys.exit(2)
    except OSError as error:
        click.echo(f"mro-twin: the picture could not be written: {error}", err=True)
        sys.exit(4)
    click.echo(target)
