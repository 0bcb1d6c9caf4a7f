"""From names in the tables of a state to rows of the network."""

import numpy as np
import numpy.typing as npt

from sim import columns as c
from sim.network import ALTERNATIVE_LANE, ALTERNATIVE_LAST, ALTERNATIVE_SOURCE, Int64Array, Network
from sim.state.meta import StateMeta, demand_fingerprint
from sim.state.read import Rows
from sim.state.save import lane_numbers


class StatePoints:
    """Looks up stock points and lanes. Its arrays have one element more than there are stock points: that of row -1."""

    def __init__(self, network: Network) -> None:
        self._network = network
        parameter = network.parameter
        self._key = parameter[:, c.P_NODE] * network.items + parameter[:, c.P_ITEM]
        flags = np.append(parameter[:, c.P_FLAGS], 0)
        self.outside: npt.NDArray[np.bool_] = (flags & c.SP_SUPPLIER) != 0
        self.tracked: npt.NDArray[np.bool_] = (flags[:-1] & (c.SP_LOTS | c.SP_SUPPLIER)) == c.SP_LOTS

    def at(self, node: Int64Array, item: Int64Array) -> Int64Array:
        """Stock points of pairs of node and item; -1 where there is none."""
        key = node * self._network.items + item
        row = np.minimum(np.searchsorted(self._key, key), len(self._key) - 1)
        return np.where((node >= 0) & (item >= 0) & (self._key[row] == key), row, -1)

    def of(self, rows: Rows) -> Int64Array:
        """Stock points of the columns node and item of a table."""
        return self.at(rows["node"], rows["item"])

    def sources(self, rows: Rows, points: Int64Array) -> Int64Array:
        """Stock points that goods in transit have left: of `from_node`, or the usual source; -1 where there is none."""
        usual = np.append(self._network.parameter[:, c.P_SOURCE], -1)[points]
        stated = self.at(rows["from_node"], rows["item"])
        return np.where(rows["from_node"] >= 0, stated, usual)

    def lanes_between(self, sources: Int64Array, points: Int64Array) -> Int64Array:
        """Lanes by which stock points order from these sources: an alternative's, else the usual one; -1 for row -1."""
        network = self._network
        usual = np.append(network.parameter[:, c.P_LANE], -1)[points]
        first = np.append(network.parameter[:, c.P_SOURCING], -1)[points]
        for row in np.flatnonzero(first >= 0):
            alternative = first[row]
            while network.alternatives[alternative, ALTERNATIVE_SOURCE] != sources[row]:
                if network.alternatives[alternative, ALTERNATIVE_LAST]:
                    alternative = first[row]
                    break
                alternative += 1
            usual[row] = network.alternatives[alternative, ALTERNATIVE_LANE]
        return usual

    def lanes(self, rows: Rows) -> Int64Array:
        """Rows of the lanes that table `lanes` names; -1 where there is none."""
        ends = ((lane.from_node, lane.to_node) for lane in self._network.lanes)
        pairs = zip(ends, lane_numbers(self._network), strict=True)
        known = {(*pair, number): row for row, (pair, number) in enumerate(pairs)}
        names = zip(*(rows[name].tolist() for name in ("from_node", "to_node", "number")), strict=True)
        return np.array([known.get(name, -1) for name in names], np.int64)

    def demand_is_that_of(self, meta: StateMeta) -> bool:
        """Whether the state was saved under the same demand as the network's."""
        return meta.demand == demand_fingerprint(self._network)
