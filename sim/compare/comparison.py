"""A whole comparison: from what the user named to differences, sentences and a directory of files."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.compare.bench import Bench, Job
from sim.compare.changes import Change, changes
from sim.compare.claims import AS_DESIGNED, EQUAL_SERVICE, ClaimResult, ClaimTester, View
from sim.compare.differences import Difference, OneSided, difference_table, differences, one_sided
from sim.compare.directions import direction, in_words
from sim.compare.directory import ComparisonDirectory, ComparisonManifest, VariantEntry
from sim.compare.frontier import Point, frontier
from sim.compare.kpi_values import KpiValues, Row
from sim.compare.limits import check_kpi
from sim.compare.match import CONFIRMATIONS, Match, Matcher, Try, next_factor, service
from sim.compare.pairing import Pairing, pairing
from sim.compare.scale import STOCK_FACTOR, scale_at
from sim.compare.sentences import sentences
from sim.compare.statistics import probability_of_being_best
from sim.compare.subjects import Subject, claims_of
from sim.errors import RunFailedError, RunInterruptedError, TwinError
from sim.run import simulation
from sim.run.experiment import Progress
from sim.run.interrupt import Interruption
from sim.run.manifest import Manifest
from sim.run.simulation import RunOptions
from sim.scenario.claims import ComparisonSection

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class CompareOptions:
    """How variants are compared.

    Attributes:
        replications, seed: of all that is simulated; None takes those of the first finished run, else the base's.
        workers: processes; results do not depend on it.
        out: folder for the comparison's directory; None writes nothing.
        resume: go on with the newest comparison of the same variants in `out`.
        match: KPI in which each variant is brought to the base first; None compares them as they are.
        scale: path of the number that matching and the frontier multiply.
        frontier: also simulate each variant with scaled stock.
        best: KPI of the network for the probability of being best.
        settings: overrides that were applied to all of them, for the record.
        cluster: address of a Dask scheduler whose workers simulate, instead of processes on this machine.
    """

    replications: int | None = None
    seed: int | None = None
    workers: int = 1
    out: Path | None = None
    resume: bool = False
    match: str | None = None
    scale: str = STOCK_FACTOR
    frontier: bool = False
    best: str = "total_cost"
    settings: tuple[str, ...] = ()
    cluster: str | None = None


def with_stated(options: CompareOptions, stated: ComparisonSection, no_match: bool = False) -> CompareOptions:
    """The options with what the scenario states where they leave it open (`scale` empty, `match` None)."""
    match = None if no_match else options.match or stated.match
    return replace(options, match=match, scale=options.scale or stated.scale)


@dataclass(frozen=True)
class Best:
    """The probability that each variant, the base included, has the best mean of a KPI (bootstrap)."""

    kpi: str
    probability: Mapping[str, float]


@dataclass(frozen=True)
class Comparison:
    """What a comparison found.

    Attributes:
        name: of the base's scenario. labels: of everything compared, the base first.
        seed, replications, confidence: of what was simulated; those of finished runs are in their manifests.
        found: every difference. sentences: the answer in words.
        changes: settings that differ from the base's. one_sided: nodes and echelons that only one side has.
        warnings: what is not as it should be.
        best, matches, frontier: where they were asked for and possible.
        claims: those of the base's scenario, with the model's own numbers.
        path: its directory, None when nothing was written.
    """

    name: str
    labels: tuple[str, ...]
    seed: int
    replications: int
    confidence: float
    found: Sequence[Difference]
    sentences: Sequence[str]
    changes: Sequence[Change]
    warnings: Sequence[str]
    one_sided: Sequence[OneSided]
    best: Best | None = None
    matches: Sequence[Match] = ()
    frontier: Sequence[Point] = ()
    claims: Sequence[ClaimResult] = ()
    path: Path | None = None

    @property
    def base(self) -> str:
        """Label of what the others are compared with."""
        return self.labels[0]

    @cached_property
    def differences(self) -> "pd.DataFrame":
        """Every difference as a row; `sim.compare.differences.Difference` explains the columns."""
        frame: pd.DataFrame = difference_table(self.found).to_pandas()
        return frame

    def rows(self, *scopes: str) -> list[dict[str, Any]]:
        """The differences of some scopes as plain data."""
        return [asdict(one) for one in self.found if one.scope in scopes]

    def document(self) -> dict[str, Any]:
        """What comparison.json holds."""
        return {
            "base": self.base,
            "labels": list(self.labels),
            "sentences": list(self.sentences),
            "changes": [asdict(one) for one in self.changes],
            "warnings": list(self.warnings),
            "one_sided": [asdict(one) for one in self.one_sided],
            "best": None if self.best is None else asdict(self.best),
            "match": [asdict(one) for one in self.matches] or None,
            "frontier": [asdict(one) for one in self.frontier] or None,
            "claims": [asdict(one) for one in self.claims] or None,
        }


Say = Callable[[str], None]


def compare_subjects(
    subjects: Sequence[Subject], options: CompareOptions, progress: Progress | None = None, say: Say | None = None
) -> Comparison:
    """Compare what was found (`sim.compare.subjects.find_subjects`), the first being the base.

    Raises ScenarioError or TwinError with exit code 2 for what makes no sense, NoMatchError (1) when `match` cannot be
    reached, and what a run raises. Whole replications stay in the directory and can be resumed.
    """
    study = _Study(subjects, options, progress, say or (lambda text: None))
    try:
        with Interruption():  # there is something to tidy up, also between two lots of replications
            return study.run()
    except TwinError as error:
        study.note_end(error)
        raise


@dataclass
class _Side:
    """One subject on its way through the comparison."""

    subject: Subject
    manifest: Manifest
    values: KpiValues | None = None
    match: Match | None = None

    @property
    def label(self) -> str:
        return self.subject.label


class _Study:
    """The steps of a comparison in their order; see `run`."""

    def __init__(
        self, subjects: Sequence[Subject], options: CompareOptions, progress: Progress | None, say: Say
    ) -> None:
        self._check(subjects, options)
        self._options = options
        self._say = say
        self._seed, self._replications, self._confidence = _design(subjects, options)
        for one in subjects:
            if one.scenario is not None:
                simulation.network_of(one.scenario)  # what is wrong with it shows before anything is written
        self._sides = [_Side(one, self._manifest(one)) for one in subjects]
        self._scales = {
            one.label: scale_at(one.settings, options.scale)
            for place, one in enumerate(subjects)
            if one.scenario is not None and (options.frontier or (options.match and place > 0))
        }
        self._directory = self._open_directory(subjects)
        self._progress = progress
        self._designed: dict[str, KpiValues] = {}

    @staticmethod
    def _check(subjects: Sequence[Subject], options: CompareOptions) -> None:
        check_kpi(options.best, "--best")
        if direction(options.best) == 0:
            raise TwinError(f"--best {options.best}: neither more nor less of it is better")
        fresh = [one for one in subjects if one.scenario is not None]
        for one in fresh:
            if one.scenario is not None and one.scenario.warm_up_is_automatic:
                raise TwinError(
                    f"{one.label}: `warm_up: auto` could find another one for each variant; state one for all of them, "
                    "as in --set warm_up=8wk (`mro-twin run` shows which)"
                )
        for option, given in (("-r", options.replications), ("--seed", options.seed), ("--resume", options.resume)):
            if given not in (None, False) and not fresh:
                raise TwinError(f"{option} has nothing to do: everything named is a finished run")
        if options.match is not None:
            check_kpi(options.match, "--match")
            finished = [one.label for one in subjects if one.run is not None]
            if finished:
                raise TwinError(f"--match needs scenarios to simulate; {', '.join(finished)} is a finished run")
        if options.frontier and not fresh:
            raise TwinError("--frontier needs scenarios to simulate; everything named is a finished run")

    def _manifest(self, subject: Subject) -> Manifest:
        if subject.run is not None:
            return subject.run.manifest
        assert subject.scenario is not None
        options = RunOptions(workers=self._options.workers)
        made = simulation.manifest_of(
            subject.scenario, options, self._seed, self._replications, subject.scenario.warm_up
        )
        return replace(made, confidence=self._confidence)

    def _open_directory(self, subjects: Sequence[Subject]) -> ComparisonDirectory | None:
        options = self._options
        if options.out is None:
            return None
        entries = tuple(
            VariantEntry(one.label, *one.names[:2], f"variants/{one.label}" if one.run is None else str(one.run.path))
            for one in subjects
        )
        question = {
            "match": options.match,
            "scale": options.scale,
            "frontier": options.frontier,
            "best": options.best,
            "settings": list(options.settings),
        }
        manifest = ComparisonManifest(
            self._sides[0].manifest.name,
            self._seed,
            self._replications,
            self._confidence,
            subjects[0].label,
            entries,
            question,
        )
        find = ComparisonDirectory.find if options.resume else ComparisonDirectory.create
        return find(options.out, manifest)

    # --- steps ----------------------------------------------------------------------------------------------------
    def run(self) -> Comparison:
        """Match, simulate, compare, write."""
        with simulation.opened(self._options.cluster, self._options.workers) as crew:
            self._bench = Bench(self._seed, crew, self._progress)
            self._match()
            self._simulate(self._sides)
            self._confirm_matches()
            points = self._frontier()
        found = self._compared(points)
        if self._directory is not None:
            self._directory.write_results(found.found, found.document())
            self._directory.write_manifest("complete")
        return found

    def note_end(self, error: TwinError) -> None:
        """Write down that the comparison stopped, and tell where it can go on."""
        if self._directory is None:
            return
        stopped = isinstance(error, RunInterruptedError | RunFailedError)
        if stopped:
            path = self._directory.path
            error.add_note(f"what is finished is kept; go on with the same command and: --out {path} --resume")
        try:
            self._directory.write_manifest("interrupted" if error.exit_code == 130 else "failed")
        except TwinError as second:
            error.add_note(str(second))

    def _match(self) -> None:
        if self._options.match is None:
            return
        base = self._sides[0].subject.scenario
        assert base is not None
        matcher = Matcher(self._bench, base, self._options.match, self._replications, self._say)
        for side in self._sides[1:]:
            side.match = matcher.search(side.subject, self._scales[side.label])
            self._apply(side, side.match)
        self._designed = {self._sides[0].label: matcher.base_values, **matcher.designed}

    def _apply(self, side: _Side, match: Match) -> None:
        """Let a side's scenario be the one at the factor that was found."""
        assert side.subject.reload is not None
        scenario = side.subject.reload({match.path: match.value})
        side.subject = replace(side.subject, scenario=scenario)
        side.manifest = self._manifest(side.subject)

    def _simulate(self, sides: Sequence[_Side]) -> None:
        fresh = [side for side in sides if side.subject.scenario is not None]
        for side in sides:
            if side.subject.run is not None:
                side.values = side.subject.run.values
                if self._directory is not None:
                    self._directory.copy_run(side.label, side.subject.run)
        if fresh:
            found = self._bench.simulate([self._job(side) for side in fresh], self._replications)
            for side, values in zip(fresh, found, strict=True):
                side.values = values

    def _job(self, side: _Side) -> Job:
        scenario = side.subject.scenario
        assert scenario is not None
        if self._directory is None:
            return Job(scenario)
        network = simulation.network_of(scenario)
        run = self._directory.make_run(side.label, scenario, network, side.manifest)
        return Job(scenario, run, side.manifest)

    def _confirm_matches(self) -> None:
        """All replications must agree, too; otherwise the factor is moved, and that variant simulated again."""
        for side in self._sides[1:]:
            match = side.match
            if match is None:
                continue
            for attempt in range(CONFIRMATIONS):
                match.difference = self._left(side, match)
                match.tries.append(Try(match.factor, match.value, self._replications, match.difference))
                self._say(
                    f"confirming {match.kpi}: {side.label} with {match.path} {match.value}: {match.difference:+.5f}"
                )
                if abs(match.difference) < match.tolerance:
                    break
                factor = next_factor(match)
                if factor is None or attempt == CONFIRMATIONS - 1:
                    raise match.failed(f"all {self._replications} replications leave {match.difference:+.5f}")
                match.factor, match.value = factor, self._scales[side.label].times(factor)
                self._apply(side, match)
                self._simulate([side])

    def _left(self, side: _Side, match: Match) -> float:
        assert side.values is not None
        assert self._sides[0].values is not None
        return float((service(side.values, match.kpi) - service(self._sides[0].values, match.kpi)).mean())

    def _frontier(self) -> list[Point]:
        if not self._options.frontier:
            return []
        # around the scenario as it is compared: at the factor that matching found
        sides = [side.subject for side in self._sides if side.subject.scenario is not None]
        wanted = [(one, scale_at(one.settings, self._options.scale)) for one in sides]
        return frontier(self._bench, wanted, self._replications, self._confidence)

    # --- results --------------------------------------------------------------------------------------------------
    def _compared(self, points: list[Point]) -> Comparison:
        values = {side.label: side.values for side in self._sides if side.values is not None}
        base, others = self._sides[0], self._sides[1:]
        pairings = {side.label: pairing(base.manifest, base.label, side.manifest, side.label) for side in others}
        found = differences(
            values[base.label], {side.label: values[side.label] for side in others}, pairings, self._confidence
        )
        best = self._best(values, pairings)
        return Comparison(
            name=base.manifest.name,
            labels=tuple(values),
            seed=self._seed,
            replications=self._replications,
            confidence=self._confidence,
            found=_with_best(found, best),
            sentences=[*self._said(found), *_best_in_words(best)],
            changes=[change for side in others for change in self._changes(side)],
            warnings=list(dict.fromkeys(text for how in pairings.values() for text in how.warnings)),
            one_sided=[one for side in others for one in one_sided(values[base.label], side.label, values[side.label])],
            best=best,
            matches=[side.match for side in others if side.match is not None],
            frontier=points,
            claims=self._claims(values),
            path=None if self._directory is None else self._directory.path,
        )

    def _claims(self, values: Mapping[str, KpiValues]) -> list[ClaimResult]:
        """The claims of the base's scenario, answered from whatever variants of it are compared."""
        base = self._sides[0].subject
        claims = claims_of(base)
        if not claims:
            return []
        labels: dict[str, str] = {}
        for side in self._sides:
            scenario, variant, _ = side.subject.names
            if scenario == base.names[0]:
                labels.setdefault(variant, side.label)
        manifests = {side.label: side.manifest for side in self._sides}
        views = [View(AS_DESIGNED, self._designed or values)]
        if self._designed:
            views.append(View(EQUAL_SERVICE, values, self._options.match or ""))
        tester = ClaimTester(
            labels, views, lambda one, other: pairing(manifests[one], one, manifests[other], other), self._confidence
        )
        return [tester.result(claim) for claim in claims]

    def _said(self, found: Sequence[Difference]) -> list[str]:
        said = []
        for side in self._sides[1:]:
            if side.match is not None:
                said.append(
                    f"{side.label} is compared at the {in_words(side.match.kpi)} of {self._sides[0].label}: "
                    f"{side.match.path} times {side.match.factor:.4g} is {side.match.value}."
                )
            said += sentences(found, self._sides[0].label, side.label)
        return said

    def _changes(self, side: _Side) -> list[Change]:
        base = self._sides[0].subject
        other = side.subject
        return changes(side.label, base.settings, other.settings, base.tables, other.tables)

    def _best(self, values: Mapping[str, KpiValues], pairings: Mapping[str, Pairing]) -> Best | None:
        kpi = self._options.best
        of_kpi = [one.network(kpi) for one in values.values()]
        known = [one[~np.isnan(one)] for one in of_kpi if one is not None]
        comparable = all(how.totals and how.money for how in pairings.values())
        if len(known) < len(values) or min(len(one) for one in known) < 2 or not comparable:
            return None
        together = all(how.paired for how in pairings.values()) and len({len(one) for one in known}) == 1
        shares = probability_of_being_best(known, direction(kpi) > 0, together, self._seed)
        return Best(kpi, dict(zip(values, shares.tolist(), strict=True)))


def _design(subjects: Sequence[Subject], options: CompareOptions) -> tuple[int, int, float]:
    """Seed, replications and confidence: as asked for, else those of the first finished run, else the base's."""
    run = next((one.run for one in subjects if one.run is not None), None)
    if run is not None:
        seed, replications, confidence = run.manifest.seed, run.manifest.replications, run.manifest.confidence
    else:
        assert subjects[0].scenario is not None
        experiment = subjects[0].scenario.experiment
        seed, replications, confidence = experiment.seed, experiment.replications, float(experiment.confidence)
    return (
        seed if options.seed is None else options.seed,
        replications if options.replications is None else options.replications,
        confidence,
    )


def _with_best(found: Sequence[Difference], best: Best | None) -> list[Difference]:
    if best is None:
        return list(found)
    row = Row("network", "network", best.kpi)
    return [replace(one, best_probability=best.probability[one.variant]) if one.row == row else one for one in found]


def _best_in_words(best: Best | None) -> list[str]:
    if best is None:
        return []
    shares = ", ".join(f"{label} {probability:.0%}" for label, probability in best.probability.items())
    return [f"Probability of having the best {in_words(best.kpi)}: {shares}."]
