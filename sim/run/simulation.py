"""From a checked scenario to results: the one way in for the command line and for Python."""

import itertools
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa

from sim.errors import RunDirectoryError, RunFailedError, RunInterruptedError, TwinError
from sim.kpi.claims import CLAIMS_FILE, told_claims
from sim.kpi.summary import summarize, summary_document
from sim.network import Network
from sim.record.records import Records
from sim.run.directory import RunDirectory
from sim.run.experiment import Progress, run_replications
from sim.run.interrupt import Interruption
from sim.run.manifest import Manifest, now
from sim.run.plan import Outcome, Plan, ShouldStop
from sim.run.precision import Precision, manifest_entry, run_until_precise
from sim.run.result import Result, Tables
from sim.run.signing import check_key, sign_whole_run
from sim.run.warm_up_length import FILE as WARM_UP_FILE
from sim.run.warm_up_length import PILOT_REPLICATIONS, find_warm_up, read_warm_up
from sim.run.workers import Workers, open_workers
from sim.scenario import Scenario, ScenarioError


@dataclass(frozen=True)
class RunOptions:
    """How a scenario is run.

    Attributes:
        replications, seed: None takes the scenario's `experiment`.
        workers: processes; results do not depend on it.
        out: folder for run directories; None writes nothing and keeps everything in memory.
        events: keep the event log.
        resume: go on with the run in `out` (a run directory, or the newest one of this scenario in there).
        save_state_ms: instant at which the state of each replication is saved into its folder (only with `out`).
        from_state: folder with a saved state to start from, or a run directory with one for each replication. The seed
            is the state's then, unless one is given.
        precision: when to stop, instead of a number of replications.
        cluster: address of a Dask scheduler whose workers simulate, instead of processes on this machine.
        pilot: replications from which `warm_up: auto` is found.
        sign_key: file of the private key that signs the usage log of a scenario with contracts; None makes one for this
            run, and forgets it.
    """

    replications: int | None = None
    seed: int | None = None
    workers: int = 1
    out: Path | None = None
    events: bool = False
    resume: bool = False
    save_state_ms: int | None = None
    from_state: Path | None = None
    precision: Precision | None = None
    cluster: str | None = None
    pilot: int = PILOT_REPLICATIONS
    sign_key: Path | None = None


def run_scenario(scenario: Scenario, options: RunOptions, progress: Progress | None = None) -> Result:
    """Simulate a scenario and return its results, from memory or from the run directory it wrote.

    Raises any of `sim.errors`; what was finished by then stays in the run directory and can be resumed. ScenarioError
    when a saved state cannot be used; nothing is written then.
    """
    _check_together(scenario, options)
    key = check_key(scenario, options.sign_key, writes=options.out is not None)
    replications = _replications(scenario, options)
    network = network_of(scenario)
    if options.from_state is not None:
        from sim.state.front import check_state

        check_state(network, options.from_state, range(replications), options.save_state_ms)
    with opened(options.cluster, min(options.workers, replications)) as crew:
        warm_up: Mapping[str, Any] | None = None
        if scenario.warm_up_is_automatic:
            scenario, warm_up = _settled(scenario, network, options, crew, progress)
            network = network_of(scenario)
        plan = plan_of(scenario, options, network)
        manifest = manifest_of(scenario, options, plan.seed, replications, _measured_from_ms(scenario, options))
        if options.out is None:
            result = _in_memory(plan, manifest, options, crew, progress)
        else:
            with Interruption():  # from here on there is something to tidy up
                run = _directory(scenario, network, manifest, options, warm_up)
                result = _in_directory(plan, manifest, run, options, crew, progress)
                _write_claims(run, scenario, result)
                result = replace(result, usage_log=sign_whole_run(run, scenario, key))
        return replace(result, warm_up=warm_up)


def _write_claims(run: RunDirectory, scenario: Scenario, result: Result) -> None:
    """Put what a source says of this variant beside what came out, for the report."""
    if scenario.claims:
        told = [asdict(one) for one in told_claims(scenario.claims, scenario.variant, result.means())]
        run.write_json(CLAIMS_FILE, {"claims": told})


def plan_of(scenario: Scenario, options: RunOptions, network: Network | None = None) -> Plan:
    """What is to be simulated of a scenario; without its network, that is built where and when it is needed."""
    engine_options: dict[str, object] = {"traces": True}
    if options.save_state_ms is not None:
        engine_options["save_state_ms"] = options.save_state_ms
    if options.from_state is not None:
        engine_options["from_state"] = options.from_state
    build = partial(network_of, scenario)
    return Plan(
        network, build, simulate_lazily, _seed(scenario, options), options.events, engine_options, preparation(scenario)
    )


