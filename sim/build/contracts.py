"""Contracts as the plain data of `sim.contract_plan`: what they cover, whose it is when, which terms hold when."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from fractions import Fraction

import numpy as np

from policies.contracts.term import Measures
from policies.units import Quantity, UnitPrice
from sim import columns as c
from sim.build.contract_coverage import Coverage
from sim.build.lanes import item_filter
from sim.build.stock_points import BoolArray
from sim.contract_plan import (
    TITLE_AFTER_USE,
    TITLE_DELIVERY,
    TITLE_USE,
    Baseline,
    ContractPlan,
    PlannedSla,
    PlannedTerm,
    Renewal,
    ServiceCosts,
    TitleRule,
)
from sim.network import Int64Array, Network
from sim.scenario.calendars import since_ms
from sim.scenario.contracts import AfterUse, Contract, ContractSla, ContractTerm, Titles, check_amount, plain_term
from sim.scenario.expand import matching
from sim.scenario.findings import Finding, ScenarioError
from sim.scenario.nodes import DeviceNode
from sim.scenario.scenario import Scenario
from sim.scenario.shifts import without
from sim.units import ItemUnit, UnitError, exact, round_half_up

_BY_LINES = ("running_hours", "savings_share")
_PASSES = {"use": TITLE_USE, "delivery": TITLE_DELIVERY}


@dataclass(frozen=True)
class ItemMeasures(Measures):
    """How a contract's amounts read in integers in one network: its currency, and the units of its items."""

    minor_digits: int
    start: datetime
    item_units: tuple[ItemUnit, ...]

    @staticmethod
    def of(network: Network) -> "ItemMeasures":
        """The measures of a network."""
        units = zip(network.item_resolution.tolist(), network.item_units, strict=True)
        start = datetime(1970, 1, 1) + timedelta(milliseconds=network.start_epoch_ms)
        return ItemMeasures(network.minor_digits, start, tuple(ItemUnit(exact(size), name) for size, name in units))

    def minor(self, amount: Fraction) -> int:
        """Money in minor units, halves up."""
        return round_half_up(amount * 10**self.minor_digits)

    def price_milli(self, price: UnitPrice, item: int) -> int:
        """A price per unit of an item, in thousandths of a minor unit per item unit, halves up.

        Raises UnitError for a price per another kind of unit than the item is counted in.
        """
        return round_half_up(price.per_integer_unit(self.item_units[item]) * 1000 * 10**self.minor_digits)

    def units(self, quantity: Quantity, item: int) -> int:
        """A quantity of an item in its units.

        Raises UnitError when it is not a whole number of them, or in another kind of unit.
        """
        return self.item_units[item].whole_units(quantity)

    def time_ms(self, moment: datetime) -> int:
        """A date in milliseconds since the scenario's start."""
        return since_ms(moment, self.start)


def with_contracts(scenario: Scenario, network: Network) -> Network:
    """The network with its contracts; stock points without a device that one covers are marked as billed.

    Raises ScenarioError for contracts, terms and service levels that cover nothing, for prices that do not fit what
    they cover, and for two contracts that cover the same at the same time.
    """
    if not scenario.contracts:
        return network
    findings: list[Finding] = []
    coverage = Coverage(scenario, network)
    builders = [_Builder(coverage, name, contract, findings) for name, contract in scenario.contracts.items()]
    plans = tuple(builder.plan() for builder in builders)
    findings += _covered_twice(scenario, network, plans)
    if findings:
        raise ScenarioError(findings)
    return replace(network, contracts=plans, parameter=_with_billed(scenario, network, plans))


def _with_billed(scenario: Scenario, network: Network, plans: tuple[ContractPlan, ...]) -> Int64Array:
    """The parameters with SP_BILLED at covered stock points without a device."""
    has_device = np.array([isinstance(scenario.node(name), DeviceNode) for name in network.node_names], np.bool_)
    covered = np.unique(np.concatenate([plan.points for plan in plans]))
    billed = covered[~has_device[network.parameter[covered, c.P_NODE]]]
    if billed.size == 0:
        return network.parameter
    parameter = network.parameter.copy()
    parameter[billed, c.P_FLAGS] |= c.SP_BILLED
    return parameter


def _covered_twice(scenario: Scenario, network: Network, plans: tuple[ContractPlan, ...]) -> list[Finding]:
    covering = np.bincount(np.concatenate([plan.points for plan in plans]), minlength=network.stock_points)
    suspects = [plan for plan in plans if (covering[plan.points] > 1).any()]
    findings: list[Finding] = []
    for later, plan in enumerate(suspects):
        for other in suspects[:later]:
            both = np.intersect1d(plan.points, other.points, assume_unique=True)
            if both.size and plan.from_ms < other.to_ms and other.from_ms < plan.to_ms:
                node, item = network.parameter[both[0], [c.P_NODE, c.P_ITEM]]
                message = f"`{other.name}` covers {network.item_names[item]} at {network.node_names[node]}, too"
                message += f" (as {both.size - 1} more)" if both.size > 1 else ""
                hint = "narrow `nodes` or `items`, or let one contract begin when the other ends"
                findings.append(scenario.finding(message, hint, "contracts", plan.name))
    return findings


