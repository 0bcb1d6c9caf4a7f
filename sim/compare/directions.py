"""Which way a KPI is better, and what may be compared between runs of unequal length."""

from typing import Final

DIRECTION: Final[dict[str, int]] = {
    "fill_rate": 1,
    "fill_rate_stocked": 1,
    "line_fill_rate": 1,
    "line_fill_rate_stocked": 1,
    "sku_fill_rate": 1,
    "fill_rate_8h": 1,
    "fill_rate_24h": 1,
    "fill_rate_48h": 1,
    "first_time_fix": 1,
    "ready_rate": 1,
    "turnover": 1,
    "load_factor": 1,
    "share_own_stock": 1,
    "transfer_within_8h": 1,
    "transfer_within_24h": 1,
    "transfer_within_48h": 1,
    "lost": -1,
    "wait_mean": -1,
    "wait_if_short": -1,
    "on_hand": -1,
    "backorders": -1,
    "stock_value": -1,
    "stock_to_revenue": -1,
    "age_over_90d": -1,
    "age_over_180d": -1,
    "age_over_365d": -1,
    "distance": -1,
    "holding_cost": -1,
    "ordering_cost": -1,
    "transport_cost": -1,
    "transfer_cost": -1,
    "emergency_cost": -1,
    "purchase_cost": -1,
    "shortage_cost": -1,
    "total_cost": -1,
    "share_emergency": -1,
    "share_backorder": -1,
    "share_lost": -1,
    "emergencies": -1,
    "transfer_response_hours": -1,
    "emergency_response_hours": -1,
    "forecast_mase": -1,
    "trip_cost": -1,
    "line_availability": 1,
    "availability": 1,
    "inventory_accuracy": 1,
    "record_right": 1,
    "alarm_precision": 1,
    "alarm_recall": 1,
    "line_stops": -1,
    "line_stops_per_year": -1,
    "stop_hours": -1,
    "stop_cost": -1,
    "stop_cost_per_year": -1,
    "stops_other": -1,
    "stops_item_missing": -1,
    "stops_item_overdue": -1,
    "stops_wrong_item": -1,
    "item_stop_cost": -1,
    "stops_by_record": -1,
    "stop_cost_by_record": -1,
    "short_lines": -1,
    "short_line_rate": -1,
    "short_by_record": -1,
    "short_by_device": -1,
    "record_error": -1,
    "record_error_value": -1,
    "missed_scans": -1,
    "lost_reports": -1,
    "report_delay": -1,
    "jams": -1,
    "failed_vends": -1,
    "wrong_items": -1,
    "loans_lost": -1,
    "expired": -1,
    "expired_value": -1,
    "expired_issued": -1,
    "rejected": -1,
    "rejected_value": -1,
    "leaked": -1,
    "leaked_value": -1,
    "false_alarms": -1,
    "missed_alarms": -1,
    "alarm_delay": -1,
    "gross_margin": 1,
    "gross_margin_share": 1,
    "margin_after_financing": 1,
    "lifetime_value_total": 1,
    "arpu": 1,
    "renewal": 1,
    "sla_attainment": 1,
    "sla_measured": 1,
    "customer_base_value_total": 1,
    "revenue_growth": 1,
    "stop_cost_saved": 1,
    "stops_avoided_per_year": 1,
    "stops_avoided_share": 1,
    "customer_benefit": 1,
    "goods_cost": -1,
    "goods_share": -1,
    "shrinkage_cost": -1,
    "service_cost": -1,
    "penalties": -1,
    "financing_cost": -1,
    "capital_tied_up": -1,
    "capital_tied_up_p95": -1,
    "sla_breaches": -1,
    "penalty_total": -1,
    "penalty_paid": -1,
    "customer_stop_cost": -1,
    "customer_stock_value": -1,
    "customer_cost": -1,
    "disputed_total": -1,
    "disputed_share": -1,
}
"""1: more is better, -1: less is better. What is not here (orders, demand, what is under way) is neither."""

MAIN: Final = (
    "stock_value",
    "fill_rate",
    "line_fill_rate",
    "first_time_fix",
    "wait_mean",
    "turnover",
    "age_over_180d",
    "transport_cost",
    "ordering_cost",
    "total_cost",
    "availability",
    "line_stops_per_year",
    "stop_cost_per_year",
    "inventory_accuracy",
)
"""The KPIs of the whole network that a comparison puts into words."""

OF_CONTRACTS: Final = ("customer_paid", "gross_margin", "customer_benefit", "sla_attainment")
"""And those of all contracts together: what the customer pays and gains, what the supplier earns and keeps."""

_RATE_UNITS: Final = frozenset({"share", "h", "per year", "per 30 d"})
_TIME_MEANS: Final = frozenset(
    {"on_hand", "on_order", "in_transit", "backorders", "stock_value", "record_error", "record_error_value"}
    | {"stop_cost_per_year", "usage_value_per_30d"}
    | {"contract_revenue", "goods_cost", "shrinkage_cost", "service_cost", "penalties", "gross_margin"}
    | {"financing_cost", "margin_after_financing", "capital_tied_up", "capital_tied_up_p95", "arpu"}
    | {"lifetime_value_total", "customer_paid", "customer_stop_cost", "stop_cost_saved", "customer_stock_value"}
    | {"customer_cost", "customer_cost_before", "customer_benefit", "customer_base_value_total"}
)


def direction(kpi: str) -> int:
    """1 where more is better, -1 where less is, 0 where it is neither."""
    return DIRECTION.get(kpi, 0)


def verdict(kpi: str, difference: float) -> str:
    """`better`, `worse`, or nothing where a change is neither."""
    sign = direction(kpi) * (1 if difference > 0 else -1 if difference < 0 else 0)
    return {1: "better", -1: "worse"}.get(sign, "")


def has_no_length(kpi: str, unit: str) -> bool:
    """Whether a KPI means the same for a short and a long run: a share, a mean over time, a rate; not a total."""
    return unit in _RATE_UNITS or kpi in _TIME_MEANS


_WORDS: Final = {
    "wait_mean": "mean waiting time",
    "wait_if_short": "mean waiting time of what was short",
    "stock_to_revenue": "stock to revenue",
    "age_over_90d": "share of stock older than 90 days",
    "age_over_180d": "share of stock older than 180 days",
    "age_over_365d": "share of stock older than 365 days",
    "turnover": "stock turnover",
    "arpu": "revenue per customer",
    "sla_attainment": "SLA attainment",
    "capital_tied_up_p95": "95th percentile of the capital tied up",
}


def in_words(kpi: str) -> str:
    """A KPI's name as words."""
    return _WORDS.get(kpi, kpi.replace("_", " "))
