"""From a checked scenario to results: the one way in for the command line and for Python."""

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import pyarrow as pa

from sim.errors import RunDirectoryError, TwinError
from sim.kpi.summary import summarize, summary_document
from sim.network import Network
from sim.record.records import Records
from sim.run.directory import RunDirectory
from sim.run.experiment import Outcome, Plan, Progress, ShouldStop, run_replications
from sim.run.manifest import Manifest, now
from sim.run.result import Result, Tables
from sim.scenario import Scenario


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
    """

    replications: int | None = None
    seed: int | None = None
    workers: int = 1
    out: Path | None = None
    events: bool = False
    resume: bool = False
    save_state_ms: int | None = None
    from_state: Path | None = None


def run_scenario(scenario: Scenario, options: RunOptions, progress: Progress | None = None) -> Result:
    """Simulate a scenario and return its results, from memory or from the run directory it wrote.

    Raises any of `sim.errors`; what was finished by then stays in the run directory and can be resumed. ScenarioError
    when a saved state cannot be used; nothing is written then.
    """
    replications = scenario.experiment.replications if options.replications is None else options.replications
    seed = _seed(scenario, options)
    engine_options: dict[str, object] = {"traces": True}
    if options.save_state_ms is not None:
        engine_options["save_state_ms"] = options.save_state_ms
    if options.from_state is not None:
        engine_options["from_state"] = options.from_state
    build = partial(network_of, scenario)
    network = build()
    if options.from_state is not None:
        from sim.state.front import check_state

        check_state(network, options.from_state, range(replications), options.save_state_ms)
    plan = Plan(network, build, simulate_lazily, seed, options.events, engine_options, prepare_lazily)
    manifest = _manifest(scenario, options, seed, replications, _measured_from_ms(scenario, options))
    if options.out is None:
        return _in_memory(plan, manifest, options, progress)
    return _in_directory(plan, network, manifest, scenario, options.out, options, progress)


def _seed(scenario: Scenario, options: RunOptions) -> int:
    if options.seed is None and options.from_state is not None:
        from sim.state.front import saved_seed

        seed = saved_seed(options.from_state)
        return scenario.experiment.seed if seed is None else seed
    return scenario.experiment.seed if options.seed is None else options.seed


def network_of(scenario: Scenario) -> Network:
    """The arrays of a scenario."""
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


def _measured_from_ms(scenario: Scenario, options: RunOptions) -> int:
    """The end of the warm-up; a run from a saved state has none and measures from there."""
    if options.from_state is None:
        return scenario.warm_up
    from sim.state.front import saved_time_ms

    return saved_time_ms(options.from_state)


def _manifest(scenario: Scenario, options: RunOptions, seed: int, replications: int, warm_up_ms: int) -> Manifest:
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
    ).made_now()


def _in_memory(plan: Plan, manifest: Manifest, options: RunOptions, progress: Progress | None) -> Result:
    numbers = range(manifest.replications)
    outcomes = run_replications(plan, numbers, None, options.workers, progress)
    kpis = pa.concat_tables([outcome.kpis for outcome in outcomes]).unify_dictionaries()
    tables = Tables({one.replication: one.tables for one in outcomes}, {})
    return Result(kpis, manifest.confidence, tables, (manifest.warm_up_ms, manifest.horizon_ms))


def _in_directory(
    plan: Plan,
    network: Network,
    wanted: Manifest,
    scenario: Scenario,
    out: Path,
    options: RunOptions,
    progress: Progress | None,
) -> Result:
    if options.resume:
        run = RunDirectory.find(out, wanted.name, wanted.variant)
        run.check_same(wanted)
        run.remove_parts()
        wanted = replace(wanted, timings=run.manifest().timings, started=run.manifest().started)
    else:
        run = RunDirectory.create(out, scenario, network, wanted)
    missing = sorted(set(range(wanted.replications)) - set(run.finished()))
    if options.resume and options.save_state_ms is not None and not missing:
        raise RunDirectoryError(f"nothing to save: all replications in {run.path} are finished")
    try:
        outcomes = run_replications(plan, missing, run, options.workers, progress)
    except TwinError as error:
        _note_end(run, wanted, error)
        raise
    return _finish(run, wanted, outcomes)


def _note_end(run: RunDirectory, wanted: Manifest, error: TwinError) -> None:
    """Write down that the run stopped, if that can still be written, and tell where it can go on."""
    status = "interrupted" if error.exit_code == 130 else "failed"
    finished = len(run.finished())
    error.add_note(f"{finished} of {wanted.replications} replications are whole in {run.path}")
    if error.exit_code != 3:
        error.add_note(f"go on with the same command and: --out {run.path} --resume")
    try:
        run.write_manifest(replace(wanted, status=status, ended=now(), finished=finished))
    except TwinError as second:
        error.add_note(str(second))


def _finish(run: RunDirectory, wanted: Manifest, outcomes: list[Outcome]) -> Result:
    numbers = list(range(wanted.replications))
    fresh = {outcome.replication: outcome for outcome in outcomes}
    if len(fresh) == len(numbers):
        kpis = pa.concat_tables([fresh[number].kpis for number in numbers]).unify_dictionaries()
    else:
        kpis = run.read_kpis(numbers)
    timings = wanted.timings | {str(number): outcome.timing for number, outcome in sorted(fresh.items())}
    manifest = replace(wanted, status="complete", ended=now(), finished=len(run.finished()), timings=timings)
    means = summarize(kpis, manifest.confidence)
    measured_ms = manifest.warm_up_ms, manifest.horizon_ms
    summary = summary_document(means, manifest.variant, manifest.confidence, measured_ms)
    run.write_results(kpis, summary, manifest)
    folders = {number: run.replication_folder(number) for number in numbers}
    return Result(kpis, manifest.confidence, Tables({}, folders), measured_ms, run.path)
