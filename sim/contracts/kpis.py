"""The measures of contracts that KPIs are made of, over the contract's time within the measured time.

Money is in major units; what is over time is money x ms or ms. They add up over contracts, but for quantiles and for
what happens to a customer once, however many contracts it has.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from policies.contracts.renewal import lifetime_value, renewal_probability, savings_to_paid
from sim.contracts import ledger as lg
from sim.contracts import titles as tt
from sim.contracts.books import Books
from sim.contracts.customers import Measured, customers_ms, stop_figures
from sim.contracts.periods import DAY_MS, MONTH_MS, YEAR_MS
from sim.contracts.service import money_time
from sim.contracts.titles import CUSTOMER
from sim.network import Float64Array, Int64Array, Network

Scope = tuple[str, list[str], Callable[[str], Float64Array]]
"""Name, keys, and what gives a measure by its name, one value per key."""

CAPITAL_QUANTILE: Final = 0.95


@dataclass(frozen=True)
class Window:
    """A contract's time within the measured time of the run."""

    from_ms: int
    to_ms: int

    @property
    def ms(self) -> int:
        """Its length, at least 0."""
        return max(self.to_ms - self.from_ms, 0)


def window_of(network: Network, books: Books) -> Window:
    """The measured time of a contract."""
    return Window(max(books.plan.from_ms, network.warm_up_ms), min(books.plan.to_ms, network.horizon_ms))


def contract_scopes(network: Network, books: Sequence[Books]) -> Iterator[Scope]:
    """All scopes of contracts: each, all together (`contracts`), revenue by stream, and service levels."""
    measured = [one for one in books if window_of(network, one).ms]
    each = [_measures(network, one) for one in measured]
    yield _scope("contract", [one.plan.name for one in measured], each)
    if each:
        together = {name: sum(one[name] for one in each) for name in each[0]}
        together["measured_ms"] = _union_ms([window_of(network, one) for one in measured])
        together["capital_quantile"] = _quantile(_daily_capital(network, measured))
        together |= _once_each(network, measured)
        yield _scope("contracts", ["all"], [together])
    streams = [(f"{one.plan.name}/{stream}", values) for one in measured for stream, values in _streams(network, one)]
    yield _scope("contract_stream", [key for key, _ in streams], [values for _, values in streams])
    levels = [(f"{one.plan.name}/{name}", values) for one in measured for name, values in _levels(network, one)]
    yield _scope("sla", [key for key, _ in levels], [values for _, values in levels])


def _scope(name: str, keys: list[str], measures: list[dict[str, float]]) -> Scope:
    def sums(measure: str) -> Float64Array:
        return np.array([one.get(measure, 0.0) for one in measures], np.float64)

    return name, keys, sums


def _measures(network: Network, books: Books) -> dict[str, float]:
    window, scale = window_of(network, books), 10.0**network.minor_digits

    def posted(*accounts: str) -> float:
        return books.ledger.total(*accounts, since_ms=window.from_ms, until_ms=window.to_ms) / scale

    values = {
        "points": 1.0,
        "contracts": 1.0,
        "measured_ms": float(window.ms),
        "contract_ms": float(window.ms),
        "customer_ms": float(window.ms),
        "revenue": -posted(lg.REVENUE),
        "goods": posted(lg.COST_OF_GOODS),
        "shrinkage": posted(lg.SHRINKAGE),
        "service": posted(lg.SERVICE),
        "penalties": posted(lg.PENALTY),
        "financing": posted(lg.FINANCING),
        "capital_money_ms": money_time(*books.ledger.balance(*lg.TIED_UP), window.from_ms, window.to_ms) / scale,
        "capital_quantile": _quantile(_daily_capital(network, [books])),
    }
    values |= _customer(network, books, window, scale) | _attained(network, books) | _disputed(network, books, scale)
    values |= _years(network, [books])
    return values | _worth(books, values)


