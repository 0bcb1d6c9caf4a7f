"""The pooling section: who met demand out of whose stock. It appears when a run has such figures."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from reports.catalogue import label, limits
from reports.network_picture import transfers_of
from reports.numbers import interval, number, with_interval
from reports.run_files import Estimate, RunFiles

SHARES: Final = ("share_own_stock", "share_transfer", "share_emergency", "share_backorder", "share_lost")
FIGURES: Final = (
    "transfers",
    "preventive_transfers",
    "rebalancing_moves",
    "transfer_units",
    "transfer_value",
    "transfer_cost",
    "transfer_response_hours",
    "emergencies",
    "emergency_cost",
    "emergency_response_hours",
)
RESPONSE_CLASSES: Final[Mapping[str, int]] = {"same city": 8, "same region": 24, "across regions": 48}
"""Hours from request to arrival within which a transfer is to be there."""

PAIRS_SHOWN: Final = 20
_WITHIN: Final = re.compile(r"(?:transfers?|share|response)_.*?within_(\d+)_?h(?:ours)?")
_POOLED: Final = re.compile(r"pooled|square_root")


@dataclass(frozen=True)
class Figure:
    """A line of the section: what, its value with interval in words, and a verdict where there is a class for it."""

    label: str
    value: str
    interval: str
    verdict: str = ""
    tone: str = ""


@dataclass(frozen=True)
class Giver:
    """What a node gave to others and got from them, in transfers; `score` is its share of all that was given."""

    node: str
    given: float
    received: float
    score: float


@dataclass(frozen=True)
class Pooling:
    """What the section shows."""

    shares: Sequence[tuple[str, float, str]]
    figures: Sequence[Figure]
    responses: Sequence[Figure]
    pairs: Sequence[tuple[str, str, float]]
    pairs_in_all: int
    givers: Sequence[Giver]
    pooled: Sequence[Figure]
    stocks: Sequence["PoolStock"]


@dataclass(frozen=True)
class PoolStock:
    """Safety stock of a pool as last worked out, in natural units, means over replications.

    Attributes:
        alone: what the members would hold, each for itself. pooled: what is held instead, from the pooled demand.
        law: what the square-root law (Maister 1976) would make of `alone`.
    """

    name: str
    item: str
    members: int
    alone: float
    pooled: float
    law: float


def pooling(run: RunFiles) -> Pooling | None:
    """The section's content; None when the run has no figures of that kind."""
    network = {kpi: one for (scope, _, kpi), one in run.estimates.items() if scope == "network"}
    pooled, stocks = _pooled(run), _stocks(run)
    if not pooled and not stocks and not any(kpi in network for kpi in (*SHARES, *FIGURES)):
        return None
    pairs = [(giver, receiver, count) for (giver, receiver), count in transfers_of(run).items()]
    shares = [(label(kpi), network[kpi].mean, _share(kpi, network[kpi])) for kpi in SHARES if kpi in network]
    figures = [_figure(kpi, label(kpi), network[kpi]) for kpi in FIGURES if kpi in network]
    return Pooling(shares, figures, _responses(run), pairs[:PAIRS_SHOWN], len(pairs), _givers(pairs), pooled, stocks)


def _share(kpi: str, one: Estimate) -> str:
    return with_interval(one.mean, one.half_width, one.unit, limits(kpi, one.unit))


def _figure(kpi: str, name: str, one: Estimate, verdict: str = "", tone: str = "") -> Figure:
    unit = "" if one.unit == "share" else f" {one.unit}"
    value = f"{number(one.mean, one.half_width, one.unit)}{unit}"
    return Figure(name, value, interval(one.mean, one.half_width, one.unit, limits(kpi, one.unit)), verdict, tone)


def _responses(run: RunFiles) -> Sequence[Figure]:
    """Shares of transfers that arrived within 8, 24, 48 h, and mean responses of each class, where the run has them."""
    found = []
    for (scope, key, kpi), one in run.estimates.items():
        within = _WITHIN.fullmatch(kpi)
        if scope == "network" and within:
            found.append(_figure(kpi, f"arrived within {within[1]} h", one))
        elif kpi == "transfer_response_hours" and scope not in ("network", "node", "echelon", "lane", "pair"):
            hours = RESPONSE_CLASSES.get(key.replace("_", " ").replace("-", " "))
            verdict = "" if hours is None else f"{'within' if one.mean <= hours else 'over'} {hours} h"
            found.append(
                _figure(kpi, key, one, verdict, "" if hours is None else "good" if one.mean <= hours else "bad")
            )
    mean = run.estimates.get(("network", "network", "transfer_response_hours"))
    if mean is not None and not found:
        for name, hours in RESPONSE_CLASSES.items():
            inside = mean.mean <= hours
            verdict, tone = ("mean is within it", "good") if inside else ("mean is over it", "bad")
            found.append(
                Figure(f"{name}: at most {hours} h", number(mean.mean, mean.half_width) + " h", "", verdict, tone)
            )
    return found


def _givers(pairs: Sequence[tuple[str, str, float]]) -> Sequence[Giver]:
    given: Counter[str] = Counter()
    received: Counter[str] = Counter()
    for giver, receiver, count in pairs:
        given[giver] += count  # type: ignore[assignment]  # a mean number of transfers
        received[receiver] += count  # type: ignore[assignment]
    total = sum(given.values()) or 1
    nodes = sorted(given.keys() | received.keys(), key=lambda node: (-given[node], node))
    return [Giver(node, given[node], received[node], given[node] / total) for node in nodes[:PAIRS_SHOWN]]


def _pooled(run: RunFiles) -> Sequence[Figure]:
    """Safety stock worked out from the pooled demand, and the square-root law's beside it."""
    return [
        _figure(kpi, kpi.replace("_", " ") + ("" if scope == "network" else f", {key}"), one)
        for (scope, key, kpi), one in run.estimates.items()
        if _POOLED.search(kpi) and scope in ("network", "pool", "region", "echelon")
    ]


def _stocks(run: RunFiles) -> Sequence[PoolStock]:
    """The last row of each pool in table pooled_stock; the largest stocks first."""
    if not run.has_table("pooled_stock"):
        return []
    columns = ("time_ms", "pool", "members", "safety_stock", "alone", "square_root_law")
    rows = run.table("pooled_stock", columns).sort_values("time_ms", kind="stable")
    last = rows.groupby(["replication", "pool"]).last().groupby("pool").mean()
    pools = run.network_table("stock_pools", ("name", "item"))
    items = run.network_table("items", ("name", "natural_units"))
    run.row_numbers(rows["pool"], pools, "pooled_stock")
    run.row_numbers(pools["item"], items, "stock_pools")
    found = []
    for pool, row in zip(last.index.to_list(), last.to_dict("records"), strict=True):
        item = int(pools["item"].to_numpy()[pool])
        natural = float(items["natural_units"].to_numpy()[item])
        figures = [float(row[name]) * natural for name in ("alone", "safety_stock", "square_root_law")]
        names = str(pools["name"].to_numpy()[pool]), str(items["name"].to_numpy()[item])
        found.append(PoolStock(*names, round(row["members"]), *figures))
    return sorted(found, key=lambda one: -one.alone)[:PAIRS_SHOWN]
