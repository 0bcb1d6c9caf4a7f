"""What pydantic cannot see: checks across sections, one function each, gathered in one list."""

from collections.abc import Callable

from sim.scenario.checks.claims import check_claims, check_comparison
from sim.scenario.checks.context import Context
from sim.scenario.checks.contracts import (
    check_contract_names,
    check_contract_terms,
    check_contract_times,
    check_contract_units,
)
from sim.scenario.checks.detection import check_abnormal_demand, check_detection_names, check_detection_units
from sim.scenario.checks.devices import (
    check_counting_trucks,
    check_device_names,
    check_device_stock,
    check_devices,
    check_gateway_names,
)
from sim.scenario.checks.names import (
    check_demand_names,
    check_generator_names,
    check_lane_names,
    check_policy_names,
    check_supplier_items,
    check_truck_names,
)
from sim.scenario.checks.plants import check_machine_uses, check_maintenance, check_shifts, check_where_from
from sim.scenario.checks.pools import check_pool_names, check_pool_quantities, check_pools
from sim.scenario.checks.quantities import (
    check_demand_units,
    check_generator,
    check_policy_levels,
    check_policy_quantities,
    check_supplier_terms,
)
from sim.scenario.checks.supply import (
    check_allocation,
    check_lane_service,
    check_sources,
    check_sourcing,
    check_supply_cycle,
    check_trucks,
)
from sim.scenario.checks.times import check_reviews, check_something_there, check_times
from sim.scenario.findings import Finding

CHECKS: list[Callable[[Context], None]] = [
    check_something_there,
    check_times,
    check_lane_names,
    check_truck_names,
    check_supplier_items,
    check_demand_names,
    check_policy_names,
    check_generator_names,
    check_pool_names,
    check_device_names,
    check_gateway_names,
    check_supply_cycle,
    check_sources,
    check_lane_service,
    check_trucks,
    check_reviews,
    check_allocation,
    check_sourcing,
    check_pools,
    check_policy_levels,
    check_policy_quantities,
    check_pool_quantities,
    check_supplier_terms,
    check_demand_units,
    check_generator,
    check_devices,
    check_device_stock,
    check_counting_trucks,
    check_shifts,
    check_maintenance,
    check_where_from,
    check_machine_uses,
    check_detection_names,
    check_detection_units,
    check_abnormal_demand,
    check_contract_names,
    check_contract_times,
    check_contract_terms,
    check_contract_units,
    check_comparison,
    check_claims,
]


def check(context: Context) -> list[Finding]:
    """All findings of all checks."""
    for one in CHECKS:
        one(context)
    return context.findings
