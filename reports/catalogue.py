"""What the key figures are called in reports, and what they are measured against: targets and grades.

Targets and grades are those of the trade's business cases: parts fill rate, availability, turnover, dead stock, stock
to revenue, stock-outs, record accuracy and renewal. A figure without a standard is shown without a grade.
"""

import bisect
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

Tone = Literal["good", "fair", "watch", "bad"]
"""How a grade is coloured; the word always stands beside the colour."""


@dataclass(frozen=True)
class Grade:
    """A verdict in a word, and its tone."""

    word: str
    tone: Tone

    @property
    def mark(self) -> str:
        """A sign that says the tone without colour, for print and for the colour-blind."""
        return {"good": "✓", "fair": "●", "watch": "▲", "bad": "✕"}[self.tone]


@dataclass(frozen=True)
class Standard:
    """What a key figure is held against.

    Attributes:
        target: the target or the scale in words.
        edges: where one grade ends and the next begins, rising, in the KPI's own unit.
        grades: one more than edges, from the lowest values up. A value on an edge has the upper grade, or the lower one
            where `edge_below` is set (targets such as "at most 5 %").
    """

    target: str
    edges: tuple[float, ...]
    grades: tuple[Grade, ...]
    edge_below: bool = False

    def grade(self, value: float) -> Grade:
        find = bisect.bisect_left if self.edge_below else bisect.bisect_right
        return self.grades[find(self.edges, value)]


@dataclass(frozen=True)
class Verdict:
    """The grade of a mean, and how far its confidence interval reaches.

    Attributes:
        also: words of the other grades that the interval touches; empty when the verdict is sure, or when there is no
            interval.
    """

    grade: Grade
    also: tuple[str, ...] = ()


def verdict(kpi: str, mean: float, half_width: float) -> Verdict | None:
    """The verdict on a mean with its half width (NaN: none); None for a KPI without a standard or a value."""
    standard = STANDARDS.get(kpi)
    if standard is None or math.isnan(mean):
        return None
    grade = standard.grade(mean)
    if math.isnan(half_width):
        return Verdict(grade)
    touched = (standard.grade(mean - half_width), standard.grade(mean + half_width))
    return Verdict(grade, tuple(dict.fromkeys(one.word for one in touched if one.word != grade.word)))


_EXCELLENT, _GOOD, _PASS = Grade("excellent", "good"), Grade("good", "good"), Grade("pass", "fair")
_POOR, _MET, _MISSED = Grade("poor", "bad"), Grade("met", "good"), Grade("missed", "bad")


def _at_least(share: float) -> Standard:
    return Standard(f"at least {share:.0%}".replace("%", " %"), (share,), (_MISSED, _MET))


STANDARDS: Final[Mapping[str, Standard]] = {
    "availability": _at_least(0.99),
    "sla_attainment": _at_least(0.99),
    "ready_rate": _at_least(0.99),
    "fill_rate": _at_least(0.95),
    "fill_rate_stocked": _at_least(0.95),
    "line_fill_rate": _at_least(0.95),
    "line_fill_rate_stocked": _at_least(0.95),
    "sku_fill_rate": _at_least(0.95),
    "inventory_accuracy": _at_least(0.98),
    "renewal": _at_least(0.85),
    "stock_out_rate": Standard("at most 5 %", (0.05,), (_MET, _MISSED), edge_below=True),
    "turnover": Standard(
        "over 8 excellent, 6–8 good, 4–6 pass, under 4 poor", (4.0, 6.0, 8.0), (_POOR, _PASS, _GOOD, _EXCELLENT)
    ),
    "age_over_180d": Standard(
        "under 5 % excellent, 5–10 % good, over 10 % poor", (0.05, 0.10), (_EXCELLENT, _GOOD, _POOR)
    ),
    "stock_to_revenue": Standard(
        "15–25 %; watch above 30 %",
        (0.15, 0.25, 0.30),
        (Grade("below the usual band", "fair"), _MET, Grade("above the band", "fair"), Grade("watch", "watch")),
    ),
}

