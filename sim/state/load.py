"""Makes a twin from the checked tables of a state, ready to go on."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from sim import columns as c
from sim.demand.drawer import DemandWindow, SourceState
from sim.flow import model as f
from sim.flow.opening import first_reviews
from sim.network import DEMAND_LOST, DEMAND_WHOLE, Int64Array, Network
from sim.record.records import Recorder, RunStart
from sim.state import layout
from sim.state.forecasts import load_forecasts
from sim.state.kinds import ABSENT
from sim.state.names import MachineNames
from sim.state.place import put_goods, put_into_parcels, put_layers, put_requests, put_stock, want_allocations
from sim.state.plant_load import load_plants, packed_who
from sim.state.points import StatePoints
from sim.state.read import Rows, StateTables
from sim.trucks import DispatcherRecord, VehicleRecord

if TYPE_CHECKING:
    from sim.engine import Twin

_SPARE_ROWS = 256


@dataclass
class _Goods:
    """What is under way, with every empty cell filled in; `row` is its place in the parcel pool."""

    point: Int64Array
    source: Int64Array
    quantity: Int64Array
    order: Int64Array
    arrives_ms: Int64Array  # ABSENT: at a dock or on a truck
    dispatched_ms: Int64Array
    sequence: Int64Array
    route: Int64Array
    trip: Int64Array
    unit_cost_milli: Int64Array
    row: Int64Array


def resume_twin(network: Network, tables: StateTables, seed: int, replication: int, recorder: Recorder) -> "Twin":
    """A twin that stands at the state's instant.

    Args:
        network: as `continuing` gives it.
        tables: read and checked.
        seed, replication: of the random streams from here on. The state's own go on exactly; others draw their own
            demand from here on.
        recorder: made with `start_ms` set to the state's instant.
    """
    from sim.engine import Twin

    twin = Twin(network, seed, replication, recorder, tables.meta.time_ms)
    _Loader(twin, tables).load()
    return twin


def continuing(network: Network, time_ms: int) -> Network:
    """The network for a run that starts from a state of `time_ms`: no warm-up, all from there on is measured."""
    return replace(network, warm_up_ms=time_ms)


class _Loader:
    """Fills an empty twin, table by table."""

    def __init__(self, twin: "Twin", tables: StateTables) -> None:
        self.twin = twin
        self.network = twin.network
        self.tables = tables
        self.meta = tables.meta
        self.points = StatePoints(twin.network)
        self.names = MachineNames(twin.network)
        self.next_order = tables.meta.next_order

    def load(self) -> None:
        model, meta = self.twin.flow.model, self.meta
        sizes = [len(self.tables[table]) for table in (layout.WAITING, layout.IN_TRANSIT, layout.LAYERS)]
        lots = len(self.tables[layout.LOTS]) + self.network.stock_points + sizes[1] + sizes[2]
        self.twin.flow.make_room(max(*sizes, lots if self.points.tracked.any() else 0) + _SPARE_ROWS)
        model.clock[f.C_NOW] = meta.time_ms
        self._stock()
        goods = self._goods()
        self._waiting()
        self._lots(goods)
        model.clock[f.C_NEXT_ORDER] = self.next_order
        load_plants(self.twin, self.tables, self.points)
        self._lanes_and_suppliers()
        self._demand()
        self._trucks(goods)
        self.twin.attach_reviews(meta.time_ms)
        load_forecasts(self.twin, self.tables)
        if meta.kind == "extract":
            want_allocations(model.address)
            first_reviews(model.address)
        self.twin.start = RunStart(
            meta.time_ms, meta.next_order, meta.next_line, meta.next_trip, len(self.tables[layout.LOTS])
        )

    # --- stock, queues, goods under way ---------------------------------------------------------------------------
    def _stock(self) -> None:
        rows, model = self.tables[layout.STOCK], self.twin.flow.model
        points = self.points.of(rows)
        put_stock(model.address, points, rows["on_hand"], self.meta.time_ms)
        recorded = np.where(rows.given("recorded"), rows["recorded"], rows["on_hand"])
        model.state[points, c.S_RECORDED] = recorded
        model.state[points, c.S_OWNER] = rows["owner"]
        model.state[points, c.S_LEAD_TIME_DRAWS] = rows["lead_time_draws"]
        model.state[points, c.S_ASKED] = rows["asked"]
        if len(model.transfer_draws) == len(model.state):
            model.transfer_draws[points] = rows["transfer_draws"]
        model.state[:, c.S_LAST_MS] = self.meta.time_ms

    def _numbered(self, rows: Rows, name: str, following: int) -> tuple[Int64Array, int]:
        """A column of numbers in which empty cells get the next ones, and the number after those."""
        given = rows.given(name)
        new = np.cumsum(~given)
        return np.where(given, rows[name], following + new - 1), following + int(new[-1] if len(new) else 0)

    def _purchase_cost(self, rows: Rows, source: Int64Array) -> Int64Array:
        bought = (source >= 0) & self.points.outside[source]
        usual = np.where(bought, self.network.item_cost_milli[rows["item"]], 0)
        return np.where(rows.given("unit_cost_milli"), rows["unit_cost_milli"], usual)

    def _note_orders(self, points: Int64Array, source: Int64Array, quantity: Int64Array, cost: Int64Array) -> None:
        """Orders that the state brings without a number are listed as opening orders."""
        for row in zip(points.tolist(), source.tolist(), quantity.tolist(), cost.tolist(), strict=True):
            self.twin.recorder.orders.append(f.NONE, *row, 0)

    def _goods(self) -> _Goods:
        rows, model = self.tables[layout.IN_TRANSIT], self.twin.flow.model
        point = self.points.of(rows)
        source = self.points.sources(rows, point)
        order, self.next_order = self._numbered(rows, "order", self.next_order)
        sequence, next_dispatch = self._numbered(rows, "sequence", self.meta.next_dispatch)
        trip = np.where(rows.given("trip"), rows["trip"], f.NONE - rows["help"])
        lane = np.where(rows["help"] > 0, f.NONE, self.points.lanes_between(source, point))
        cost = self._purchase_cost(rows, source)
        goods = _Goods(
            point, source, rows["quantity"], order, rows["arrives_ms"], rows["dispatched_ms"], sequence,
            rows["route"], trip, cost, np.empty(len(rows), np.int64),
        )  # fmt: skip
        new = ~rows.given("order")
        self._note_orders(point[new], source[new], goods.quantity[new], cost[new])
        put_goods(
            model.address, point, source, goods.quantity, order, goods.arrives_ms, goods.dispatched_ms, sequence,
            goods.route, trip, cost, lane, goods.row,
        )  # fmt: skip
        model.parcel[goods.row, f.K_INSPECTED] = rows["inspected"]
        model.clock[f.C_NEXT_DISPATCH] = next_dispatch
        return goods

    def _waiting(self) -> None:
        rows, model = self.tables[layout.WAITING], self.twin.flow.model
        at, node = self.points.of(rows), rows["ordering_node"]
        customer = node < 0
        ordering = np.where(customer, f.NONE, self.points.at(node, rows["item"]))
        given = rows.given("reference")
        lines, orders = np.cumsum(~given & customer), np.cumsum(~given & ~customer)
        reference = np.where(customer, self.meta.next_line + lines - 1, self.next_order + orders - 1)
        reference = np.where(given, rows["reference"], reference)
        if len(rows):
            model.clock[f.C_NEXT_LINE] = self.meta.next_line + lines[-1]
            self.next_order += int(orders[-1])
        else:
            model.clock[f.C_NEXT_LINE] = self.meta.next_line
        lane = self.points.lanes_between(at, ordering)
        usual = np.where(customer, 1, np.append(model.lane[:, f.L_WHOLE], 1)[lane])
        whole = np.where(rows.given("whole"), rows["whole"], usual)
        cost = self._purchase_cost(rows, at)
        new = ~given & ~customer
        self._note_orders(ordering[new], at[new], rows["quantity"][new], cost[new])
        since = np.where(rows.given("since_ms"), rows["since_ms"], self.meta.time_ms)
        flags = whole * f.REQUEST_WHOLE + rows["urgent"] * f.REQUEST_URGENT
        flags = flags + np.where(customer, 0, lane << f.REQUEST_LANE_SHIFT)
        if self.twin.plants is not None:
            use = self._uses_waiting(rows)
            flags = np.where(customer, flags + ((use + 1) << f.REQUEST_USE_SHIFT), flags)
            cost = np.where(customer, packed_who(self.names, rows), cost)
        put_requests(model.address, at, ordering, rows["quantity"], since, reference, flags, cost)

    def _uses_waiting(self, rows: Rows) -> Int64Array:
        """The uses of machines that wait in the queue, -1 for people."""
        machine = self.names.machine_rows(rows["plant"], rows["line"], rows["machine"])
        use = self.names.use_rows(machine, rows["item"])
        return np.where(rows["use"] == 1, use, f.NONE)

    # --- lots -----------------------------------------------------------------------------------------------------
    def _lots(self, goods: _Goods) -> None:
        if not self.points.tracked.any():
            return
        model, table = self.twin.flow.model, self.tables[layout.LOTS]
        count = len(table)
        model.lot[:count] = np.column_stack(
            [
                self.points.of(table),
                table["order"],
                table["received_ms"],
                np.where(table.given("expires_ms"), table["expires_ms"], f.NEVER),
                table["unit_cost_milli"],
                table["quantity"],
            ]
        )[:, np.argsort(_LOT_COLUMNS)]
        model.clock[f.C_LOTS] = count
        rows = self.tables[layout.LAYERS]
        points, inside = self.points.of(rows), rows.given("parcel")
        lot = np.where(rows.given("lot"), rows["lot"], f.NONE)
        own = lot == f.NONE
        lot[own] = self._new_lots(points[own], rows["quantity"][own], rows["received_ms"][own])
        shelf = ~inside
        put_layers(model.address, points[shelf], lot[shelf], rows["quantity"][shelf], self.meta.time_ms)
        parcel_row = dict(zip(self.tables[layout.IN_TRANSIT]["parcel"].tolist(), goods.row.tolist(), strict=True))
        into = np.array([parcel_row[number] for number in rows["parcel"][inside].tolist()], np.int64)
        put_into_parcels(model.address, into, lot[inside], rows["quantity"][inside], self.meta.time_ms)
        self._lots_not_given(goods)

    def _new_lots(self, points: Int64Array, quantity: Int64Array, received_ms: Int64Array) -> Int64Array:
        """Lots for units of which no lot number is known; without a date they have the age of opening stock."""
        model, network = self.twin.flow.model, self.network
        first = int(model.clock[f.C_LOTS])
        number = np.arange(first, first + len(points))
        item = network.parameter[points, c.P_ITEM]
        received = np.where(received_ms == ABSENT, self.meta.time_ms - network.initial_age_ms[points], received_ms)
        life = network.item_shelf_life_ms[item]
        lot = model.lot[first : first + len(points)]
        lot[:, f.LOT_POINT] = points
        lot[:, f.LOT_ORDER] = f.NONE
        lot[:, f.LOT_RECEIVED_MS] = received
        lot[:, f.LOT_EXPIRES_MS] = np.where(life >= 0, received + life, f.NEVER)
        lot[:, f.LOT_UNIT_COST_MILLI] = network.item_cost_milli[item]
        lot[:, f.LOT_QUANTITY] = quantity
        model.clock[f.C_LOTS] = first + len(points)
        return number

    def _lots_not_given(self, goods: _Goods) -> None:
        """One lot for each shelf, and for each consignment between two nodes, whose lots the state does not name."""
        model, points = self.twin.flow.model, self.points
        state = model.state
        bare = points.tracked & (state[:, c.S_ON_HAND] > 0) & (state[:, c.S_LAYER_HEAD] == f.NONE)
        shelf = np.flatnonzero(bare)
        lots = self._new_lots(shelf, state[shelf, c.S_ON_HAND], np.full(len(shelf), ABSENT))
        put_layers(model.address, shelf, lots, state[shelf, c.S_ON_HAND].copy(), self.meta.time_ms)
        tracked = points.tracked[goods.point] & (goods.source >= 0) & ~points.outside[goods.source]
        sent = tracked & (goods.dispatched_ms >= 0) & (model.parcel[goods.row, f.K_LAYER] == f.NONE)
        lots = self._new_lots(goods.source[sent], goods.quantity[sent], np.full(int(sent.sum()), ABSENT))
        put_into_parcels(model.address, goods.row[sent], lots, goods.quantity[sent], self.meta.time_ms)

    # --- lanes, suppliers, demand ---------------------------------------------------------------------------------
    def _lanes_and_suppliers(self) -> None:
        model, lanes, suppliers = self.twin.flow.model, self.tables[layout.LANES], self.tables[layout.SUPPLIERS]
        model.lane[self.points.lanes(lanes), f.L_LAST_ARRIVAL_MS] = lanes["last_arrival_ms"]
        rows = model.node_supplier[suppliers["node"]]
        model.supplier[rows, f.U_PERIOD] = suppliers["period"]
        model.supplier[rows, f.U_USED] = suppliers["used"]

    def _demand(self) -> None:
        """Go on drawing where the saved run stood; a fresh start, another seed or demand draws anew from here on."""
        meta, twin, flow = self.meta, self.twin, self.twin.flow
        same_streams = (meta.seed, meta.replication) == (twin.seed, twin.replication)
        if meta.kind == "saved" and same_streams and self.points.demand_is_that_of(meta):
            rows = self.tables[layout.DEMAND_SOURCES]
            state = [np.array(rows[name]) for name in ("next_ms", "position", "step", "carry")]
            flow.drawer.state = SourceState(meta.drawn_to_ms, *state)
            flow.set_window(self._drawn_lines())
            return
        while flow.drawer.state.drawn_to_ms < meta.time_ms:
            end = min(flow.drawer.plan.next_window_end(flow.drawer.state.drawn_to_ms), meta.time_ms)
            flow.drawer.draw(end)
        flow.set_window(flow.drawer.draw(meta.time_ms))

    def _drawn_lines(self) -> DemandWindow:
        rows = self.tables[layout.DEMAND_LINES]
        names, job = np.unique(rows["job"], return_inverse=True)
        alone = int((names < 0).sum())
        job = np.maximum(job - alone, -1) if alone else job
        lines = np.bincount(job[job >= 0], minlength=len(names) - alone)
        return DemandWindow(
            from_ms=self.meta.time_ms,
            to_ms=self.meta.drawn_to_ms,
            time_ms=np.array(rows["time_ms"]),
            stock_point=self.points.of(rows).astype(np.int32),
            quantity=np.array(rows["quantity"]),
            flags=(rows["lost"] * DEMAND_LOST + rows["whole"] * DEMAND_WHOLE).astype(np.int8),
            job=job.astype(np.int32),
            job_lines=lines.astype(np.int32),
        )

    # --- trucks ---------------------------------------------------------------------------------------------------
    def _trucks(self, goods: _Goods) -> None:
        twin, rows, records = self.twin, self.tables[layout.VEHICLES], self.twin.truck_records
        names = [column.name for column in layout.VEHICLES.columns]
        known: dict[tuple[int, int], dict[str, Any]] = {}
        for values in zip(*(rows[name].tolist() for name in names), strict=True):
            record = dict(zip(names, values, strict=True))
            known[record["route"], record["vehicle"]] = record
        loads: dict[tuple[int, int], int] = {}
        for key, row in zip(
            zip(goods.route.tolist(), goods.trip.tolist(), strict=True), goods.row.tolist(), strict=True
        ):
            loads.setdefault(key, row)  # the head of a truck's load comes first
        for number, route in enumerate(self.network.routes):
            records.dispatchers.append(DispatcherRecord(number))
            for vehicle in range(route.vehicles):
                one = VehicleRecord(**known.get((number, vehicle), {"route": number, "vehicle": vehicle}))
                if one.trip != f.NONE:
                    one.load = loads.get((number, one.trip), f.NONE)
                records.vehicles.append(one)
        records.next_trip = self.meta.next_trip
        twin.attach_trucks()
        for vehicle_ in twin.vehicles:
            if vehicle_.route.breakdown_every is not None and vehicle_.record.driving_to_breakdown_ms == f.NONE:
                vehicle_.prepare()
            if vehicle_.record.trip != f.NONE:
                twin.environment.process(vehicle_.drive())
        self._dispatchers()

    def _dispatchers(self) -> None:
        rows = self.tables[layout.DISPATCHERS]
        planned = dict(zip(rows["route"].tolist(), rows["next_ms"].tolist(), strict=True))
        for number, dispatcher in enumerate(self.twin.dispatchers):
            next_ms = planned.get(number)
            if next_ms is None:
                dispatcher.start(self.meta.time_ms)
            elif next_ms != ABSENT:
                dispatcher.record.next_ms = next_ms
                dispatcher.resume()


_LOT_COLUMNS = (
    f.LOT_POINT,
    f.LOT_ORDER,
    f.LOT_RECEIVED_MS,
    f.LOT_EXPIRES_MS,
    f.LOT_UNIT_COST_MILLI,
    f.LOT_QUANTITY,
)
"""Columns of the pool of lots, in the order of the state's table."""
