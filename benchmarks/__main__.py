"""Measure and print the table: `python -m benchmarks`, or `make bench`.

Every figure is processor time of one process with all its threads, a median, after everything has been compiled;
those that are not say so.
Machines differ and are noisy: judge by the multiples of the yardstick and by the ratios, not by the seconds.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from benchmarks import bare_kernel, books, bridge, forecasts, modbus, opcua, our_engine, plain_simpy, plants, usage_log
from benchmarks import reference_workload as workload
from benchmarks.measure import Measured, cpu_time, median_child, run_child, yardstick
from benchmarks.table import Row, print_table

SEED = 1
COMMAND = str(Path(sys.executable).with_name("mro-twin"))
FASTER_THAN_PLAIN = {workload.LOTS: 20.0, workload.ONE_FOR_ONE: 60.0}  # what we promise, everything included


def compare_engines(policy: workload.StockPolicy, days: int, repeats: int, plain_repeats: int) -> Iterator[Row]:
    """Our engine, the bare kernel and plain SimPy on the same customer lines."""
    horizon = days * workload.DAY_MS
    shape = workload.shape(policy)
    network = workload.network(policy, horizon_ms=horizon)
    lines = our_engine.draw_lines(network, SEED)
    count = len(lines[0])

    ours = cpu_time(partial(our_engine.simulate_everything, network, SEED), repeats)
    kernel = cpu_time(partial(bare_kernel.simulate_lines, shape, *lines, horizon), repeats)
    own_draw = cpu_time(partial(bare_kernel.draw_lines, shape, SEED, horizon), repeats)
    plain = cpu_time(partial(plain_simpy.simulate_lines, shape, *lines, horizon), plain_repeats)

    fills = {"ours": ours.result, "bare kernel": kernel.result, "plain SimPy": plain.result}
    if len(set(fills.values())) > 1:
        raise SystemExit(f"{policy.name}: units met at once differ: {fills}")
    yield Row(f"{policy.name}: {count:,} lines, fill rate {ours.result / count:.4f} (equal to the unit in all three)")
    bare = kernel.seconds + own_draw.seconds
    yield Row("  plain SimPy, lines given", plain.seconds)
    yield Row("  bare kernel, lines given", kernel.seconds)
    yield Row("  bare kernel with its own drawing", bare)
    target = FASTER_THAN_PLAIN[policy]
    yield Row("  mro-twin: draw, run, check, KPIs, Parquet", ours.seconds)
    yield Row.at_least("    times faster than plain SimPy", plain.seconds / ours.seconds, target)
    yield Row.at_most("    multiple of the bare kernel with drawing", ours.seconds / bare, 3.0)


def growth(days: int, repeats: int) -> Iterator[Row]:
    """Cost per line with 10 and with 200 items a store, everything included."""
    per_line = {}
    for items in (10, 200):
        network = workload.network(workload.LOTS, items, days * workload.DAY_MS)
        count = len(our_engine.draw_lines(network, SEED)[0])
        per_line[items] = cpu_time(partial(our_engine.simulate_everything, network, SEED), repeats).seconds / count
        yield Row(f"(s,S), one million lines with {items} items a store", per_line[items] * 1e6)
    yield Row.at_most("    slower per line with 200 items than with 10", per_line[200] / per_line[10], 1.5)


def forecasting(days: int, repeats: int) -> Iterator[Row]:
    """Weekly forecasts and levels of 12,000 series, as part of a replicated year."""
    seconds, share = forecasts.share_of_year(days, SEED, repeats)
    yield Row("(s,S) with 12,000 forecasts and levels worked out every week: their part", seconds)
    yield Row.at_most("    on top of all the rest, per cent", 100 * share, 10.0)


def commands(repeats: int) -> Iterator[Row]:
    """The command line as a user meets it, each time a new process."""
    shown = median_child([COMMAND, "--help"], 2 * repeats + 1)
    yield Row.at_most("mro-twin --help, seconds", shown.cpu, 0.3)
    scenario = Path(__file__).resolve().parent.parent / "scenarios" / "network.yaml"
    with tempfile.TemporaryDirectory(prefix="mro-twin-bench-") as folder:
        run = [COMMAND, "run", str(scenario), "--out", folder, "-j", "1", "-r"]
        run_child([*run, "1"])  # compiles what is not compiled yet
        one, three = median_child([*run, "1"], repeats), median_child([*run, "3"], repeats)
        year = (three.cpu - one.cpu) / 2
        yield Row("scenarios/network.yaml, the whole command, one replication", one.cpu)
        yield Row("scenarios/network.yaml, one more replication", year)
        yield Row.at_most("    seconds of processor time", year, 3.0)
        yield Row.at_most("    largest memory, GB", one.peak_bytes / 1e9, 1.5)
        lateral = [*run[:2], f"{scenario}@lateral", *run[3:]]
        helped = (median_child([*lateral, "3"], repeats).cpu - median_child([*lateral, "1"], repeats).cpu) / 2
        yield Row("scenarios/network.yaml@lateral, one more replication", helped)
        yield Row.at_most("    times the one without transfers", helped / year, 2.0)
        cold = run_child([*run, "1"], {"MRO_TWIN_CACHE": str(Path(folder) / "cache")})
        yield Row.at_most("    first use: seconds of compiling", cold.cpu - one.cpu, 30.0)


def engines(days: int, repeats: int, plain_repeats: int) -> Iterator[Row]:
    """The reference workload in our engine, the bare kernel and plain SimPy."""
    for policy in (workload.LOTS, workload.ONE_FOR_ONE):  # compile
        our_engine.simulate_everything(workload.network(policy, 10, 30 * workload.DAY_MS), SEED)
        shape = workload.shape(policy, 10)
        bare_kernel.simulate_lines(shape, *bare_kernel.draw_lines(shape, SEED, workload.DAY_MS), workload.DAY_MS)
    for policy in (workload.LOTS, workload.ONE_FOR_ONE):
        yield from compare_engines(policy, days, repeats, plain_repeats)


COMMAND_PARTS = ("commands", "region")


def main() -> int:
    """Print the table; exit code 1 when a promised figure is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--repeats", type=int, default=3, help="runs per figure; the median counts")
    parser.add_argument("--plain-repeats", type=int, default=3, help="runs of the plain SimPy model (minutes each)")
    parser.add_argument(
        "--days", type=int, default=365, help="horizon of the reference workload; promises are for a year"
    )
    parser.add_argument("--skip-commands", action="store_true", help="leave out what runs the command line")
    parser.add_argument("--only", nargs="+", metavar="PART", help="these parts: " + ", ".join(_parts(365, 1, 1)))
    arguments = parser.parse_args()
    repeats = arguments.repeats
    if min(repeats, arguments.plain_repeats, arguments.days) < 1:
        parser.error("repeats and days must be at least 1")
    parts = _parts(arguments.days, repeats, arguments.plain_repeats)
    unknown = sorted(set(arguments.only or ()) - set(parts))
    if unknown:
        parser.error(f"there is no part {unknown[0]}; there are {', '.join(parts)}")
    chosen = arguments.only or [name for name in parts if not (arguments.skip_commands and name in COMMAND_PARTS)]

    unit: Measured[None] = cpu_time(yardstick, repeats)
    rows = [Row("yardstick: one million SimPy timeouts", unit.seconds)]
    for name in chosen:
        print(f"measuring {name} ...", file=sys.stderr)
        rows += parts[name]()
    return print_table(rows, unit.seconds)


def _parts(days: int, repeats: int, plain_repeats: int) -> dict[str, Callable[[], Iterator[Row]]]:
    """What is measured, by the name that `--only` takes, in the order of the table."""
    return {
        "engines": partial(engines, days, repeats, plain_repeats),
        "growth": partial(growth, days, repeats),
        "forecasts": partial(forecasting, days, repeats),
        "plants": partial(plants.pilot, SEED, repeats),
        "books": partial(books.pilot, SEED, repeats),
        "usage-log": partial(usage_log.million, SEED, repeats),
        "modbus": partial(modbus.polls, repeats),
        "opcua": opcua.server,
        "bridge": bridge.lateness,
        "commands": partial(commands, repeats),
        "region": partial(plants.region, COMMAND),
    }


if __name__ == "__main__":
    sys.exit(main())
