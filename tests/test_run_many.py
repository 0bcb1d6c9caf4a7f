"""Many plans, one lot of workers: the same results as each plan by itself."""

import json
from functools import partial
from pathlib import Path

import pyarrow as pa
import pytest

from sim.errors import RunFailedError
from sim.run.experiment import Batch, Outcome, run_many, run_replications
from sim.run.plan import BUILT_AT_ONCE, BuiltPlans, Plan
from sim.run.workers import LocalProcesses, Parcels, open_workers
from tests.fake_engine import fake_simulate
from tests.hand_records import chain_network

SEEDS = (3, 4, 5)


def plan(seed: int, **changes: object) -> Plan:
    return Plan(None, chain_network, fake_simulate, seed, **changes)  # type: ignore[arg-type]


def values(outcomes: list[Outcome]) -> list[list[object]]:
    return [outcome.kpis["value"].to_pylist() for outcome in outcomes]


def test_batches_share_workers_and_come_back_in_order() -> None:
    batches = [Batch(plan(seed), range(seed)) for seed in SEEDS]
    seen: list[tuple[int, int]] = []
    alone = [run_replications(plan(seed), range(seed)) for seed in SEEDS]
    for workers in (1, 2):
        seen.clear()
        together = run_many(batches, workers, lambda done, total: seen.append((done, total)))
        assert [[one.replication for one in batch] for batch in together] == [list(range(seed)) for seed in SEEDS]
        assert [values(batch) for batch in together] == [values(batch) for batch in alone]
        assert seen == [(done, 12) for done in range(13)]


def test_workers_of_somebody_else_serve_again() -> None:
    crew = open_workers(2)
    try:
        first = run_replications(plan(3), [0, 1], workers=crew)
        again = run_many([Batch(plan(3), [1]), Batch(plan(4), [0])], crew)
    finally:
        crew.close()
    assert values(again[0]) == values(first)[1:]
    assert values(again[1]) == values(run_replications(plan(4), [0]))


def test_outcomes_that_are_handed_over_are_not_kept() -> None:
    got: list[tuple[int, int]] = []
    lists = run_many(
        [Batch(plan(3), [0, 1]), Batch(plan(4), [7])], finished=lambda b, o: got.append((b, o.replication))
    )
    assert lists == [[], []]
    assert got == [(0, 0), (0, 1), (1, 7)]


@pytest.mark.parametrize(("tables", "names"), [(frozenset(), set()), (frozenset({"series"}), {"series"})])
def test_only_the_tables_that_are_wanted_come_back(tables: frozenset[str], names: set[str]) -> None:
    (outcome,) = run_replications(plan(3, tables=tables), [0])
    assert set(outcome.tables) == names
    assert isinstance(outcome.kpis, pa.Table)


def test_workers_are_useless_after_one_was_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAKE_ENGINE", json.dumps({"kill": 1}))
    crew = LocalProcesses(2)
    with pytest.raises(RunFailedError, match="worker process was killed") as caught:
        run_many([Batch(plan(3), [0, 1]), Batch(plan(4), [0, 1])], crew)
    assert "of 4 replications" in caught.value.__notes__[0]


def test_a_network_is_built_once_while_plans_take_turns(tmp_path: Path) -> None:
    log = tmp_path / "built"
    plans = {seed: Plan(None, partial(_noted, log, seed), fake_simulate, seed) for seed in SEEDS}
    built = BuiltPlans()
    for seed in (3, 4, 3, 4):
        assert built.get(seed, lambda seed=seed: plans[seed]).network is not None  # type: ignore[misc]
    assert log.read_text() == "34"
    assert len(SEEDS) > BUILT_AT_ONCE
    for seed in (5, 4, 3):  # 5 drives out 3, which was used before 4
        built.get(seed, lambda seed=seed: plans[seed])  # type: ignore[misc]
    assert log.read_text() == "3453"


def _noted(log: Path, seed: int) -> object:
    with log.open("a") as file:
        file.write(str(seed))
    return chain_network()


def test_equal_plans_are_the_same_to_a_worker() -> None:
    parcels = Parcels()
    one = plan(3)
    assert parcels.of(one) is parcels.of(one)
    assert parcels.of(one).key == parcels.of(plan(3)).key != parcels.of(plan(4)).key
    assert parcels.of(one).open().seed == 3