@dataclass(frozen=True)
class _Builder:
    """Makes the plan of one contract, and notes what is wrong with it."""

    coverage: Coverage
    name: str
    contract: Contract
    findings: list[Finding]

    @property
    def scenario(self) -> Scenario:
        return self.coverage.scenario

    @property
    def network(self) -> Network:
        return self.coverage.network

    def _find(self, message: str, hint: str, *at: object) -> None:
        self.findings.append(self.scenario.finding(message, hint, "contracts", self.name, *at))

    def plan(self) -> ContractPlan:
        contract, scenario = self.contract, self.scenario
        from_ms = contract.begins_ms(scenario.start, scenario.warm_up)
        to_ms = contract.ends_ms(scenario.start, scenario.horizon)
        if from_ms >= to_ms:  # a warm-up that has been found since
            self._find("the contract ends before it begins", "give `from`", "to")
        nodes = self.coverage.nodes(contract)
        devices = self.coverage.devices(nodes)
        lines = self.coverage.lines(contract, devices)
        points = self.coverage.points(contract, nodes)
        if points.size == 0:
            where = "nodes" if contract.nodes is not None else "customer"
            self._find("the contract covers nothing: no such item is at these nodes", "name other `nodes`", where)
        return ContractPlan(
            name=self.name,
            customer=contract.customer,
            from_ms=from_ms,
            to_ms=to_ms,
            points=points,
            sites=self.coverage.sites(nodes),
            devices=len(devices),
            lines=lines,
            period_ms=contract.billing,
            bill_counted=contract.bill_counted,
            titles=self._titles(from_ms),
            terms=self._terms(from_ms, to_ms, points, lines),
            slas=self._slas(from_ms, to_ms, points),
            payment_terms_ms=contract.payment_terms,
            financing_per_year=exact(contract.financing),
            costs=self._costs(),
            baseline=self._baseline(),
            renewal=self._renewal(),
        )

    # --- title --------------------------------------------------------------------------------------------------------

    def _titles(self, from_ms: int) -> tuple[TitleRule, ...]:
        items = self.network.items
        none = TitleRule(from_ms, np.full(items, TITLE_USE), np.zeros(items, np.int64), np.zeros(items, np.int64))
        none = replace(none, settled_after_ms=np.full(items, self.contract.settled_after))
        rules = [self._changed(none, self.contract.title or (), from_ms)]
        for _, amendment in self.contract.dated_amendments():
            if amendment.title is not None:
                rules.append(self._changed(rules[-1], amendment.title, amendment.begins_ms(self.scenario.start)))
        return tuple(rules)

    def _changed(self, before: TitleRule, entries: Titles, from_ms: int) -> TitleRule:
        """The rule before with what the entries say of their items."""
        passes, after, settled = before.passes.copy(), before.after_ms.copy(), before.settled_after_ms.copy()
        for entry in entries:
            items = item_filter(entry.items, self.network.item_names, self.network.item_class)
            passes[items] = TITLE_AFTER_USE if isinstance(entry.title, AfterUse) else _PASSES[entry.title]
            after[items] = entry.title.after_use if isinstance(entry.title, AfterUse) else 0
            settled[items] = self.contract.settled_after if entry.settled_after is None else entry.settled_after
        return TitleRule(from_ms, passes, after, settled)

    # --- terms --------------------------------------------------------------------------------------------------------

    def _terms(self, from_ms: int, to_ms: int, points: Int64Array, lines: tuple[str, ...]) -> tuple[PlannedTerm, ...]:
        """Every term over the time in which it holds, by name in the order in which names come up, then by time."""
        covered = np.zeros(self.network.items, np.bool_)
        covered[self.network.parameter[points, c.P_ITEM]] = True
        planned: dict[str, list[PlannedTerm]] = {}
        for at, begins, ended, terms in self._changes(from_ms):
            for name in (*ended, *terms):
                if planned.get(name) and planned[name][-1].to_ms > begins:
                    planned[name][-1] = replace(planned[name][-1], to_ms=begins)
            for name, entry in terms.items():
                held = self._term(name, entry, covered, lines, (*at, "terms", name))
                planned.setdefault(name, []).append(replace(held, from_ms=begins, to_ms=to_ms))
        return tuple(term for terms in planned.values() for term in terms)

    def _changes(
        self, from_ms: int
    ) -> list[tuple[tuple[object, ...], int, tuple[str, ...], Mapping[str, ContractTerm]]]:
        """The contract and its amendments by date: place, time, terms that end, terms that begin."""
        amendments = [
            (("amendments", index), one.begins_ms(self.scenario.start), one.ends, one.terms)
            for index, one in self.contract.dated_amendments()
        ]
        return [((), from_ms, (), self.contract.terms), *amendments]

    def _term(
        self, name: str, entry: ContractTerm, covered: BoolArray, lines: tuple[str, ...], at: tuple[object, ...]
    ) -> PlannedTerm:
        chosen = covered
        if entry.items is not None:
            chosen = covered & item_filter(entry.items, self.network.item_names, self.network.item_class)
            if covered.any() and not chosen.any():
                self._find("the contract covers none of these items", "name items at its nodes", *at, "items")
        items = np.flatnonzero(chosen)
        self._check_units(entry, items, at)
        if entry.lines is not None:
            short = [line.rpartition("/")[2] for line in lines]
            named = set(matching(entry.lines, [*lines, *short]))
            lines = tuple(line for line, last in zip(lines, short, strict=True) if {line, last} & named)
            if not lines:
                self._find("the customer has none of these lines", "name lines of his plants", *at, "lines")
        self._check_basis(entry, lines, at)
        return PlannedTerm(name, plain_term(entry), items, lines, 0, 0)

    def _check_units(self, entry: ContractTerm, items: Int64Array, at: tuple[object, ...]) -> None:
        units: dict[ItemUnit, int] = {}
        for item in items.tolist():
            units.setdefault(self.scenario.item_unit(self.network.item_names[item]), item)
        for path, amount in entry.settings_of_items():
            for unit, item in units.items():
                try:
                    check_amount(amount, unit)
                except UnitError as error:
                    message = f"item `{self.network.item_names[item]}`: {error.message}"
                    hint = error.hint if entry.items is not None else f"name the term's `items`, or: {error.hint}"
                    self._find(message, hint, *at, *path)
                    break

    def _check_basis(self, entry: ContractTerm, lines: tuple[str, ...], at: tuple[object, ...]) -> None:
        """Terms of the kinds that need one have something to go by."""
        if entry.kind in _BY_LINES and not lines:
            hint = "let the `customer` be a plant with lines, or cover devices of one"
            self._find(f"`{entry.kind}` goes by lines, and the customer has none", hint, *at)
        if entry.kind == "savings_share" and self.contract.baseline.stop_cost_per_year is None:
            hint = f"say what stops cost before: `baseline: {{stop_cost_per_year: 1000 {self.scenario.currency}}}`"
            self._find("there is nothing to measure savings against", hint, *at)

    # --- service levels -----------------------------------------------------------------------------------------------

    def _slas(self, from_ms: int, to_ms: int, points: Int64Array) -> tuple[PlannedSla, ...]:
        """Every service level over the time in which it holds, as terms are."""
        amendments = [
            (("amendments", index), one.begins_ms(self.scenario.start), one.ends_sla, one.sla)
            for index, one in self.contract.dated_amendments()
        ]
        planned: dict[str, list[PlannedSla]] = {}
        for at, begins, ended, levels in [((), from_ms, (), self.contract.sla), *amendments]:
            for name in (*ended, *levels):
                if planned.get(name) and planned[name][-1].to_ms > begins:
                    planned[name][-1] = replace(planned[name][-1], to_ms=begins)
            for name, entry in levels.items():
                held = self._sla(name, entry, points, (*at, "sla", name))
                planned.setdefault(name, []).append(replace(held, from_ms=begins, to_ms=to_ms))
        return tuple(level for levels_of_name in planned.values() for level in levels_of_name)

    def _sla(self, name: str, entry: ContractSla, covered: Int64Array, at: tuple[object, ...]) -> PlannedSla:
        items = item_filter(entry.items, self.network.item_names, self.network.item_class)
        points = covered[items[self.network.parameter[covered, c.P_ITEM]]]
        if covered.size and points.size == 0:
            self._find("no covered node holds such an item", "name items of the contract", *at, "items")
        horizon = self.scenario.horizon
        hours = [(0, horizon)] if entry.within is None else self.coverage.hours(entry.within)
        counted = without(hours, [one.interval_ms(self.scenario.start) for one in entry.exclude])
        edges = np.array([0, *(edge for interval in counted for edge in interval), horizon], np.int64).reshape(-1, 2)
        return PlannedSla(name, entry, points, edges[edges[:, 0] < edges[:, 1]])

    # --- what it costs, and how it was --------------------------------------------------------------------------------

    def _costs(self) -> ServiceCosts:
        costs, minor = self.contract.costs, self.scenario.minor
        return ServiceCosts(
            minor(costs.per_month), minor(costs.per_device_month), minor(costs.per_visit), minor(costs.per_emergency)
        )

    def _baseline(self) -> Baseline:
        before, minor = self.contract.baseline, self.scenario.minor
        return Baseline(
            minor(before.stop_cost_per_year),
            minor(before.goods_per_year),
            minor(before.stock_value),
            before.stops_per_year or 0.0,
        )

    def _renewal(self) -> Renewal:
        given = self.contract.renewal
        return Renewal(given.base, given.by_attainment, given.by_savings, given.years, given.discount_per_year)
