"""Names in the tables of a state and the rows of the network that they stand for."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from sim.columns import CAUSE_NAMES, STOP_CAUSES
from sim.network import Int64Array, Network
from sim.plant_plan import PlantPlan
from sim.state.kinds import Kind

NAMES: Final = (Kind.NODE, Kind.ITEM, Kind.ROUTE, Kind.GATEWAY, Kind.CAUSE, Kind.STOP)
"""Kinds of columns whose cells are names out of a list; -1 stands for an empty cell."""
WHAT: Final = {
    Kind.NODE: "node",
    Kind.ITEM: "item",
    Kind.ROUTE: "route",
    Kind.GATEWAY: "gateway",
    Kind.CAUSE: "cause",
    Kind.STOP: "cause",
}
"""How messages call them."""
_NOBODY: Final = (-1, "", "")
Columns = dict[str, npt.NDArray[Any]]
Texts = npt.NDArray[Any]


def plan_of(network: Network) -> PlantPlan:
    """The network's plants; an empty plan where it has none."""
    return network.plant_plan or PlantPlan()


def names_of(network: Network, kind: Kind) -> tuple[str, ...]:
    """The list of names that cells of such a kind are out of, in order of their rows."""
    if kind is Kind.NODE:
        return network.node_names
    if kind is Kind.ITEM:
        return network.item_names
    if kind is Kind.ROUTE:
        return tuple(route.name for route in network.routes)
    if kind is Kind.GATEWAY:
        return tuple(gateway.name for gateway in plan_of(network).gateways)
    return CAUSE_NAMES if kind is Kind.CAUSE else STOP_CAUSES


class MachineNames:
    """Lines, machines and uses of a plan by name: a plant's node, the names of line and machine, an item."""

    def __init__(self, network: Network) -> None:
        self.lines: list[tuple[int, str]] = []
        self.machines: list[tuple[int, str, str]] = []
        self.uses: list[tuple[int, int]] = []  # machine, item
        self.homes: list[int] = []  # of each use
        for plant in plan_of(network).plants:
            for line in plant.lines:
                self.lines.append((plant.node, line.name))
                for machine in line.machines:
                    self.uses += [(len(self.machines), use.item) for use in machine.uses]
                    self.homes += [use.points[0] for use in machine.uses]
                    self.machines.append((plant.node, line.name, machine.name))
        self._line = {key: row for row, key in enumerate(self.lines)}
        self._machine = {key: row for row, key in enumerate(self.machines)}
        self._use = {key: row for row, key in enumerate(self.uses)}

    def line_rows(self, plant: Int64Array, line: Texts) -> Int64Array:
        """Rows of lines, -1 where there is none of that name; `line` are texts."""
        return _found(self._line, zip(plant.tolist(), line.tolist(), strict=True))

    def machine_rows(self, plant: Int64Array, line: Texts, machine: Texts) -> Int64Array:
        """Rows of machines, -1 where there is none of that name; `line` and `machine` are texts."""
        return _found(self._machine, zip(plant.tolist(), line.tolist(), machine.tolist(), strict=True))

    def use_rows(self, machine: Int64Array, item: Int64Array) -> Int64Array:
        """Rows of uses, -1 where the machine does not use the item."""
        return _found(self._use, zip(machine.tolist(), item.tolist(), strict=True))

    def line_columns(self, rows: Int64Array) -> Columns:
        """Columns plant and line."""
        return _columns(("plant", "line"), self.lines, rows)

    def machine_columns(self, rows: Int64Array) -> Columns:
        """Columns plant, line and machine; row -1 is nobody's."""
        return _columns(("plant", "line", "machine"), self.machines, rows)


def _found(known: Mapping[Any, int], keys: Iterable[Any]) -> Int64Array:
    return np.array([known.get(key, -1) for key in keys], np.int64)


def _columns(names: tuple[str, ...], known: Sequence[tuple[Any, ...]], rows: Int64Array) -> Columns:
    nobody = _NOBODY[: len(names)]
    table = [nobody if row < 0 else known[row] for row in rows.tolist()]
    types = (np.int64, object, object)
    return {name: np.array([one[place] for one in table], types[place]) for place, name in enumerate(names)}
