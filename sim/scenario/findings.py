"""What is wrong with a scenario: findings with file, line, message and hint, all of them at once."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from difflib import get_close_matches

MOST_SHOWN = 50


@dataclass(frozen=True)
class Place:
    """A place in a file (line 0: the file as a whole), on the command line or in a dict."""

    file: str = ""
    line: int = 0
    cell: str = ""  # of a spreadsheet, as in C7

    def __str__(self) -> str:
        position = self.cell or (str(self.line) if self.line else "")
        return ":".join(part for part in (self.file, position) if part)


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong: what, what would be right, and where (`path` names the setting: `lanes.0.lead_time`)."""

    message: str
    hint: str = ""
    path: str = ""
    place: Place = Place()

    @property
    def file(self) -> str:
        """The file it was found in, relative to the scenario's folder where possible."""
        return self.place.file

    @property
    def line(self) -> int:
        """Line (text files) or row (tables) number from 1; 0 where there is none."""
        return self.place.line

    def __str__(self) -> str:
        where = str(self.place)
        text = ": ".join(part for part in (where, self.path, self.message) if part)
        return f"{text} ({self.hint})" if self.hint else text

    def as_dict(self) -> dict[str, object]:
        """Plain data for `--json`."""
        data = asdict(self)
        place = data.pop("place")
        return {"file": place["file"], "line": place["line"], "cell": place["cell"], **data}


class ScenarioError(ValueError):
    """A scenario that cannot be used; carries every finding."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        self.findings = tuple(findings)
        super().__init__(str(self))

    def __str__(self) -> str:
        count = len(self.findings)
        lines = [f"{count} finding{'s' if count != 1 else ''}:"]
        lines += [f"  {finding}" for finding in self.findings[:MOST_SHOWN]]
        if count > MOST_SHOWN:
            lines.append(f"  ... and {count - MOST_SHOWN} more")
        return "\n".join(lines)

    def __reduce__(self) -> tuple[type["ScenarioError"], tuple[tuple[Finding, ...]]]:
        return ScenarioError, (self.findings,)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A hint with the nearest known names, or with all of them when none is near and they are few."""
    names = [str(candidate) for candidate in known]
    lowered = {candidate.lower(): candidate for candidate in names}
    near = [lowered[match] for match in get_close_matches(name.lower(), list(lowered), n=2, cutoff=0.6)]
    if near:
        return "did you mean " + " or ".join(f"`{match}`" for match in near) + "?"
    if 0 < len(names) <= 30:
        return "known are " + ", ".join(names)
    return ""
