"""What a pool did for a customer who had to wait: who gave, who could not, and why not."""

from sim import columns as c
from sim.explain.order_steps import OrderSteps
from sim.explain.run_files import RunFiles
from sim.explain.stock_paths import Request, StockPath
from sim.explain.tables import Tables
from sim.explain.tree import Cause, RootCause, Statement
from sim.explain.wording import Wording, span
from sim.network import Link, Network

_GIFTS = (c.ORDER_TRANSFER, c.ORDER_EMERGENCY)


class PoolStory:
    """Tells what the others of a pool could do; needs the network for the pools' links and hold-backs."""

    def __init__(
        self, run: RunFiles, tables: Tables, paths: dict[int, StockPath], steps: OrderSteps, words: Wording
    ) -> None:
        self._run = run
        self._tables = tables
        self._paths = paths
        self._steps = steps
        self._words = words

    def tell(self, point: int, request: Request, tree: Statement) -> list[RootCause]:
        """Gifts for a customer's line and, if they did not cover it, why the others gave nothing."""
        if not request.customer or not self._run.stock_points["flags"][point] & c.SP_ASKS:
            return []
        words, given, givers = self._words, 0, set()
        for order in self._tables.orders_of(point):
            if order.time_ms == request.time_ms and order.kind in _GIFTS:
                history = self._steps.history(order, None)
                came = "under way at the end" if history.received_ms is None else f"in {span(history.steps.total_ms)}"
                what = c.ORDER_KINDS[order.kind]
                tree.add(f"{what} of {words.amount(order.quantity)} from {self._run.node_name(order.source)}, {came}")
                given += order.quantity
                givers.add(order.source)
        if given >= request.missing:
            return []
        reasons = self._refusals(point, request, givers)
        amount = words.amount(given) if given else "nothing"
        told = tree.add(f"the pool was asked for {words.amount(request.missing)} and gave {amount}")
        for reason in reasons:
            told.add(reason)
        node = self._run.node_name(point)
        missing = "the rest" if given else "anything"
        return [RootCause(Cause.DONOR_NOTHING, node, f"nobody in the pool of {node} could give {missing}", main=False)]

    def _refusals(self, point: int, request: Request, givers: set[int]) -> list[str]:
        """Why each of the others gave nothing, in the order in which they are tried."""
        network = self._run.network
        pool = int(network.parameter[point, c.P_POOL])
        node = int(network.parameter[point, c.P_NODE])
        if pool < 0:
            return []
        links = [link for link in network.pools[pool].links if link.to_node == node]
        return [reason for link in links if (reason := self._refusal(network, link, request, givers))]

    def _refusal(self, network: Network, link: Link, request: Request, givers: set[int]) -> str:
        words, name = self._words, network.node_names[link.from_node]
        at = [one for one in self._paths if network.parameter[one, c.P_NODE] == link.from_node]
        if not at:
            return f"{name} does not have the item"
        giver = at[0]
        if giver in givers or self._run.is_supplier(giver):
            return ""
        if not link.emergency and not network.parameter[giver, c.P_FLAGS] & c.SP_GIVES:
            return f"{name} does not give"
        level = self._paths[giver].level_at(request.at)
        if level.waiting > 0:
            return f"{name} had {words.amount(level.on_hand)} on hand and others waiting itself"
        kept = int(network.parameter[giver, c.P_RESERVE if link.emergency else c.P_HOLD_BACK])
        if level.on_hand <= kept and kept:
            return f"{name} had {words.amount(level.on_hand)} on hand and keeps {words.amount(kept)} for itself"
        if level.on_hand == 0:
            return f"{name} had nothing on hand"
        return f"{name} had {words.amount(level.on_hand)} on hand, less than it may give for this line"
