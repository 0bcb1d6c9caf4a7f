"""An equation of the books, and where it breaks."""

from dataclasses import dataclass

from sim import columns as c
from sim.errors import Break
from sim.network import Int64Array, Network


@dataclass(frozen=True)
class Equation:
    """What should be equal: a row per stock point, unless one of the other fields says what a row is.

    Attributes:
        per_item: a row per item of the whole network.
        rows: the stock point of each row.
        names: what each row is about, in place of `what`.
        places: a row per place that is no stock point, by these names.
    """

    what: str
    expected: Int64Array
    found: Int64Array
    per_item: bool = False
    rows: Int64Array | None = None
    names: tuple[str, ...] = ()
    places: tuple[str, ...] = ()

    def broken_at(self, network: Network, row: int) -> Break:
        """The break at one row, with the names of its item and node."""
        expected, found = int(self.expected[row]), int(self.found[row])
        what = self.names[row] if self.names else self.what
        if self.places:
            return Break(what, "", self.places[row], expected, found)
        if self.per_item:
            return Break(what, network.item_names[row], "", expected, found)
        point = row if self.rows is None else int(self.rows[row])
        node, item = network.parameter[point, c.P_NODE], network.parameter[point, c.P_ITEM]
        return Break(what, network.item_names[item], network.node_names[node], expected, found)
