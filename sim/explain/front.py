"""From a run directory and a stock point to the explanation: what `mro-twin explain` calls."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from policies.units import MS_PER_DAY, MS_PER_HOUR, MS_PER_MINUTE, UnitError, parse_duration, parse_moment
from sim.explain.chain import Explainer
from sim.explain.errors import ExplainError, NothingShortError
from sim.explain.item_log import ItemLog, recorded_events
from sim.explain.replay import replayed_events
from sim.explain.run_files import RunFiles
from sim.explain.stock_paths import Request, stock_paths
from sim.explain.tables import Tables
from sim.explain.tree import Explanation
from sim.explain.wording import Wording, span


@dataclass(frozen=True)
class Shortages:
    """The short requests of one stock point in one replication, in order, and the means to explain them.

    Attributes:
        run: the run directory.
        place: the stock point, `NODE/ITEM`.
        requests: the short ones, at least one: customers' lines; where no customer asks, orders from downstream.
        explainer: explains them; words: writes their figures.
    """

    run: RunFiles
    place: str
    point: int
    replication: int
    requests: Sequence[Request]
    explainer: Explainer
    words: Wording

    def worst(self, requests: Sequence[Request] | None = None) -> Request:
        """The request that waited longest; the largest shortage of those."""
        end = self.run.manifest.horizon_ms
        return max(self.requests if requests is None else requests, key=lambda one: (one.wait_ms(end), one.missing))

    def at(self, text: str) -> Request:
        """The short request that `text` (a date, a date with time, or a time since the start) points at.

        The worst of those asked in that day, minute or second, else of those waiting then; ExplainError names the
        nearest one when there is none.
        """
        first, last = _instants(text, self.run.start, self.run.manifest.horizon_ms)
        asked = [one for one in self.requests if first <= one.time_ms < last]
        if asked:
            return self.worst(asked)
        end = self.run.manifest.horizon_ms
        waiting = [one for one in self.requests if one.time_ms < last and one.time_ms + one.wait_ms(end) > first]
        if waiting:
            return self.worst(waiting)
        nearest = min(self.requests, key=lambda one: min(abs(one.time_ms - first), abs(one.time_ms - last)))
        raise ExplainError(
            f"no line was short at {self.place} at {text}; the nearest short line is that of "
            f"{self.words.moment(nearest.time_ms)} ({span(nearest.time_ms)} after the start); --list shows all"
        )

    def explain(self, request: Request) -> Explanation:
        """Why the request was short."""
        return self.explainer.explain(self.point, request)


def find_shortages(
    path: Path,
    place: str,
    replication: int = 0,
    simulating: Callable[[RunFiles], Callable[[], None]] | None = None,
    at: str | None = None,
) -> Shortages:
    """The short requests at a stock point of a run.

    Args:
        path: run directory, or a folder of them (the newest is taken).
        place: `NODE/ITEM`.
        simulating: called when the replication has to be simulated again because its event log was not kept; returns
            a function that is then called at least once in a simulated week.
        at: the time that will be asked for (`Shortages.at`), refused before anything is simulated.

    Raises ExplainError, RunDirectoryError (exit code 2), NothingShortError, and ReplayDiffersError (3).
    """
    run = RunFiles.open(path)
    point = run.find_stock_point(place)
    if at is not None:
        _instants(at, run.start, run.manifest.horizon_ms)
    folder = run.replication_folder(replication)
    item = int(run.stock_points["item"][point])
    events = recorded_events(folder, item)
    if events is None:
        step = simulating(run) if simulating is not None else lambda: None
        events = replayed_events(run, replication, item, step)
    tables = Tables(run, folder)
    paths = stock_paths(run, tables, ItemLog.of(events), item)
    words = Wording(run.start, run.items["unit"][item], run.items["natural_units"][item])
    asked = paths[point].requests
    if not asked:
        raise ExplainError(
            f"nobody asked for {place} in replication {replication}: no customer, no order from downstream"
        )
    short = list(paths[point].short_requests())
    if not short:
        raise NothingShortError(
            f"no line was short at {place} in replication {replication}: all {len(asked):,} were met at once"
        )
    return Shortages(run, place, point, replication, short, Explainer(run, tables, paths, replication, words), words)


def _instants(text: str, start: datetime, horizon_ms: int) -> tuple[int, int]:
    """The time [from, to) in ms since the start that a text means: a day, a minute or a second."""
    written = text.strip()
    try:
        if written[:4].isdigit() and "-" in written:
            moment = parse_moment(written)
            first = int((moment - start).total_seconds() * 1000)
            length = MS_PER_DAY if len(written) <= 10 else MS_PER_MINUTE if written.count(":") == 1 else 1000
        else:
            first = parse_duration(written)
            length = next(unit for unit in (MS_PER_DAY, MS_PER_HOUR, MS_PER_MINUTE, 1) if first % unit == 0)
            length = max(length, MS_PER_MINUTE)
    except UnitError as error:
        hint = (
            "write a date such as `2026-03-01`, `2026-03-01 14:00`, or a time since the start such as `26 wk`, `183 d`"
        )
        raise ExplainError(f"--at {text}: {error.message}; {hint}") from error
    if first + length <= 0 or first >= horizon_ms:
        raise ExplainError(f"--at {text}: the run goes from {start} over {span(horizon_ms)}")
    return first, first + length
