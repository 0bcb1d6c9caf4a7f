"""Every rule by example, on the plain reference model and on the engine: the whole event log, worked out by hand."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from sim import columns as c
from sim.chance.streams import Stream
from sim.network import DISTRIBUTION_EXPONENTIAL, Distribution, Link, Network, Pool
from tests.engine_log import EngineResult, run_engine
from tests.reference_inputs import HOUR_MS, Line, small_network
from tests.reference_model import ReferenceResult, simulate_reference
from tests.rule_examples import Example
from tests.rule_examples_allocation import ALLOCATION_EXAMPLES
from tests.rule_examples_ordering import ORDERING_EXAMPLES
from tests.rule_examples_pools import POOL_EXAMPLES, emergency, stores, transfer

EXAMPLES = [*ORDERING_EXAMPLES, *ALLOCATION_EXAMPLES, *POOL_EXAMPLES]
Run = Callable[[Network], ReferenceResult | EngineResult]
SEED = 5

on_both = pytest.mark.parametrize(
    "run",
    [
        pytest.param(lambda network: simulate_reference(network, SEED), id="reference"),
        pytest.param(lambda network: run_engine(network, SEED, 0), id="engine"),
    ],
)


@on_both
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_the_log_is_the_one_worked_out_by_hand(example: Example, run: Run) -> None:
    result = run(small_network(example.draft))
    assert result.events == example.log
    for (node, item), lots in example.lots.items():
        assert result.lots[example.draft.row(node, item)] == lots


@on_both
def test_gifts_of_every_sort_draw_from_one_stream_of_the_asker(run: Run) -> None:
    """In the order in which they happen; a constant takes no draw."""
    random = Distribution(DISTRIBUTION_EXPONENTIAL, 3.0 * HOUR_MS)
    links = [
        replace(transfer(1), delivery=random),
        transfer(3, hours=1),
        replace(emergency(4), delivery=random),
        Link(1, 2, emergency=False, delivery=random),  # another's stream
    ]
    draft = stores(
        {},
        {"on_hand": 2},
        {"on_hand": 1},
        {"on_hand": 1},
        pool=Pool("pool", tuple(links)),
        lines=[Line(1 * HOUR_MS, 2, 0, 2), Line(2 * HOUR_MS, 0, 0, 3)],
        hours=99,
    )

    def drawn(asker: int, position: int) -> int:
        stream = Stream("transfer", f"node-{asker}", "item-0", seed=SEED, replication=0, position=position)
        return int(stream.draw(random))

    begin = 2 * HOUR_MS
    expected = [HOUR_MS + drawn(2, 0), begin + drawn(0, 0), begin + HOUR_MS, begin + drawn(0, 1)]
    arrived = {e[6]: e[0] for e in run(small_network(draft)).events if e[4] == c.E_RECEIPT}
    assert [arrived[order] for order in range(4)] == expected