GROUPS: Final[Mapping[str, Mapping[str, str]]] = {
    "Service": {
        "availability": "Availability",
        "sla_attainment": "SLA attainment",
        "demand_lines": "Customer lines",
        "demand_units": "Units demanded",
        "line_fill_rate": "Lines met at once",
        "line_fill_rate_stocked": "Lines met at once, stocked items",
        "stock_out_rate": "Stock-out rate (lines)",
        "fill_rate": "Units met at once",
        "fill_rate_stocked": "Units met at once, stocked items",
        "sku_fill_rate": "Items never short",
        "fill_rate_8h": "Units had within 8 h",
        "fill_rate_24h": "Units had within 24 h",
        "fill_rate_48h": "Units had within 48 h",
        "first_time_fix": "First-time fix",
        "ready_rate": "Time with stock, stocked items",
        "lost": "Units lost",
        "wait_mean": "Mean wait, all units",
        "wait_if_short": "Mean wait of units that waited",
        "backorders": "Units owed to customers",
    },
    "Stock": {
        "stock_value": "Stock value",
        "on_hand": "Units on hand",
        "on_order": "Units on order",
        "in_transit": "Units in transit",
        "turnover": "Turnover",
        "stock_to_revenue": "Stock to revenue",
        "age_over_90d": "Value older than 90 days",
        "age_over_180d": "Value older than 180 days (dead stock)",
        "age_over_365d": "Value older than 365 days",
    },
    "Plants": {
        "line_stops": "Line stops",
        "line_stops_per_year": "Line stops per year",
        "stop_hours": "Working time lost in stops",
        "stop_cost": "Cost of stops",
        "stop_cost_per_year": "Cost of stops per year",
        "line_availability": "Availability of lines",
        "stops_other": "Stops that no item caused",
        "stops_item_missing": "Stops for want of an item",
        "stops_item_overdue": "Failures because an item was overdue",
        "stops_wrong_item": "Failures because of a wrong item",
        "item_stop_share": "Stops that items caused",
        "item_stop_cost": "Cost of the stops that items caused",
        "item_stop_cost_share": "Their part of the cost of stops",
        "stops_by_record": "Stops by a wrong record alone",
        "stop_cost_by_record": "Cost of stops by a wrong record alone",
    },
    "Devices": {
        "short_lines": "Lines short at devices",
        "short_line_rate": "Lines short at devices, share",
        "short_by_record": "Lines short by a wrong record alone",
        "short_by_device": "Lines short by a device's fault",
        "met_elsewhere": "Machine lines met elsewhere in the plant",
        "refused_lines": "Draws refused",
        "inventory_accuracy": "Record accuracy (counts)",
        "counts": "Items counted",
        "record_right": "Time with a right record",
        "record_error": "Units between record and shelf",
        "record_error_value": "Value between record and shelf",
        "missed_scans": "Missed scans",
        "lost_reports": "Lost reports",
        "report_delay": "Mean delay of reports",
        "jams": "Jams",
        "failed_vends": "Failed vends",
        "wrong_items": "Wrong items taken",
        "put_back": "Units put back",
        "loans": "Units lent",
        "loans_back": "Units lent and back",
        "loans_lost": "Units lent and lost",
        "expired": "Units expired",
        "expired_value": "Value expired",
        "expired_issued": "Expired units issued",
        "rejected": "Units rejected by inspection",
        "rejected_value": "Value rejected by inspection",
        "leaked": "Units leaked",
        "leaked_value": "Value leaked",
        "usage_per_30d": "Units used per 30 days",
        "usage_value_per_30d": "Use per 30 days, at list price",
    },
    "Detection": {
        "alarm_hits": "Alarms that were true",
        "false_alarms": "False alarms",
        "missed_alarms": "Missed alarms",
        "alarm_precision": "Alarms that were true, share",
        "alarm_recall": "What alarms told, share",
        "alarm_delay": "Mean delay of alarms",
    },
    "Contracts": {
        "contract_revenue": "Revenue per month",
        "goods_cost": "Cost of goods per month",
        "shrinkage_cost": "Leaked, expired and rejected, per month",
        "service_cost": "Service cost per month",
        "penalties": "Penalties per month",
        "gross_margin": "Gross margin per month",
        "goods_share": "Share of revenue that goods cost",
        "gross_margin_share": "Gross margin / revenue",
        "financing_cost": "Financing cost per month",
        "margin_after_financing": "Margin after financing, per month",
        "capital_tied_up": "Capital tied up",
        "capital_tied_up_p95": "Capital tied up, 95th percentile",
        "arpu": "Revenue per customer and month (ARPU)",
        "renewal": "Chance of renewal for a year",
        "lifetime_value_total": "Lifetime value of a customer",
        "sla_breaches": "SLA windows missed",
        "sla_measured": "What the SLA measures, all windows",
        "penalty_total": "Penalties in all",
        "penalty_paid": "Contracts that paid a penalty",
        "customer_paid": "Customer pays per month",
        "customer_stop_cost": "Customer's stop cost per month",
        "customer_base_value_total": "Lifetime value of all customers",
        "revenue_growth": "Growth of revenue, last year against the one before",
        "stop_cost_saved": "Stop cost saved per month",
        "stops_avoided_per_year": "Stops avoided per year",
        "stops_avoided_share": "Share of stops avoided",
        "customer_stock_value": "Customer's own stock at the contract's places",
        "customer_cost": "Customer's cost per month",
        "customer_cost_before": "Customer's cost per month by the baseline",
        "customer_benefit": "Customer's benefit per month",
        "disputed_total": "Billing in dispute",
        "disputed_share": "Billing in dispute / billed by use",
    },
    "Flow": {
        "orders": "Replenishment orders",
        "order_lines": "Replenishment lines sent",
        "transit_time": "Mean time under way",
        "trips": "Truck trips",
        "load_factor": "Load at departure",
        "distance": "Distance driven",
        "trip_cost": "Cost of truck trips",
    },
    "Pooling": {
        "share_own_stock": "Demand met from own stock",
        "share_transfer": "Demand met by transfer",
        "share_emergency": "Demand met by emergency delivery",
        "share_backorder": "Demand that waited",
        "share_lost": "Demand that was lost",
        "transfers": "Transfers",
        "preventive_transfers": "Transfers asked for in advance",
        "rebalancing_moves": "Moves of excess stock",
        "transfer_units": "Units moved between members",
        "transfer_value": "Value moved between members, at cost",
        "transfer_response_hours": "Response to a transfer request",
        "transfer_within_8h": "Transfers there within 8 h",
        "transfer_within_24h": "Transfers there within 24 h",
        "transfer_within_48h": "Transfers there within 48 h",
        "emergencies": "Emergency deliveries",
        "emergency_response_hours": "Response to an emergency",
        "units_given": "Units given to other members",
        "contribution_score": "Share of what the pool's members gave",
        "settlement_balance": "Settlement: value given less value received",
    },
    "Forecast": {"forecast_bias": "Forecast bias", "forecast_mase": "Forecast error (MASE)"},
    "Cost": {
        "holding_cost": "Holding cost",
        "ordering_cost": "Ordering cost",
        "transport_cost": "Transport cost",
        "transfer_cost": "Transfer cost",
        "emergency_cost": "Emergency delivery cost",
        "shortage_cost": "Shortage cost",
        "purchase_cost": "Purchase cost",
        "total_cost": "Total cost",
    },
}
"""Names of KPIs in reports, by group, in the order of the tables. KPIs not listed follow under `Other`."""

