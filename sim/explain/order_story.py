"""What became of a replenishment order: its steps against the usual, and the step that was late."""

from dataclasses import dataclass
from typing import Any, Final

from sim import columns as c
from sim.explain.order_steps import OrderHistory, OrderSteps
from sim.explain.run_files import RunFiles
from sim.explain.suppliers import Release, Suppliers
from sim.explain.tables import BEFORE_START, Tables
from sim.explain.tree import Cause, RootCause, Statement
from sim.explain.wording import Wording, span

LATE: Final = 1.2
"""An order is late when it takes longer than this multiple of the usual time."""

_NOTABLE: Final = 0.2
"""A step is worth naming when it exceeds its usual time by this share of the order's usual time."""


@dataclass(frozen=True)
class Delays:
    """By how much each step of an order exceeded what is usual, in ms, and what is usual in all."""

    source_ms: int
    dock_ms: int
    transit_ms: int
    usual_ms: int

    @property
    def total_ms(self) -> int:
        return self.source_ms + self.dock_ms + self.transit_ms


class OrderStory:
    """Tells the story of orders in one replication."""

    def __init__(self, run: RunFiles, tables: Tables, steps: OrderSteps, suppliers: Suppliers, words: Wording) -> None:
        self._run = run
        self._tables = tables
        self._steps = steps
        self._suppliers = suppliers
        self._words = words

    def delays(self, history: OrderHistory) -> Delays:
        """Delays of an order. Usual is to find stock at the source, whatever the lane's other orders met.

        Where the lane has too few other orders, it is what remains without the delays that can be pointed at.
        """
        steps, usual = history.steps, history.usual
        if usual is None:
            release = self._release(history)
            held = 0 if release is None else release.delay_ms
            missed = self.missed_trips(history)
            dock = steps.dock_ms if missed else 0
            return Delays(steps.source_ms, dock, held, steps.total_ms - steps.source_ms - dock - held)
        return Delays(
            steps.source_ms,
            steps.dock_ms - usual.dock_ms,
            steps.transit_ms - usual.transit_ms,
            usual.dock_ms + usual.transit_ms,
        )

    def is_late(self, history: OrderHistory) -> bool:
        """Whether it took clearly longer than is usual."""
        delays = self.delays(history)
        return history.steps.total_ms > LATE * delays.usual_ms and delays.total_ms > 0

    def due_ms(self, history: OrderHistory) -> int:
        """When it would have come if every step had taken its usual time."""
        return history.order.time_ms + self.delays(history).usual_ms

    def missed_trips(self, history: OrderHistory) -> list[dict[str, Any]]:
        """Trips of the lane's route that left while the goods lay at the dock."""
        route, shipment = self._steps.route_of(history.order), history.shipment
        if route < 0 or shipment is None or shipment.dispatched_ms == BEFORE_START:
            return []
        return [
            trip
            for trip in self._tables.trips.values()
            if trip["route"] == route
            and trip["departed_ms"] >= shipment.dispatched_ms
            and (shipment.trip < 0 or trip["trip"] < shipment.trip)
        ]

    # --- words --------------------------------------------------------------------------------------------------------

    def tell(self, history: OrderHistory, statement: Statement) -> Statement:
        """Say when the order was placed, given, dispatched and received, against the usual."""
        order, words = history.order, self._words
        source = self._run.node_name(order.source) if order.source >= 0 else "outside"
        if order.time_ms == BEFORE_START:
            text = f"{words.amount(order.quantity)} were on order from {source} since before the start"
        else:
            kind = "" if order.queued and order.kind == c.ORDER_USUAL else f" ({c.ORDER_KINDS[order.kind]})"
            text = f"order {order.number}{kind}: {words.amount(order.quantity)} from {source}"
            text += f", placed {words.moment(order.time_ms)}"
        if history.received_ms is None:
            text += ", not received by the end of the run"
        else:
            text += f", received {words.moment(history.received_ms)}"
        told = statement.add(text + self._duration(history), order=order.number, quantity=order.quantity)
        if order.time_ms != BEFORE_START:
            self._tell_steps(history, told)
        return told

    def _duration(self, history: OrderHistory) -> str:
        if history.order.time_ms == BEFORE_START:
            return ""
        text = f": {span(history.steps.total_ms)}"
        if history.usual is None:
            return f"{text} (no more than {history.compared} other orders of this lane to compare with)"
        return f"{text}, usually {span(history.usual.total_ms)} (median of {history.compared})"

    def _tell_steps(self, history: OrderHistory, told: Statement) -> None:
        steps, usual, words, shipment = history.steps, history.usual, self._words, history.shipment
        by_truck = self._steps.route_of(history.order) >= 0
        rows = [("source", f"waited for stock at {self._run.node_name(history.order.source)}", shipment is None)]
        if shipment is not None and by_truck:
            rows.append(("dock", "waited at the dock for a truck", shipment.trip < 0))
        if shipment is not None and (not by_truck or shipment.trip >= 0):
            rows.append(("transit", "was under way", history.received_ms is None))
        for name, what, unfinished in rows:
            ms = getattr(steps, f"{name}_ms")
            if name == "source" and self._run.is_supplier(history.order.source):
                continue
            compared = "" if usual is None else f", usually {span(getattr(usual, f'{name}_ms'))}"
            ended = " until the end of the run" if unfinished else ""
            told.add(f"{what} {span(ms)}{ended}{compared}", step=name, ms=ms)
        release = self._release(history)
        if release is not None and release.delay_ms > 0:
            told.add(
                f"released by the supplier {words.moment(release.released_ms)}, {span(release.delay_ms)} later",
                released_ms=release.released_ms,
            )

    # --- causes -------------------------------------------------------------------------------------------------------

    def causes(self, history: OrderHistory, told: Statement, main: bool) -> list[RootCause]:
        """The late steps but for the wait at the source, which is explained there; the largest first."""
        delays = self.delays(history)
        least = max(_NOTABLE * delays.usual_ms, 1)
        found: list[tuple[int, RootCause]] = []
        if delays.dock_ms >= least:
            found.append((delays.dock_ms, self._dock(history, told, main)))
        if delays.transit_ms >= least:
            found += [(delays.transit_ms, self._transit(history, main))]
        return [cause for _, cause in sorted(found, key=lambda one: -one[0])]

    def waited_at_source(self, history: OrderHistory) -> bool:
        """Whether the source's lack of stock is worth explaining."""
        delays = self.delays(history)
        return delays.source_ms >= max(_NOTABLE * delays.usual_ms, 1)

    def _release(self, history: OrderHistory) -> Release | None:
        shipment = history.shipment
        if shipment is None or shipment.dispatched_ms == BEFORE_START or not self._run.is_supplier(shipment.source):
            return None
        return self._suppliers.release(shipment)

    def _dock(self, history: OrderHistory, told: Statement, main: bool) -> RootCause:
        words, node = self._words, self._run.node_name(history.order.source)
        route = self._run.routes["name"][self._steps.route_of(history.order)]
        missed = self.missed_trips(history)
        for trip in missed[:3]:
            left = words.moment(trip["departed_ms"])
            told.add(f"trip {trip['trip']} of {route} left {left} without it, {self._load(trip)}", trip=trip["trip"])
        waited = span(history.steps.dock_ms)
        if missed:
            first = f"trip {missed[0]['trip']} of {route} left without it, {self._load(missed[0])}"
            more = f", and {len(missed) - 1} more after that" if len(missed) > 1 else ""
            text = (
                f"the goods of order {history.order.number} were left behind at {node}: {first}{more}; waited {waited}"
            )
            return RootCause(Cause.LEFT_BEHIND, node, text, main)
        text = f"the goods of order {history.order.number} waited {waited} at {node} for the next departure of {route}"
        return RootCause(Cause.NEXT_DEPARTURE, node, text, main)

    def _load(self, trip: dict[str, Any]) -> str:
        routes, row = self._run.routes, trip["route"]
        shares = (
            (trip["volume_ml"] / max(routes["capacity_ml"][row], 1), "volume"),
            (trip["weight_g"] / max(routes["capacity_g"][row], 1), "weight"),
        )
        share, what = max(shares)
        return f"loaded to {min(share, 1.0):.0%} of its {what}"

    def _transit(self, history: OrderHistory, main: bool) -> RootCause:
        order, shipment = history.order, history.shipment
        source = self._run.node_name(order.source) if order.source >= 0 else "outside"
        took = f"{span(history.steps.transit_ms)}"
        if history.usual is not None:
            took += f" instead of {span(history.usual.transit_ms)}"
        if self._run.is_supplier(order.source):
            return self._supplier(history, source, took, main)
        if shipment is not None and shipment.trip >= 0:
            text = f"the truck with order {order.number} from {source} took {took}"
            return RootCause(Cause.SLOW_TRIP, source, text, main)
        return RootCause(
            Cause.SLOW_PARCEL, source, f"the parcel with order {order.number} from {source} took {took}", main
        )

    def _supplier(self, history: OrderHistory, source: str, took: str, main: bool) -> RootCause:
        """What held a supplier's delivery up most: an outage, closed days, capacity, or the lead time itself."""
        release, order, words = self._release(history), history.order, self._words
        delays = self.delays(history)
        if release is None or 2 * release.delay_ms < delays.transit_ms:
            text = f"the supplier {source} was late: order {order.number} took {took}"
            return RootCause(Cause.SUPPLIER_LEAD_TIME, source, text, main)
        if 2 * release.capacity_ms >= release.delay_ms:
            text = f"the supplier {source} was at its capacity: order {order.number} was released "
            return RootCause(Cause.SUPPLIER_CAPACITY, source, text + f"{span(release.delay_ms)} after it came in", main)
        met = (release.outage, Cause.SUPPLIER_OUTAGE, "had an outage")
        if release.outage is None or (release.closed is not None and _length(release.closed) > _length(release.outage)):
            met = (release.closed, Cause.SUPPLIER_CLOSED, "was closed")
        interval, cause, what = met
        when = "" if interval is None else f" from {words.moment(interval[0])} to {words.moment(interval[1])}"
        text = f"the supplier {source} {what}{when}: order {order.number} left {span(release.delay_ms)} late"
        return RootCause(cause, source, text, main)


def _length(interval: tuple[int, int]) -> int:
    return interval[1] - interval[0]
