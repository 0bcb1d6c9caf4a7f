"""Stores that help each other out, beside a Markov chain of their stock on hand that is solved numerically."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

import numpy as np

from sim import columns as c
from sim.network import (
    DISTRIBUTION_CONSTANT,
    DONOR_IN_ORDER,
    DONOR_MOST_COVER,
    DONOR_MOST_STOCK,
    Distribution,
    Float64Array,
    Link,
    Network,
    Pool,
)
from sim.record.records import Records
from sim.verify.copies import Design, Group
from sim.verify.formulas.lateral import LateralPool
from sim.verify.registry import Check, Effort, case
from sim.verify.samples import ratio_estimate
from sim.verify.sources import AXSAETER

AT_ONCE: Final = Distribution(DISTRIBUTION_CONSTANT, 0.0)
RULES: Final = {"order": DONOR_IN_ORDER, "most_stock": DONOR_MOST_STOCK, "most_cover": DONOR_MOST_COVER}


def _everybody(count: int) -> tuple[tuple[int, ...], ...]:
    return tuple(tuple(other for other in range(count) if other != one) for one in range(count))


POOLS: Final = {
    "2 stores, one gives": LateralPool((1, 3), (0.8, 1.0), (2.0, 2.0), ((1,), ()), (0, 0)),
    "3 stores, complete": LateralPool(
        (2, 1, 3), (1.0, 0.5, 1.5), (2.0, 2.0, 2.0), _everybody(3), (0, 0, 0), "most_stock"
    ),
    "4 stores, hold-back": LateralPool(
        (3, 2, 2, 1), (1.0, 0.6, 1.2, 0.4), (2.0, 1.0, 1.5, 3.0), _everybody(4), (1, 0, 1, 0), "order"
    ),
    "5 stores, most cover": LateralPool(
        (2, 2, 1, 2, 3),
        (1.2, 0.8, 0.6, 0.4, 2.0),
        (2.0, 2.0, 2.0, 2.0, 1.5),
        ((1, 4), (0, 4), (1, 3, 4), (1, 2), (0, 3)),
        (0, 1, 0, 0, 1),
        "most_cover",
    ),
}
PAIRS: Final = ("3 stores, complete",)
"""Pools of which each pair's share is compared, too."""


@case("lateral transshipment", AXSAETER)
def stores_that_help(effort: Effort) -> Iterator[Check]:
    """Who serves the customers of 2 to 5 stores with unequal rates: own stock, another store, or an emergency."""
    for name, chain in POOLS.items():
        copied = design(name, chain, effort.copies(200))
        records = effort.simulate(with_pool(copied.network(), chain))
        served = _units_served(records, copied)
        for store, shares in enumerate(chain.shares()):
            what = f"store {store + 1} of {name}"
            demand = served[store].sum(axis=0)
            yield Check(f"own, {what}", shares.own, ratio_estimate(served[store, store], demand))
            if chain.donors[store]:
                helped = served[store, : len(chain.levels)].sum(axis=0) - served[store, store]
                yield Check(f"others, {what}", shares.helped, ratio_estimate(helped, demand))
            yield Check(f"outside, {what}", shares.outside, ratio_estimate(served[store, -1], demand))
            if name in PAIRS:
                for donor in chain.donors[store]:
                    of_pair = ratio_estimate(served[store, donor], demand)
                    yield Check(f"store {donor + 1} for {what}", shares.lateral[donor], of_pair)


def design(name: str, chain: LateralPool, copies: int) -> Design:
    """Copies of the stores without their pool."""
    stores = [f"store-{number + 1}" for number in range(len(chain.levels))]
    nodes = {store: {"kind": "store"} for store in stores}
    lanes = [
        {"from": "maker", "to": store, "lead_time": {"exponential": {"mean": f"{days} d"}}}
        for store, days in zip(stores, chain.lead_days, strict=True)
    ]
    group = Group(
        name.split(",")[0].replace(" ", "-"),
        {store: {"poisson": {"rate": f"{rate} /d"}} for store, rate in zip(stores, chain.rates_per_day, strict=True)},
        {store: {"kind": "base_stock", "level": level} for store, level in zip(stores, chain.levels, strict=True)},
    )
    supplier = {"maker": {"kind": "supplier", "lead_time": "1 d"}}
    return Design({**nodes, **supplier}, lanes, [group], copies, days=2000, warm_up_days=30)


def with_pool(network: Network, chain: LateralPool) -> Network:
    """The network with its stores, the first nodes, as the pool of the chain; help takes a millisecond."""
    stores = len(chain.levels)
    links = [
        Link(donor, asker, emergency=False, delivery=AT_ONCE)
        for asker in range(stores)
        for donor in chain.donors[asker]
    ]
    links += [Link(stores, asker, emergency=True, delivery=AT_ONCE) for asker in range(stores)]
    parameter = network.parameter.copy()
    at_stores = parameter[:, c.P_NODE] < stores
    parameter[at_stores, c.P_POOL] = 0
    parameter[at_stores, c.P_FLAGS] |= c.SP_ASKS | c.SP_GIVES
    parameter[at_stores, c.P_HOLD_BACK] = np.asarray(chain.hold_back)[parameter[at_stores, c.P_NODE]]
    pool = Pool("pool", tuple(links), RULES[chain.choice])
    return replace(network, parameter=parameter, pools=(pool,))


def _units_served(records: Records, design: Design) -> Float64Array:
    """(asking store, giving store or, last, outside, copy): units in the measured time."""
    stores = len(design.nodes) - 1
    served = np.zeros((stores, stores + 1, design.copies))
    orders = records.table("orders").select(["time_ms", "stock_point", "source", "quantity", "kind"]).to_pandas()
    given = orders[(orders["time_ms"] >= records.network.warm_up_ms) & (orders["kind"] >= c.ORDER_TRANSFER)]
    parameter = records.network.parameter
    asker, giver = given["stock_point"].to_numpy(), given["source"].to_numpy()
    where = parameter[asker, c.P_NODE], parameter[giver, c.P_NODE], parameter[asker, c.P_ITEM]
    np.add.at(served, where, given["quantity"].to_numpy())
    for store in range(stores):
        copies = design.copies_of(records, design.groups[0].name, f"store-{store + 1}")
        served[store, store] = copies.total(c.T_UNITS_AT_ONCE)
    return served