def _customer(network: Network, books: Books, window: Window, scale: float) -> dict[str, float]:
    """The customer's side: stops and stock, now and by the agreed baseline."""
    plan, years = books.plan, window.ms / YEAR_MS
    stock_money_ms = money_time(*customers_stock(books), window.from_ms, window.to_ms) / 1000 / scale
    return _stops(network, [books]) | {
        "baseline_goods": plan.baseline.goods_per_year * years / scale,
        "baseline_stock_cost": plan.baseline.stock_value * years * network.holding_rate_per_year / scale,
        "own_stock_money_ms": stock_money_ms,
        "own_stock_cost": stock_money_ms / YEAR_MS * network.holding_rate_per_year,
    }


def _stops(network: Network, books: Sequence[Books]) -> dict[str, float]:
    """Stops of the lines that contracts are about, each once, and those of before."""
    scale, times = 10.0**network.minor_digits, books[0].history.lines
    found = stop_figures([_measured(network, one) for one in books], times)
    return {
        "stop_cost": found.cost / scale,
        "baseline_stop_cost": found.baseline_cost / scale,
        "baseline_stops": found.baseline_stops,
        "stops_avoided": found.avoided,
        "stops_avoided_per_year": found.avoided_per_year,
    }


def _measured(network: Network, books: Books) -> Measured:
    window, plan = window_of(network, books), books.plan
    return Measured(plan.customer, plan.lines, window.from_ms, window.to_ms, plan.baseline)


def _once_each(network: Network, books: Sequence[Books]) -> dict[str, float]:
    """What does not add up over contracts, since several may have the same customer."""
    customers = customers_ms([_measured(network, one) for one in books])
    return _stops(network, books) | {"customer_ms": customers} | _years(network, books)


def _years(network: Network, books: Sequence[Books]) -> dict[str, float]:
    """Revenue of the last year that is measured and of the one before; nothing unless there are two whole years."""
    windows = [window_of(network, one) for one in books]
    first, last = min(one.from_ms for one in windows), max(one.to_ms for one in windows)
    if last - first < 2 * YEAR_MS:
        return {"revenue_this_year": 0.0, "revenue_year_before": 0.0}
    latest, before = (
        -sum(one.ledger.total(lg.REVENUE, since_ms=last - age * YEAR_MS, until_ms=last - (age - 1) * YEAR_MS)
             for one in books) / 10.0**network.minor_digits
        for age in (1, 2)
    )  # fmt: skip
    return {"revenue_this_year": latest, "revenue_year_before": before}


def customers_stock(books: Books) -> tuple[Int64Array, Int64Array]:
    """Instants and value (thousandths of minor units, at cost) from there on of the customer's units on the shelf."""
    titles, costs = books.history.titles, books.costs
    opening = titles.opening.where(titles.opening_owner == CUSTOMER)
    inside = titles.movements.where(titles.owner == CUSTOMER)
    hands = titles.moves.where((titles.moves.kind == tt.MOVE_SOLD) | (titles.moves.kind == tt.MOVE_TAKEN_OVER))
    time_ms = np.concatenate((opening.time_ms, inside.time_ms, hands.time_ms))
    milli = [one.units * costs.milli(one.item, one.lot) for one in (opening, inside)]
    milli.append(hands.signed * costs.milli(hands.item, hands.lot))
    order = np.argsort(time_ms, kind="stable")
    return time_ms[order], np.cumsum(np.concatenate(milli)[order])


def _worth(books: Books, of: dict[str, float]) -> dict[str, float]:
    """Renewal and lifetime value, by the contract's own assumptions."""
    renewal, months = books.plan.renewal, of["contract_ms"] / MONTH_MS
    paid = of["revenue"] - of["penalties"]
    attainment = of["windows_kept"] / of["windows"] if of["windows"] else 1.0
    chance = renewal_probability(
        attainment,
        savings_to_paid(_savings(of), paid),
        base=renewal.base,
        by_attainment=renewal.by_attainment,
        by_savings=renewal.by_savings,
    )
    margin = of["revenue"] - of["goods"] - of["shrinkage"] - of["service"] - of["penalties"]
    worth = lifetime_value(
        margin / months * 12, chance, years=renewal.years, discount_per_year=renewal.discount_per_year
    )
    return {"renewals": chance, "lifetime_value": worth}


