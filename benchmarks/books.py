"""What contracts cost: books, invoices and service levels of a replication of the pilot, as part of all of it."""

import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import scenarios
from benchmarks import our_engine
from benchmarks.measure import cpu_time
from benchmarks.table import Row
from sim.contracts.books import books_of
from sim.contracts.tables import write_books
from sim.engine import simulate_replication
from sim.run.simulation import RunOptions, network_of, run_scenario
from sim.scenario import load_scenario
from sim.usage_log.log import sign_run

PILOT = Path(scenarios.__file__).parent / "pilot.yaml"
MOST_PERCENT = 20.0  # what we promise of the books
SIGNING_PERCENT = 25.0  # and of the signature, which a run makes once and not in every replication


def pilot(seed: int, repeats: int) -> Iterator[Row]:
    """The books of the pilot's contract and the signature of its usage log, against the whole replication."""
    scenario = load_scenario(PILOT)
    network = network_of(scenario)
    our_engine.simulate_everything(network, seed)  # compiles, where that has not been done
    whole = cpu_time(partial(our_engine.simulate_everything, network, seed), repeats).seconds
    with tempfile.TemporaryDirectory(prefix="mro-twin-bench-") as folder:
        records = simulate_replication(network, seed, 0, folder=Path(folder))
        books_of(records)
        kept = cpu_time(partial(books_of, records), repeats)
        written = cpu_time(partial(write_books, kept.result, Path(folder)), repeats).seconds
        run = run_scenario(scenario, RunOptions(replications=1, seed=seed, out=Path(folder) / "runs")).path
        assert run is not None
        signed = cpu_time(partial(sign_run, run, replications=[0], replace=True), repeats)
    reports = signed.result[0].entries - 1
    yield Row("scenarios/pilot.yaml, one replication with its contract", whole)
    yield Row("  books, invoices, service levels, reconciliation", kept.seconds)
    yield Row("  writing them", written)
    yield Row.at_most("    percent of the replication", 100 * (kept.seconds + written) / whole, MOST_PERCENT)
    yield Row(f"  signing its {reports:,} reports, once a run", signed.seconds)
    yield Row.at_most("    percent of one replication", 100 * signed.seconds / whole, SIGNING_PERCENT)
