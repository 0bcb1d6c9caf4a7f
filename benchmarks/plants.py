"""What customers' plants cost: machines, people, devices, gateways and visits, as part of a replication."""

import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import scenarios
from benchmarks import our_engine
from benchmarks.measure import cpu_time, run_child
from benchmarks.table import Row
from sim.run.simulation import network_of
from sim.scenario import load_scenario

SCENARIOS = Path(scenarios.__file__).parent
PILOT_SECONDS = 0.3  # what we promise for half a year of one plant
REGION_SECONDS, REGION_GB = 60.0, 2.0  # and for a year of a region


def pilot(seed: int, repeats: int) -> Iterator[Row]:
    """Half a year of one plant, everything included; also the variant that is the plant before the service."""
    for variant in ("service", "today"):
        scenario = load_scenario(SCENARIOS / "pilot.yaml", {"horizon": "26 wk"}, variant=variant)
        network = network_of(scenario)
        our_engine.simulate_everything(network, seed)  # compiles, where that has not been done
        replication = cpu_time(partial(our_engine.simulate_everything, network, seed), repeats)
        yield Row(f"scenarios/pilot.yaml@{variant}, one replication of 26 weeks", replication.seconds)
        yield Row.at_most("    seconds of processor time", replication.seconds, PILOT_SECONDS)


def region(command: str) -> Iterator[Row]:
    """A year of two hundred plants as a user meets it: the whole command, once."""
    with tempfile.TemporaryDirectory(prefix="mro-twin-bench-") as folder:
        run = [command, "run", str(SCENARIOS / "region.yaml"), "--out", folder, "-j", "1", "-r", "1", "--set"]
        run_child([*run, "horizon=5 wk"])  # compiles what is not compiled yet
        year = run_child([*run, "horizon=52 wk"])
    yield Row("scenarios/region.yaml, the whole command, one year of 200 plants", year.cpu)
    yield Row.at_most("    seconds of processor time", year.cpu, REGION_SECONDS)
    yield Row.at_most("    largest memory, GB", year.peak_bytes / 1e9, REGION_GB)