@contextmanager
def opened(cluster: str | None, workers: int) -> Iterator[Workers]:
    """Workers of a cluster or of this machine, sent home at the end and stopped on an error."""
    if cluster is None:
        crew = open_workers(workers)
    else:
        from sim.run.cluster import connect

        crew = connect(cluster)
    try:
        yield crew
    except BaseException:
        crew.abandon()
        raise
    crew.close()


def _check_together(scenario: Scenario, options: RunOptions) -> None:
    """TwinError for options that contradict each other."""
    if options.precision is not None and options.replications is not None:
        raise TwinError("--replications and --precision contradict each other; give one of them")
    if options.from_state is not None and scenario.warm_up_is_automatic:
        raise TwinError("--from-state has no warm-up, so none can be found; state one instead of warm_up: auto")
    if options.from_state is not None and options.cluster is not None:
        raise TwinError("--from-state reads files that the machines of a --cluster do not have; use -j instead")


def _replications(scenario: Scenario, options: RunOptions) -> int:
    """How many there are, or how many there may be when it depends on the precision."""
    if options.precision is not None:
        return options.precision.maximum
    return scenario.experiment.replications if options.replications is None else options.replications


def _settled(
    scenario: Scenario, network: Network, options: RunOptions, crew: Workers, progress: Progress | None
) -> tuple[Scenario, Mapping[str, Any]]:
    """The scenario with the warm-up that a pilot shows, or that it showed when the resumed run was begun."""
    if options.resume and options.out is not None:
        run = RunDirectory.find(options.out, scenario.name, scenario.variant)
        found = read_warm_up(run.path)
    else:
        plan = plan_of(scenario, options, network)
        found = find_warm_up(scenario, plan, options.pilot, crew, progress).as_dict()
    return scenario.with_warm_up(found["warm_up_ms"]), found


def _seed(scenario: Scenario, options: RunOptions) -> int:
    if options.seed is None and options.from_state is not None:
        from sim.state.front import saved_seed

        seed = saved_seed(options.from_state)
        return scenario.experiment.seed if seed is None else seed
    return scenario.experiment.seed if options.seed is None else options.seed


def network_of(scenario: Scenario) -> Network:
    """The arrays of a scenario. ScenarioError where there is nothing to simulate."""
    if not scenario.nodes:
        raise ScenarioError(
            [scenario.finding("there is nothing to run", "add `nodes:`, `lanes:` and `demand:`", "nodes")]
        )
    from sim.build.network_builder import build_network

    return build_network(scenario)


def simulate_lazily(network: Network, seed: int, replication: int, **options: object) -> Records:
    """The engine, imported in the process that needs it."""
    from sim.engine import simulate_replication

    return simulate_replication(network, seed, replication, **options)  # type: ignore[arg-type]


def prepare_lazily(should_stop: ShouldStop) -> None:
    """Compile the engine if that has not been done on this machine."""
    from sim.run.warm_up import compile_all

    compile_all(should_stop)


def prepare_plants_lazily(should_stop: ShouldStop) -> None:
    """Compile also what plants and devices need."""
    from sim.run.warm_up import compile_all

    compile_all(should_stop, plants=True)


def preparation(scenario: Scenario) -> Callable[[ShouldStop], None]:
    """What compiles all that a scenario needs."""
    return prepare_plants_lazily if scenario.has_plants else prepare_lazily


def _measured_from_ms(scenario: Scenario, options: RunOptions) -> int:
    """The end of the warm-up; a run from a saved state has none and measures from there."""
    if options.from_state is None:
        return scenario.warm_up
    from sim.state.front import saved_time_ms

    return saved_time_ms(options.from_state)


def manifest_of(scenario: Scenario, options: RunOptions, seed: int, replications: int, warm_up_ms: int) -> Manifest:
    """What a run is about, before it begins."""
    return Manifest(
        name=scenario.name,
        variant=scenario.variant,
        scenario_hash=scenario.fingerprint(),
        seed=seed,
        replications=replications,
        events=options.events,
        confidence=float(scenario.experiment.confidence),
        start=scenario.start.isoformat(),
        horizon_ms=scenario.horizon,
        warm_up_ms=warm_up_ms,
        currency=scenario.currency,
        minor_digits=scenario.minor_digits,
        from_state="" if options.from_state is None else str(options.from_state),
        inputs={file.name: file.sha256 for file in scenario.inputs},
        source="" if scenario.source is None else scenario.source.name,
        workers=options.workers,
        precision={} if options.precision is None else manifest_entry(options.precision, None),
    ).made_now()


