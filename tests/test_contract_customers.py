"""What happens to a customer once: stops under several contracts, by hand on the hand-written week of a plant."""

from dataclasses import replace

import pytest

from sim.contract_plan import Baseline, ContractPlan
from sim.contracts.books import books_of
from sim.contracts.customers import Measured, customers_ms
from sim.contracts.kpis import contract_scopes
from sim.kpi.table import kpi_table
from sim.record.records import DAY_MS, Records
from tests.contract_samples import COVERED, base_fee, contract, fee, planned, with_contracts
from tests.hand_plants import FILTER, GLOVES, GREASE, plant_week

LOST = 7 * 600 + 3 * 240
"""Within the measured 8 days turning stands for 7 hours, pressing for 3, at 600 and 240 USD an hour."""
MONTHS = 8 / 30.436875
YEARS = 8 / 365
BEFORE = Baseline(stop_cost_per_year=365_000_00, stops_per_year=365.0)


def part(name: str, point: int, item: int, **changes: object) -> ContractPlan:
    """A contract over one stock point of the works, with a fee."""
    plan = contract(planned("base", base_fee("310 USD"), [item]), name=name, points=COVERED[point : point + 1])
    return replace(plan, **changes)  # type: ignore[arg-type]


def kpis(records: Records, scope: str = "contracts") -> dict[str, float]:
    """The KPIs of all contracts together, or of each as contract/KPI."""
    rows = kpi_table(records, {scope}, contract_scopes(records.network, books_of(records))).to_pylist()
    return {row["kpi"] if scope == "contracts" else f"{row['key']}/{row['kpi']}": row["value"] for row in rows}


def test_two_contracts_of_a_customer_have_its_stops_once() -> None:
    plans = (
        part("grease", 0, GREASE, baseline=BEFORE),
        part("filters", 1, FILTER, baseline=BEFORE),
        part("gloves", 2, GLOVES),
    )
    found = kpis(with_contracts(plant_week(), *plans))
    assert found["customer_stop_cost"] == pytest.approx(LOST / MONTHS)
    assert found["stop_cost_saved"] == pytest.approx((8000 - LOST) / MONTHS)
    stops = found["stops_avoided_per_year"]
    each = kpis(with_contracts(plant_week(), *plans), "contract")
    assert each["grease/customer_stop_cost"] == each["gloves/customer_stop_cost"] == pytest.approx(LOST / MONTHS)
    assert stops == each["grease/stops_avoided_per_year"] == each["filters/stops_avoided_per_year"]
    assert "gloves/stops_avoided_per_year" not in each  # no number was agreed there
    assert found["customer_benefit"] == pytest.approx((8000 - LOST) / MONTHS - found["customer_paid"])
    assert found["customer_cost"] == pytest.approx(LOST / MONTHS + found["customer_paid"])


def test_stops_avoided_are_counted_against_the_agreed_number() -> None:
    found = kpis(with_contracts(plant_week(), part("all", 0, GREASE, baseline=BEFORE)))
    begun = found["stops_avoided_share"]
    stops = kpis(with_contracts(plant_week(), part("all", 0, GREASE)), "contract")
    assert "all/stops_avoided_per_year" not in stops
    measured = kpi_table(plant_week().records(), {"network"}).to_pylist()
    (count,) = [row["value"] for row in measured if row["kpi"] == "line_stops"]
    assert count > 0
    assert found["stops_avoided_per_year"] == pytest.approx((8 - count) / YEARS)
    assert begun == pytest.approx((8 - count) / 8)


def test_customers_with_the_same_lines_are_told_apart() -> None:
    plans = (part("grease", 0, GREASE, baseline=BEFORE), part("filters", 1, FILTER, customer="other", baseline=BEFORE))
    found = kpis(with_contracts(plant_week(), *plans))
    assert found["customer_stop_cost"] == pytest.approx(2 * LOST / MONTHS)
    assert found["stop_cost_saved"] == pytest.approx(2 * (8000 - LOST) / MONTHS)
    each = kpis(with_contracts(plant_week(), *plans), "contract")
    assert found["stops_avoided_per_year"] == pytest.approx(2 * each["grease/stops_avoided_per_year"])
    assert found["stops_avoided_share"] == pytest.approx(each["grease/stops_avoided_share"])


def test_contracts_of_different_lines_add_up() -> None:
    turning = part("turning", 0, GREASE, lines=("node-2/turning",), baseline=BEFORE)
    pressing = part("pressing", 1, FILTER, lines=("node-2/pressing",), baseline=BEFORE)
    found = kpis(with_contracts(plant_week(), turning, pressing))
    assert found["customer_stop_cost"] == pytest.approx(LOST / MONTHS)
    assert found["stop_cost_saved"] == pytest.approx((2 * 8000 - LOST) / MONTHS)


def test_of_several_baselines_the_most_counts_while_it_is_in_force() -> None:
    less = replace(BEFORE, stop_cost_per_year=73_000_00)
    plans = (
        part("grease", 0, GREASE, baseline=less),
        part("filters", 1, FILTER, baseline=BEFORE, from_ms=6 * DAY_MS),
    )
    found = kpis(with_contracts(plant_week(), *plans))
    before = 4 * 200 + 4 * 1000  # days 2 to 6, then 6 to 10
    assert found["stop_cost_saved"] == pytest.approx((before - LOST) / MONTHS)


def test_revenue_per_user_counts_a_customer_once() -> None:
    plans = (part("grease", 0, GREASE), part("filters", 1, FILTER))
    found = kpis(with_contracts(plant_week(), *plans))
    assert found["arpu"] == pytest.approx(found["contract_revenue"])
    apart = kpis(with_contracts(plant_week(), plans[0], replace(plans[1], customer="other")))
    assert apart["arpu"] == pytest.approx(apart["contract_revenue"] / 2)
    assert apart["customer_base_value_total"] == pytest.approx(2 * apart["lifetime_value_total"])


def test_time_of_customers_is_the_union_of_their_contracts() -> None:
    none = Baseline()
    first = Measured("a", (), 0, 10, none)
    assert customers_ms([first, replace(first, from_ms=5, to_ms=20), replace(first, customer="b", to_ms=3)]) == 23.0


def test_growth_is_of_the_last_year_against_the_one_before(monkeypatch: pytest.MonkeyPatch) -> None:
    terms = (planned("base", base_fee("100 USD")), planned("more", fee("75 USD"), from_ms=7 * DAY_MS))
    records = with_contracts(plant_week(), contract(*terms, period_ms=4 * DAY_MS))
    assert "revenue_growth" not in kpis(records)  # eight days are not two years
    monkeypatch.setattr("sim.contracts.kpis.YEAR_MS", 4 * DAY_MS)
    assert kpis(records)["revenue_growth"] == pytest.approx((50 + 75) / 100 - 1)  # the last period is half as long
