"""How a contract's amounts read in the integers of a network: policies.contracts.term.Measures."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction
from functools import cached_property

from policies.units import ItemUnit, Quantity, UnitPrice, exact
from sim.network import Network
from sim.units import round_half_up


class NetworkMeasures:
    """Amounts in the currency's minor unit and the items' units of a network."""

    def __init__(self, network: Network) -> None:
        self._network = network

    @cached_property
    def _units(self) -> list[ItemUnit]:
        units = zip(self._network.item_resolution.tolist(), self._network.item_units, strict=True)
        return [ItemUnit(exact(size), name) for size, name in units]

    def minor(self, amount: Fraction) -> int:
        """Money in minor units, halves up."""
        return round_half_up(amount * 10**self._network.minor_digits)

    def price_milli(self, price: UnitPrice, item: int) -> int:
        """A price in thousandths of a minor unit per item unit, halves up; UnitError for a price of another kind."""
        return round_half_up(price.per_integer_unit(self._units[item]) * 1000 * 10**self._network.minor_digits)

    def units(self, quantity: Quantity, item: int) -> int:
        """A quantity in item units; UnitError when it is no whole number of them, or of another kind."""
        return self._units[item].whole_units(quantity)

    def time_ms(self, moment: datetime) -> int:
        """A date in milliseconds since the scenario's start, both in local time."""
        since_epoch = moment.replace(tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)
        return since_epoch // timedelta(milliseconds=1) - self._network.start_epoch_ms