def _in_memory(plan: Plan, wanted: Manifest, options: RunOptions, crew: Workers, progress: Progress | None) -> Result:
    report = None
    if options.precision is None:
        outcomes = run_replications(plan, range(wanted.replications), None, crew, progress)
    else:
        outcomes, report = run_until_precise(plan, options.precision, wanted.confidence, None, crew, progress)
    kpis = pa.concat_tables([outcome.kpis for outcome in outcomes]).unify_dictionaries()
    tables = Tables({one.replication: one.tables for one in outcomes}, {})
    return Result(kpis, wanted.confidence, tables, (wanted.warm_up_ms, wanted.horizon_ms), precision=report)


def _directory(
    scenario: Scenario, network: Network, wanted: Manifest, options: RunOptions, warm_up: Mapping[str, Any] | None
) -> RunDirectory:
    """The new run directory, or the one to go on with. RunDirectoryError when it belongs to another run."""
    assert options.out is not None
    if options.resume:
        run = RunDirectory.find(options.out, wanted.name, wanted.variant)
        run.check_same(wanted)
        run.remove_parts()
    else:
        run = RunDirectory.create(options.out, scenario, network, wanted)
        if warm_up is not None:
            run.write_json(WARM_UP_FILE, warm_up)
    return run


def _in_directory(
    plan: Plan, wanted: Manifest, run: RunDirectory, options: RunOptions, crew: Workers, progress: Progress | None
) -> Result:
    before = run.manifest()
    if options.resume:
        wanted = replace(wanted, timings=before.timings, started=before.started, usage_logs=before.usage_logs)
    missing = sorted(set(range(wanted.replications)) - set(run.finished()))
    if options.resume and options.save_state_ms is not None and not missing:
        raise RunDirectoryError(f"nothing to save: all replications in {run.path} are finished")
    report = None
    try:
        if options.precision is None:
            outcomes = run_replications(plan, missing, run, crew, progress)
        else:
            precision = _no_less(options.precision, before, run)
            outcomes, report = run_until_precise(plan, precision, wanted.confidence, run, crew, progress)
            entry = manifest_entry(precision, report)
            wanted = replace(wanted, replications=report.used, precision=entry)
    except TwinError as error:
        _note_end(run, wanted, error)
        raise
    return replace(finish(run, wanted, outcomes), precision=report)


def _no_less(precision: Precision, before: Manifest, run: RunDirectory) -> Precision:
    """A run that was given a number of replications keeps what it has: the precision is looked at from there on."""
    if before.precision:
        return precision
    whole = next(number for number in itertools.count() if not run.is_finished(number))
    minimum = max(precision.minimum, whole)
    return replace(precision, minimum=minimum, maximum=max(precision.maximum, minimum))


def _note_end(run: RunDirectory, wanted: Manifest, error: TwinError) -> None:
    """Write down that the run stopped, if that can still be written, and tell where it can go on."""
    status = "interrupted" if error.exit_code == 130 else "failed"
    finished = len(run.finished())
    error.add_note(f"{finished} of {wanted.replications} replications are whole in {run.path}")
    if isinstance(error, RunFailedError | RunInterruptedError):  # anything else would happen again
        error.add_note(f"go on with the same command and: --out {run.path} --resume")
    try:
        run.write_manifest(replace(wanted, status=status, ended=now(), finished=finished))
    except TwinError as second:
        error.add_note(str(second))


def finish(run: RunDirectory, wanted: Manifest, outcomes: list[Outcome]) -> Result:
    """Put the replications of a run directory together, the fresh ones among them from memory."""
    numbers = list(range(wanted.replications))
    fresh = {outcome.replication: outcome for outcome in outcomes}
    if len(fresh) == len(numbers):
        kpis = pa.concat_tables([fresh[number].kpis for number in numbers]).unify_dictionaries()
    else:
        kpis = run.read_kpis(numbers)
    kept = {number: timing for number, timing in wanted.timings.items() if int(number) < wanted.replications}
    timings = kept | {str(number): outcome.timing for number, outcome in sorted(fresh.items())}
    manifest = replace(wanted, status="complete", ended=now(), finished=len(run.finished()), timings=timings)
    means = summarize(kpis, manifest.confidence)
    measured_ms = manifest.warm_up_ms, manifest.horizon_ms
    summary = summary_document(means, manifest.variant, manifest.confidence, measured_ms)
    run.write_results(kpis, summary, manifest)
    folders = {number: run.replication_folder(number) for number in numbers}
    return Result(kpis, manifest.confidence, Tables({}, folders), measured_ms, run.path)
