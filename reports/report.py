"""The front door: writes the report of whatever directory it is given, as a page and as a workbook."""

from pathlib import Path

from reports.comparison_files import ComparisonFiles, is_comparison
from reports.render import Progress, no_progress
from reports.run_files import NoRunError, RunFiles, newest

PAGE = "report.html"


def write_report(
    path: Path, output: Path | None = None, xlsx: bool = False, progress: Progress = no_progress
) -> list[Path]:
    """Write the page of a run or comparison, and with `xlsx` its workbook beside it; give the paths written.

    Args:
        path: a run or comparison directory, or a folder of them, whose newest is taken.
        output: the page's file; default: report.html in the directory.
        xlsx: write the tables too, into a file of the same name that ends in .xlsx.
        progress: called with the parts of the page that are made, and how many there are.

    NoRunError says what is wrong with the directory; nothing is written then. OSError as the file system says.
    """
    folder = newest(path)
    target = output or folder / PAGE
    contents: dict[Path, bytes] = {}
    try:
        if is_comparison(folder):
            from reports.comparison_report import comparison_page
            from reports.workbook import comparison_workbook

            comparison = ComparisonFiles.open(folder)
            contents[target] = comparison_page(comparison, progress).encode()
            if xlsx:
                contents[target.with_suffix(".xlsx")] = comparison_workbook(comparison)
        else:
            from reports.run_report import run_page
            from reports.workbook import run_workbook

            run = RunFiles.open(folder)
            contents[target] = run_page(run, progress).encode()
            if xlsx:
                contents[target.with_suffix(".xlsx")] = run_workbook(run)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        # the directory comes from outside; whatever its tables hold, the answer is a message and no stack trace
        raise NoRunError(f"{folder} is damaged: its files do not fit together ({_words(error)})") from error
    for file, content in contents.items():
        file.write_bytes(content)
    return list(contents)


def write_picture(path: Path, output: Path) -> Path:
    """Draw stock, service and waiting times of a run as one picture, in the format of the ending; give its path."""
    from reports.page import write_page

    folder = newest(path)
    if is_comparison(folder):
        raise NoRunError(
            f"{folder} is a comparison; a picture is made of one run, such as those in its folder variants"
        )
    write_page(RunFiles.open(folder), output)
    return output


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {(str(error).splitlines() or [''])[0][:200]}"
