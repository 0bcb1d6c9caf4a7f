"""The explanation of a short request: its shelf, the order that should have helped, and that order's source in turn."""

from typing import Final

from sim import columns as c
from sim.explain.order_steps import OrderHistory, OrderSteps
from sim.explain.order_story import OrderStory
from sim.explain.pooling import PoolStory
from sim.explain.run_files import RunFiles
from sim.explain.shelf import Shelf
from sim.explain.stock_paths import Request, StockPath
from sim.explain.suppliers import Suppliers
from sim.explain.tables import BEFORE_START, UNDER_WAY, Order, Tables
from sim.explain.tree import Cause, Explanation, RootCause, Statement
from sim.explain.wording import Wording, span

_DEEPEST: Final = 8


class Explainer:
    """Explains the short requests of one item in one replication; `paths` are its levels by stock point."""

    def __init__(
        self, run: RunFiles, tables: Tables, paths: dict[int, StockPath], replication: int, words: Wording
    ) -> None:
        self._run = run
        self._tables = tables
        self.paths = paths
        self._words = words
        self._told: set[int] = set()
        self._steps = OrderSteps(run, tables)
        self._story = OrderStory(run, tables, self._steps, Suppliers(run, tables, replication), words)
        self._pool = PoolStory(run, tables, paths, self._steps, words)

    def explain(self, point: int, request: Request) -> Explanation:
        """The tree, the root causes (main ones first) and the sentence that names them."""
        self._told.clear()
        tree = Statement(self.headline(point, request), self.figures(request))
        causes = self._explain(point, request, tree, 0)
        causes.sort(key=lambda cause: not cause.main)
        return Explanation(tree, causes, _summary(causes))

    # --- the request --------------------------------------------------------------------------------------------------

    def headline(self, point: int, request: Request) -> str:
        """When, how much was asked for, how much was there, how long it took."""
        words, at_once = self._words, request.given_at_once
        who = "a customer" if request.customer else self._who(request)
        text = f"{words.moment(request.time_ms)}: {who} asked {self._run.node_name(point)} for "
        text += f"{words.amount(request.quantity)} and got {words.amount(at_once) if at_once else 'nothing'} at once"
        if request.lost:
            return f"{text}; {words.amount(request.lost)} were lost"
        end = self._run.manifest.horizon_ms
        if request.served_ms is None:
            return f"{text}; still waiting at the end of the run after {span(request.wait_ms(end))}"
        return f"{text}; the rest came {words.moment(request.served_ms)}, after {span(request.wait_ms(end))}"

    def _who(self, request: Request) -> str:
        order = self._tables.order(request.number)
        name = "another node" if order is None else self._run.node_name(order.point)
        return f"{name} (order {request.number})"

    def figures(self, request: Request) -> dict[str, object]:
        """The same as data; times in ms since the start, quantities in the item's integer units."""
        return {
            "kind": "customer" if request.customer else "order",
            "number": request.number,
            "time_ms": request.time_ms,
            "quantity": request.quantity,
            "at_once": request.given_at_once,
            "lost": request.lost,
            "served_ms": request.served_ms,
            "on_hand": request.on_hand,
            "waiting": request.waiting,
        }

    # --- the chain ----------------------------------------------------------------------------------------------------

    def _explain(self, point: int, request: Request, tree: Statement, depth: int) -> list[RootCause]:
        path, words = self.paths[point], self._words
        shelf = Shelf(self._run, path, self._tables.start_ms, words)
        there = f"{words.amount(request.on_hand)} on hand"
        if request.waiting > 0:
            there += f", {words.amount(request.waiting)} owed to others who came first"
        tree.add(f"on the shelf then: {there}", on_hand=request.on_hand, waiting=request.waiting)
        pool = self._pool.tell(point, request, tree)
        return self._explain_stock(point, request, shelf, tree, depth) + pool

    def _explain_stock(
        self, point: int, request: Request, shelf: Shelf, tree: Statement, depth: int
    ) -> list[RootCause]:
        """Why there was no stock of the own, and why what was ordered did not come in time."""
        path = self.paths[point]
        helping, to_blame = self._helping_order(path, request)
        if not shelf.holds_stock:
            text = f"{self._run.node_name(point)} does not stock the item; every unit is ordered when it is asked for"
            tree.add(text)
            return [RootCause(Cause.NOT_STOCKED, self._run.node_name(point), text.partition(";")[0])] + (
                [] if helping is None else self._order_causes(helping, tree, depth, main=False)
            )
        if helping is not None and to_blame:
            window = shelf.window(request, helping)
            shelf.describe(window, tree)
            causes = self._order_causes(helping, tree, depth, main=True)
            if causes:
                return causes + (shelf.gave_away(request, window) or shelf.surge(window))
        first = path.first_of_shortage(request)
        if first is not request:
            return self._explain_first(point, first, helping, tree, depth)
        window = shelf.window(request, helping)
        shelf.describe(window, tree)
        if helping is None:
            tree.add("nothing was on order then")
            return shelf.causes(request, helping, window)
        return shelf.causes(request, helping, window) + self._order_causes(helping, tree, depth, main=False)

    def _explain_first(
        self, point: int, first: Request, helping: OrderHistory | None, tree: Statement, depth: int
    ) -> list[RootCause]:
        """The shelf had been empty before: explain the request that found it so first, and then the order awaited."""
        told = tree.add(f"others were waiting already; the first of them: {self.headline(point, first)}")
        causes = self._explain(point, first, told, depth)
        if helping is None or helping.order.number in self._told:
            return causes
        own = self._order_causes(helping, tree, depth, main=False)
        known = {one.text for one in causes}
        return causes + [one for one in own if one.text not in known]

    def _is_overdue(self, history: OrderHistory, request: Request) -> bool:
        """Whether the order was late, and in its usual time would have come before the request."""
        if not BEFORE_START < history.order.time_ms < request.time_ms:
            return False
        return self._story.is_late(history) and self._story.due_ms(history) <= request.time_ms

    def _helping_order(self, path: StockPath, request: Request) -> tuple[OrderHistory | None, bool]:
        """The order that should have prevented the shortage, and whether it is to blame for it.

        The most overdue one, if what was overdue would have covered the shortage; else the one that ended it; else
        (none did) the oldest that was open.
        """
        open_then = self._open_orders(path, request)
        late = [one for one in open_then if self._is_overdue(one, request)]
        short = request.quantity + request.waiting - request.on_hand
        if sum(self._still_to_come(one.order, request.time_ms) for one in late) >= short and late:
            return max(late, key=lambda one: request.time_ms - self._story.due_ms(one)), True
        ending = self._ending_receipt(path, request)
        if ending is not None:
            order = self._tables.order(ending[1])
            return (None if order is None else self._steps.history(order, ending[0])), False
        return (open_then[0] if open_then else None), False

    def _still_to_come(self, order: Order, time_ms: int) -> int:
        """Units of an order that had not been received by an instant."""
        shipments = self._tables.shipments_of(order.number)
        return order.quantity - sum(one.quantity for one in shipments if 0 <= one.received_ms <= time_ms)

    def _open_orders(self, path: StockPath, request: Request) -> list[OrderHistory]:
        """Orders placed before the request whose goods had not all come by then, oldest first."""
        found = []
        for order in self._tables.orders_of(path.point):
            if order.time_ms >= request.time_ms:
                break
            if not order.queued:
                continue
            received = self._next_receipt(order, request.time_ms)
            if received is not None:
                found.append(self._steps.history(order, received))
        return found

    def _next_receipt(self, order: Order, time_ms: int) -> int | None:
        """When goods of an order came next after an instant (UNDER_WAY: not by the end); None if all had come."""
        shipments = self._tables.shipments_of(order.number)
        later = [one.received_ms for one in shipments if one.received_ms > time_ms]
        if later:
            return min(later)
        given = sum(one.quantity for one in shipments)
        under_way = any(one.received_ms == UNDER_WAY for one in shipments)
        return UNDER_WAY if under_way or given < order.quantity else None

    def _ending_receipt(self, path: StockPath, request: Request) -> tuple[int, int] | None:
        """Time and order of the receipt that satisfied a request, or of the next one after a request that was lost."""
        end = (self._run.manifest.horizon_ms, 0) if request.served_ms is None else request.gifts[-1][0]
        receipts = [one for one in path.between(request.at, end) if one.event == c.E_RECEIPT]
        receipts = [one for one in receipts if not self._is_gift(one.reference)]
        if not receipts:
            return None
        chosen = receipts[0] if request.lost else receipts[-1]
        return chosen.at[0], chosen.reference

    def _is_gift(self, number: int) -> bool:
        """Whether an order was given by the pool or as an emergency, not by a source."""
        order = self._tables.order(number)
        return order is not None and not order.queued

    def _order_causes(self, helping: OrderHistory, tree: Statement, depth: int, main: bool) -> list[RootCause]:
        """Tell the order's story, go on at its source if it had to wait there, and collect the causes."""
        told = self._story.tell(helping, tree)
        order = helping.order
        self._told.add(order.number)
        if order.time_ms == BEFORE_START:
            return []
        causes = self._story.causes(helping, told, main)
        asked = self.paths[order.source].requests.get((False, order.number)) if order.source in self.paths else None
        if asked is None or self._run.is_supplier(order.source) or not self._story.waited_at_source(helping):
            return causes
        if depth >= _DEEPEST:
            return causes
        below = told.add(self.headline(order.source, asked), **self.figures(asked))
        upstream = self._explain(order.source, asked, below, depth + 1)
        return causes + _blamed_on(self._run.node_name(order.source), upstream, main)


def _blamed_on(node: str, upstream: list[RootCause], main: bool) -> list[RootCause]:
    """The causes found upstream, after the fact that the source was short."""
    short = RootCause(Cause.UPSTREAM_SHORT, node, f"{node} was short itself", main)
    return [short, *(RootCause(one.cause, one.node, one.text, main and one.main) for one in upstream)]


def _summary(causes: list[RootCause]) -> str:
    """One sentence that names the root causes; what only made the wait longer comes after them."""
    if not causes:
        return "The records do not tell why."
    main = [cause.text for cause in causes if cause.main]
    longer = [cause.text for cause in causes if not cause.main]
    text = "It was short because " + ", and ".join(main) if main else "It was short for an unknown reason"
    if longer:
        text += ". The wait was longer because " + ", and ".join(longer)
    return text + "."