def _savings(of: dict[str, float]) -> float:
    """What the customer's stops, stock and other goods cost less than by the baseline; the contract's price aside."""
    before = of["baseline_stop_cost"] + of["baseline_goods"] + of["baseline_stock_cost"]
    return before - of["stop_cost"] - of["own_stock_cost"]


def _attained(network: Network, books: Books) -> dict[str, float]:
    levels = [values for _, values in _levels(network, books)]
    names = ("windows", "windows_kept", "penalty_windows", "bonus_windows")
    together = {name: sum(one[name] for one in levels) for name in names}
    return together | {"paying": float(together["penalty_windows"] > 0)}


def _levels(network: Network, books: Books) -> Iterator[tuple[str, dict[str, float]]]:
    """By service level: windows that end within the measured time, also of what an amendment made of it."""
    together: dict[str, dict[str, float]] = {}
    for name, values in _parts_of_levels(network, books):
        before = together.get(name)
        together[name] = values if before is None else {key: before[key] + values[key] for key in values}
    for name, values in together.items():
        yield name, values | {"points": 1.0, "contracts": 1.0, "paying": float(values["penalty_windows"] > 0)}


def _parts_of_levels(network: Network, books: Books) -> Iterator[tuple[str, dict[str, float]]]:
    window, scale = window_of(network, books), 10.0**network.minor_digits
    for name, windows in books.sla:
        inside = (windows.to_ms > window.from_ms) & (windows.to_ms <= window.to_ms)
        penalty = float(windows.penalty_minor[inside].sum()) / scale
        yield (
            name,
            {
                "windows": float(inside.sum()),
                "windows_kept": float(windows.kept[inside].sum()),
                "counted": float(windows.counted[inside].sum()),
                "good": float(windows.good[inside].sum()),
                "penalty_windows": penalty,
                "bonus_windows": float(windows.bonus_minor[inside].sum()) / scale,
            },
        )


def _streams(network: Network, books: Books) -> Iterator[tuple[str, dict[str, float]]]:
    window, scale = window_of(network, books), 10.0**network.minor_digits
    for stream in dict.fromkeys(source.stream for source in books.charges.sources):
        account = f"{lg.REVENUE}{stream}"
        if account in books.ledger.accounts:
            money = -books.ledger.total(account, since_ms=window.from_ms, until_ms=window.to_ms) / scale
            yield stream, {"points": 1.0, "revenue": money, "measured_ms": float(window.ms)}


def _disputed(network: Network, books: Books, scale: float) -> dict[str, float]:
    """What is disputed, over all of the contract's time: months are not cut by the warm-up."""
    table = books.reconciliation
    return {"disputed": float(table.disputed_minor.sum()) / scale, "billed": float(table.billed_minor.sum()) / scale}


def _daily_capital(network: Network, books: Sequence[Books]) -> Float64Array:
    """Capital tied up as each day ends that belongs to the measured time of any of the contracts, major units."""
    windows = [window_of(network, one) for one in books]
    first, last = min(one.from_ms for one in windows), max(one.to_ms for one in windows)
    days = np.arange(first // DAY_MS + 1, last // DAY_MS + 1) * DAY_MS
    total = np.zeros(len(days))
    for one in books:
        time_ms, balance = one.ledger.balance(*lg.TIED_UP)
        total += np.append(np.int64(0), balance)[np.searchsorted(time_ms, days, side="left")]
    return total / 10.0**network.minor_digits


def _quantile(values: Float64Array) -> float:
    return float(np.quantile(values, CAPITAL_QUANTILE)) if len(values) else np.nan


def _union_ms(windows: Sequence[Window]) -> float:
    """How much time belongs to any of the windows."""
    covered, until = 0, -1
    for one in sorted(windows, key=lambda window: window.from_ms):
        covered += max(one.to_ms - max(one.from_ms, until), 0)
        until = max(until, one.to_ms)
    return float(covered)
