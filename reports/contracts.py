"""The section on contracts: what the supplier earns, what the customer pays and gains, what is kept of the promises.

Figures are the run's KPIs of the scopes contract, contracts, contract_stream and sla; pictures are of the books.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from reports.catalogue import label, limits, verdict
from reports.contract_books import ContractBooks, contract_books
from reports.invoices import customers_of
from reports.numbers import interval, number, short
from reports.pooling import Figure
from reports.run_files import Estimate, RunFiles

SUPPLIER_FIGURES: Final = (
    "contract_revenue",
    "goods_cost",
    "shrinkage_cost",
    "service_cost",
    "penalties",
    "gross_margin",
    "goods_share",
    "gross_margin_share",
    "financing_cost",
    "margin_after_financing",
    "capital_tied_up",
    "capital_tied_up_p95",
    "arpu",
    "renewal",
    "lifetime_value_total",
    "customer_base_value_total",
    "revenue_growth",
)
CUSTOMER_FIGURES: Final = (
    "customer_paid",
    "customer_stop_cost",
    "stop_cost_saved",
    "stops_avoided_per_year",
    "customer_stock_value",
    "customer_cost",
    "customer_cost_before",
    "customer_benefit",
    "disputed_total",
    "disputed_share",
)
ALWAYS: Final = frozenset({"contract_revenue", "gross_margin", "capital_tied_up", "customer_paid"})
"""Figures that are shown also when they are 0."""

CONTRACTS_SHOWN: Final = 12
HIGH: Final = 0.95


@dataclass(frozen=True)
class Level:
    """A service level over the measured time, as text: windows that ended, and what was paid for those not kept.

    Attributes:
        windows: how many ended per replication, of them those kept.
        attained: what was measured over all windows together.
        paying: share of replications in which a penalty was paid, with its Clopper-Pearson interval.
        penalty: mean in all, and the 95th percentile over replications.
    """

    name: str
    windows: str
    attained: str
    paying: str
    paying_interval: str
    penalty: str
    penalty_high: str


@dataclass(frozen=True)
class Contract:
    """One contract, or all of them together (then without books)."""

    name: str
    customer: str
    streams: Sequence[Figure]
    supplier: Sequence[Figure]
    customer_side: Sequence[Figure]
    levels: Sequence[Level]
    books: ContractBooks | None


@dataclass(frozen=True)
class Contracts:
    """What the section shows; `left_out` counts contracts beyond those shown."""

    contracts: Sequence[Contract]
    left_out: int
    currency: str


def contracts(run: RunFiles) -> Contracts | None:
    """The section's content; None when the run has no contracts."""
    names = _keys(run, "contract")
    if not names:
        return None
    shown, customers = names[:CONTRACTS_SHOWN], customers_of(run)
    known = all(run.has_table(name) for name in ("ledger", "title_moves", "reconciliation"))
    books: Mapping[str, ContractBooks] = contract_books(run, shown) if known else {}
    found = [_contract(run, "contract", name, customers.get(name, ""), books.get(name)) for name in shown]
    if len(names) > 1:
        found = [_contract(run, "contracts", "all", "", None), *found]
    return Contracts(found, len(names) - len(shown), run.currency)


def chance(count: int, n: int, confidence: float) -> tuple[float, float]:
    """The interval of a chance of which `count` of `n` independent trials came true (Clopper and Pearson 1934)."""
    from scipy.special import betaincinv

    tail = (1.0 - confidence) / 2
    low = 0.0 if count == 0 else float(betaincinv(count, n - count + 1, tail))
    high = 1.0 if count == n else float(betaincinv(count + 1, n - count, 1.0 - tail))
    return low, high


def _contract(run: RunFiles, scope: str, name: str, customer: str, books: ContractBooks | None) -> Contract:
    streams = [key for key in _keys(run, "contract_stream") if key.startswith(f"{name}/")]
    levels = [key for key in _keys(run, "sla") if key.startswith(f"{name}/")]
    return Contract(
        name=name,
        customer=customer,
        streams=[one for key in streams for one in _figures(run, "contract_stream", key, ("contract_revenue",), True)],
        supplier=_figures(run, scope, name, SUPPLIER_FIGURES),
        customer_side=_figures(run, scope, name, CUSTOMER_FIGURES),
        levels=[_level(run, key) for key in levels],
        books=books,
    )


def _keys(run: RunFiles, scope: str) -> Sequence[str]:
    return list(dict.fromkeys(key for found, key, _ in run.estimates if found == scope))


def _figures(run: RunFiles, scope: str, key: str, kpis: Sequence[str], by_key: bool = False) -> Sequence[Figure]:
    """Those that have a value; with `by_key` they are called by what follows the contract's name in the key."""
    found = []
    for kpi in kpis:
        one = run.estimates.get((scope, key, kpi))
        if one is None or not np.isfinite(one.mean) or (one.mean == 0 and kpi not in ALWAYS):
            continue
        judged = verdict(kpi, one.mean, one.half_width)
        found.append(
            Figure(
                key.partition("/")[2] if by_key else label(kpi),
                _with_unit(one),
                interval(one.mean, one.half_width, one.unit, limits(kpi, one.unit)),
                judged.grade.word if judged else "",
                judged.grade.tone if judged else "",
            )
        )
    return found


def _with_unit(one: Estimate) -> str:
    return f"{number(one.mean, one.half_width, one.unit)}{'' if one.unit == 'share' else f' {one.unit}'}"


def _level(run: RunFiles, key: str) -> Level:
    def values(kpi: str) -> list[float]:
        rows = run.kpis[(run.kpis["scope"] == "sla") & (run.kpis["key"] == key) & (run.kpis["kpi"] == kpi)]
        return [float(one) for one in rows["value"] if np.isfinite(one)]

    def mean(kpi: str) -> str:
        one = run.estimates.get(("sla", key, kpi))
        return short(np.nan if one is None else one.mean, "" if one is None else one.unit)

    paid, penalties = values("penalty_paid"), values("penalty_total")
    paying = sum(one > 0 for one in paid)
    low, high = chance(paying, len(paid), run.confidence) if paid else (np.nan, np.nan)
    return Level(
        name=key.partition("/")[2],
        windows=f"{mean('sla_attainment')} kept, {mean('sla_breaches')} broken",
        attained=mean("sla_measured"),
        paying=f"{short(paying / len(paid), 'share')} ({paying} of {len(paid)})" if paid else short(np.nan),
        paying_interval=f"[{short(low, 'share')}, {short(high, 'share')}]" if paid else "",
        penalty=mean("penalty_total"),
        penalty_high=short(float(np.quantile(penalties, HIGH, method="inverted_cdf")) if penalties else np.nan),
    )
