"""Small tasks of sizing, for tests of the search and of what it simulates."""

from fractions import Fraction
from typing import Any

from sim.scenario.sizing import SizingSection
from sim.size.design import Task
from sim.size.usage_table import ItemUse
from sim.units import ItemUnit

EACH = ItemUnit(Fraction(1), "each")


def use(name: str, per_month: float, variability: float, critical: bool = True, volume_ml: int = 1000) -> ItemUse:
    """An item that costs 5 and sells for 9, of which 20 are held today and one a month was missing."""
    month = Fraction(per_month).limit_denominator(1000)
    size, cost, price = Fraction(volume_ml), Fraction(5), Fraction(9)
    return ItemUse(name, EACH, month, variability, size, Fraction(0), critical, cost, price, Fraction(20), 12.0, 0)


def section_of(
    window: str = "1 mo", pilot: str = "6 mo", emergency_time: str = "12 h", **changes: Any
) -> SizingSection:
    """A section with shelves of two slots of 40 l, visits every half week, week or fortnight."""
    data: dict[str, Any] = {
        "usage": "usage.csv",
        "stop_cost": "1000 USD",
        "devices": {"shelf": {"kind": "shelf", "slots": 2, "slot_volume": "40 l", "price": "1200 USD"}},
        "service": {
            "visit": "70 USD", "line": "2 USD", "emergency": "150 USD", "emergency_time": emergency_time,
            "staff": "300 USD", "financing_rate": "8%",
        },
        "promise": {"availability": "97%", "probability": "80%", "confidence": "90%", "window": window},
        "visits": {"intervals": ["3.5 d", "1 wk", "2 wk"], "preparation": "1 d"},
        "offer": {"base_fee": "500 USD", "margin": "20%"},
        "pilot": pilot,
    }  # fmt: skip
    return SizingSection.model_validate({**data, **changes}, context={"currency": "USD"})


def task_of_items(*items: ItemUse, **settings: Any) -> Task:
    """The task of sizing these items; settings as of `section_of`."""
    return Task.of(section_of(**settings), items)