LABELS: Final[Mapping[str, str]] = {kpi: label for group in GROUPS.values() for kpi, label in group.items()}
NOT_MODELLED: Final = {
    "Customer satisfaction index (CSI) and net promoter score (NPS)": "opinions; no model of them here",
}
"""Figures of the business cases that the twin never has, and why."""

EXPECTED: Final = {
    "sla_attainment": "SLA attainment",
    "inventory_accuracy": "inventory accuracy",
    "transfer_response_hours": "emergency transfer response",
    "line_stops": "line stops",
    "renewal": "ARPU, lifetime value and renewal",
    "forecast_mase": "accuracy of the prediction of consumption",
}
"""Figures of the business cases that some runs have; a report names those that are absent."""


def label(kpi: str) -> str:
    """The name of a KPI in reports."""
    return LABELS.get(kpi, kpi.replace("_", " "))


def group_of(kpi: str) -> str:
    """The heading that a KPI stands under."""
    return next((name for name, members in GROUPS.items() if kpi in members), "Other")


_HIGHER: Final = frozenset(
    {
        "availability",
        "sla_attainment",
        "line_fill_rate",
        "line_fill_rate_stocked",
        "fill_rate",
        "fill_rate_stocked",
        "sku_fill_rate",
        "fill_rate_8h",
        "fill_rate_24h",
        "fill_rate_48h",
        "first_time_fix",
        "ready_rate",
        "turnover",
        "inventory_accuracy",
        "load_factor",
        "share_own_stock",
        "transfer_within_8h",
        "transfer_within_24h",
        "transfer_within_48h",
        "renewal",
        "gross_margin",
        "gross_margin_share",
        "margin_after_financing",
        "lifetime_value_total",
        "arpu",
        "sla_measured",
        "stop_cost_saved",
        "stops_avoided_per_year",
        "stops_avoided_share",
        "revenue_growth",
        "customer_base_value_total",
        "customer_benefit",
        "line_availability",
        "record_right",
        "alarm_precision",
        "alarm_recall",
    }
)
_NEITHER: Final = frozenset(
    {"demand_lines", "demand_units", "on_order", "in_transit", "orders", "order_lines", "trips", "transfers"}
    | {"share_transfer", "forecast_bias", "preventive_transfers", "rebalancing_moves", "transfer_units"}
    | {"transfer_value", "units_given", "contribution_score", "settlement_balance"}
    | {"item_stop_share", "item_stop_cost_share", "met_elsewhere", "refused_lines", "counts", "put_back", "loans"}
    | {"loans_back", "usage_per_30d", "usage_value_per_30d", "alarm_hits"}
    | {"contract_revenue", "customer_paid", "customer_cost_before"}
)
_LOWER: Final = frozenset(LABELS) - _HIGHER - _NEITHER


def better_when(kpi: str) -> int:
    """1 where more is better, -1 where less is, 0 where neither can be said of the figure alone."""
    return (kpi in _HIGHER) - (kpi in _LOWER)


_EITHER_SIGN: Final = frozenset(
    {"forecast_bias", "settlement_balance", "goods_share"}
    | {"contract_revenue", "goods_cost", "gross_margin", "gross_margin_share", "margin_after_financing", "arpu"}
    | {"lifetime_value_total", "customer_paid", "stop_cost_saved", "customer_cost", "customer_benefit"}
    | {"customer_base_value_total", "revenue_growth", "stops_avoided_per_year", "stops_avoided_share"}
)
_ABOVE_ONE: Final = frozenset({"stock_to_revenue", "disputed_share", "revenue_growth"})
CUT: Final = "Intervals are cut at what is possible: nothing below 0, no share above 100 %; the files keep them whole."
"""What a page says of intervals that `limits` cuts."""


def limits(kpi: str, unit: str) -> tuple[float, float]:
    """The least and the greatest value that a KPI can have; intervals are not shown beyond them."""
    if kpi in _EITHER_SIGN:
        return -math.inf, math.inf
    return 0.0, 1.0 if unit == "share" and kpi not in _ABOVE_ONE else math.inf
