"""The lot of lowest cost when demand is even and known."""

import numpy as np


def saw_tooth_cost_per_year(lot: int, demand_per_year: float, cost_per_order: float, holding_per_unit: float) -> float:
    """Ordering and holding cost when one unit goes at a time and a lot arrives just as it is needed.

    Stock runs through Q - 1, ..., 0 in equal steps, hence (Q - 1) / 2 on average where Harris (1913), with divisible
    stock, has Q / 2. Costs are per order and per unit and year, in one currency.
    """
    return cost_per_order * demand_per_year / lot + holding_per_unit * (lot - 1) / 2


def economic_order_quantity(demand_per_year: float, cost_per_order: float, holding_per_unit: float) -> float:
    """The lot of lowest cost (Harris 1913)."""
    return float(np.sqrt(2 * demand_per_year * cost_per_order / holding_per_unit))
