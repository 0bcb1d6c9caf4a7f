"""Does a state make sense? One function per table; each finding says where it is and what would be right."""

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from policies.forecasting import METHODS
from sim import columns as c
from sim.network import Int64Array, Network
from sim.scenario.findings import Finding, Place, ScenarioError
from sim.state import layout
from sim.state.kinds import META, Kind, StateTable
from sim.state.plant_check import PlantCheck
from sim.state.points import StatePoints
from sim.state.read import Rows, StateTables, shown
from sim.state.save import unit_texts

_SHOWN: Final = 5
_MOST_HELP: Final = c.ORDER_REBALANCING - c.ORDER_TRANSFER + 1
_Mask = npt.NDArray[np.bool_]


def check_tables(network: Network, tables: StateTables) -> None:
    """ScenarioError with everything that does not fit the network or does not go together."""
    findings = list(_meta(network, tables))
    if not findings:
        check = Check(network, tables)
        check.run()
        findings = check.findings
    if findings:
        raise ScenarioError(findings)


def _meta(network: Network, tables: StateTables) -> Iterator[Finding]:
    meta, place = tables.meta, Place(shown(tables.folder / META))
    if meta.scenario and meta.scenario != network.name:
        message = f"this is a state of the scenario `{meta.scenario}`, not of `{network.name}`"
        yield Finding(message, "run that scenario (variants of it are welcome), or give another state", "", place)
    if meta.time_ms >= network.horizon_ms:
        message = f"the state is of {meta.time_ms} ms, and the scenario ends at {network.horizon_ms} ms"
        yield Finding(message, "use a longer horizon: --set horizon=...", "time_ms", place)
    if meta.kind == "saved" and meta.drawn_to_ms < meta.time_ms:
        hint = "take the file from the saved state again"
        yield Finding("demand is drawn up to an instant before the state's", hint, "drawn_to_ms", place)


class Check:
    """Collects the findings of all tables."""

    def __init__(self, network: Network, tables: StateTables) -> None:
        self.network = network
        self.tables = tables
        self.time_ms = tables.meta.time_ms
        self.saved = tables.meta.kind == "saved"
        self.points = StatePoints(network)
        self.findings: list[Finding] = []

    def run(self) -> None:
        for check in (
            self.stock, self.waiting, self.in_transit, self.layers, self.lots, self.vehicles, self.dispatchers,
            self.suppliers, self.lanes, self.demand, self.forecasts, self.levels,
        ):  # fmt: skip
            check()
        PlantCheck(self).run()

    def report(self, table: StateTable, wrong: _Mask, column: str, message: str, hint: str) -> None:
        """A finding for each of the first wrong rows."""
        rows = self.tables[table]
        places = np.flatnonzero(wrong)
        for row in places[:_SHOWN].tolist():
            more = f", and in {len(places) - _SHOWN} more rows" if len(places) > _SHOWN and row == places[0] else ""
            place = Place(table.name) if rows.source is None else rows.source.place_of(row, column)
            self.findings.append(Finding(message + more, hint, column, place))

    def own_points(self, table: StateTable) -> Int64Array:
        """Stock points of the rows' nodes and items; suppliers and combinations that do not exist are findings."""
        points = self.points.of(self.tables[table])
        self.report(
            table, points < 0, "item", "the scenario has no such item at this node",
            "stock it there in the scenario, or leave the row out",
        )  # fmt: skip
        supplier = (points >= 0) & self.points.outside[points]
        self.report(table, supplier, "node", "a supplier holds nothing that counts", "leave the row out")
        return np.where(supplier, -1, points)

    def doubled(self, table: StateTable, key: npt.NDArray[Any], column: str, what: str) -> None:
        """Findings for keys that are there twice."""
        _, first = np.unique(key, return_index=True)
        again = np.ones(len(key), np.bool_)
        again[first] = False
        self.report(table, again, column, f"{what} is there twice", "keep one row")

    def after(self, table: StateTable, column: str, rows: _Mask) -> None:
        """What has not happened yet cannot lie before the state's instant."""
        values = self.tables[table][column]
        message = f"this is before the instant of the state, {self.time_ms} ms"
        self.report(table, rows & (values < self.time_ms), column, message, f"use {self.time_ms} for at once")

    # --- goods ----------------------------------------------------------------------------------------------------
    def stock(self) -> None:
        rows, network = self.tables[layout.STOCK], self.network
        points = self.own_points(layout.STOCK)
        found = points >= 0
        self.doubled(layout.STOCK, np.where(found, points, -1 - np.arange(len(points))), "item", "this node and item")
        owner = np.zeros(len(points), np.bool_) if "owner" not in rows.columns else rows["owner"] != 0
        self.report(layout.STOCK, owner, "owner", "all stock belongs to the network itself so far", "use 0")
        units = np.array([*unit_texts(network), ""], dtype=object)
        item = rows["item"]
        wrong = (rows["unit"] != "") & (rows["unit"] != units[item])
        for name in np.unique(units[item[wrong]]).tolist() if wrong.any() else ():
            self.report(
                layout.STOCK, wrong & (units[item] == name), "unit", f"quantities of this item are counted in {name}",
                f"turn them into multiples of {name}",
            )  # fmt: skip

    def waiting(self) -> None:
        rows = self.tables[layout.WAITING]
        at, node = self.points.of(rows), rows["ordering_node"]
        customer = node < 0
        self.report(layout.WAITING, at < 0, "item", "the scenario has no such item at this node", "correct the name")
        outside = (at >= 0) & self.points.outside[at]
        self.report(layout.WAITING, outside & customer, "node", "customers do not wait at suppliers", "name a store")
        self.report(
            layout.WAITING, outside & ~customer, "node", "a supplier has given every order already",
            "list what is ordered from suppliers in in_transit",
        )  # fmt: skip
        ordering = self.points.at(node, rows["item"])
        self.report(
            layout.WAITING,
            ~customer & (ordering < 0),
            "ordering_node",
            "this node has no such item",
            "correct the name",
        )
        source = ~customer & (ordering >= 0) & self.points.outside[ordering]
        self.report(layout.WAITING, source, "ordering_node", "a supplier orders nothing", "name a warehouse or store")
        itself = ~customer & (ordering >= 0) & (ordering == at)
        self.report(layout.WAITING, itself, "ordering_node", "a node does not order from itself", "name the other one")
        late = rows.given("since_ms") & (rows["since_ms"] >= max(self.time_ms, 1))
        self.report(
            layout.WAITING, late, "since_ms", "nobody waits since the future", "use the past, or leave it empty"
        )
        meta = self.tables.meta
        if self.saved:
            following = np.where(customer, meta.next_line, meta.next_order)
            self.report(
                layout.WAITING, rows.given("reference") & (rows["reference"] >= following), "reference",
                "this number has not been given out yet", f"see next_line and next_order in {META}",
            )  # fmt: skip

    def in_transit(self) -> None:
        table, rows = layout.IN_TRANSIT, self.tables[layout.IN_TRANSIT]
        points = self.own_points(table)
        source = self.points.sources(rows, points)
        self.report(
            table, (points >= 0) & (source < 0), "from_node", "nothing of this item can come from there",
            "name a node that has the item, or leave it empty for the usual source",
        )  # fmt: skip
        arrives, route, trip = rows.given("arrives_ms"), rows.given("route"), rows.given("trip")
        self.report(
            table, arrives == route, "arrives_ms", "goods are either a parcel with an arrival or with a route",
            "give arrives_ms, or route",
        )  # fmt: skip
        self.after(table, "arrives_ms", arrives)
        inspected = rows["inspected"]
        self.report(table, trip & ~route & (inspected == 0), "trip", "a trip without its route", "name the route")
        self.report(table, inspected > 2, "inspected", "no such result of an inspection", "use 0 to 2")
        self.report(table, rows["help"] > _MOST_HELP, "help", "no such kind of help", f"use 0 to {_MOST_HELP}")
        self.report(
            table, rows["dispatched_ms"] >= max(self.time_ms, 0), "dispatched_ms", "nothing leaves in the future",
            "use -1 for before the start",
        )  # fmt: skip
        for number, one in enumerate(self.network.routes):
            here = route & (rows["route"] == number)
            stranger = here & ~np.isin(rows["node"], one.stop_nodes)
            self.report(table, stranger, "node", f"route `{one.name}` does not call at this node", "correct the route")
        vehicles = self.tables[layout.VEHICLES]
        on_trip = set(zip(vehicles["route"].tolist(), vehicles["trip"].tolist(), strict=True))
        nobody = [pair not in on_trip for pair in zip(rows["route"].tolist(), rows["trip"].tolist(), strict=True)]
        self.report(
            table, trip & route & np.array(nobody, np.bool_), "trip", "no vehicle is on this trip", "see vehicles"
        )
        numbered = rows.given("parcel")
        self.doubled(
            table, np.where(numbered, rows["parcel"], -1 - np.arange(len(rows))), "parcel", "this parcel number"
        )
        if self.saved:
            unknown = rows.given("order") & (rows["order"] >= self.tables.meta.next_order)
            self.report(table, unknown, "order", "this number has not been given out yet", f"see next_order in {META}")

    def layers(self) -> None:
        table, rows = layout.LAYERS, self.tables[layout.LAYERS]
        points = self.own_points(table)
        found = points >= 0
        untracked = found & ~self.points.tracked[points]
        self.report(table, untracked, "item", "lots of this item are not tracked", "leave the row out")
        lots = self.tables[layout.LOTS]
        numbered = rows.given("lot")
        unknown = numbered & (rows["lot"] >= len(lots))
        self.report(table, unknown, "lot", "there is no such row in table lots", "correct the number")
        known = numbered & ~unknown
        other = known.copy()
        other[known] = lots["item"][rows["lot"][known]] != rows["item"][known]
        self.report(table, other, "lot", "this lot is of another item", "correct the number")
        future = rows.given("received_ms") & (rows["received_ms"] > self.time_ms)
        self.report(table, future, "received_ms", "this is in the future", "give the date on which the lot came in")
        self._shelves(table, rows, points)
        self._parcels(table, rows, points)

    def _shelves(self, table: StateTable, rows: Rows, points: Int64Array) -> None:
        """Lots on the shelf add up to the stock on hand, where any are given."""
        shelf = (points >= 0) & ~rows.given("parcel")
        stock = self.tables[layout.STOCK]
        on_hand = np.zeros(self.network.stock_points + 1, np.int64)
        stock_points = self.points.of(stock)
        on_hand[stock_points] = stock["on_hand"]
        units = np.zeros(self.network.stock_points + 1, np.int64)
        np.add.at(units, points[shelf], rows["quantity"][shelf])
        on_hand[-1] = units[-1] = 0
        wrong = (units != on_hand) & (units > 0)
        if self.saved:
            wrong |= (units != on_hand) & np.append(self.points.tracked & ~self.points.outside[:-1], False)
        for point in np.flatnonzero(wrong)[:_SHOWN].tolist():
            node, item = self.network.parameter[point, c.P_NODE], self.network.parameter[point, c.P_ITEM]
            where = np.flatnonzero(shelf & (points == point))
            place = Place(shown(self.tables.folder))
            if len(where) and rows.source is not None:
                place = rows.source.place_of(int(where[0]), "quantity")
            name = f"{self.network.item_names[item]} at {self.network.node_names[node]}"
            message = f"the lots of {name} add up to {units[point]}, and {on_hand[point]} are on hand"
            self.findings.append(Finding(message, "correct layers or stock", "quantity", place))

    def _parcels(self, table: StateTable, rows: Rows, points: Int64Array) -> None:
        """Lots on their way belong to goods that a node of the network has sent, and add up to them."""
        transit = self.tables[layout.IN_TRANSIT]
        inside = rows.given("parcel")
        numbers = np.where(transit.given("parcel"), transit["parcel"], -1)
        order = np.argsort(numbers, kind="stable")
        place = np.searchsorted(numbers[order], rows["parcel"])
        place = np.where(place < len(order), place, 0)
        row = order[place] if len(order) else np.full(len(rows), -1)
        found = inside & (row >= 0)
        found[found] = numbers[row[found]] == rows["parcel"][found]
        self.report(table, inside & ~found, "parcel", "in_transit has no parcel of this number", "correct the number")
        goods = self.points.of(transit)
        other = found.copy()
        other[found] = goods[row[found]] != points[found]
        self.report(table, other, "parcel", "the parcel is for another node or item", "correct the number")
        source = self.points.sources(transit, goods)
        lotless = (source >= 0) & (self.points.outside[source] | (transit["dispatched_ms"] < 0))
        early = found.copy()
        early[found] = lotless[row[found]]
        self.report(
            table, early, "parcel", "goods from outside, or sent before the start, become a lot when they come in",
            "leave the row out",
        )  # fmt: skip
        units = np.zeros(len(transit), np.int64)
        np.add.at(units, row[found], rows["quantity"][found])
        wrong = (units > 0) & (units != transit["quantity"])
        self.report(
            layout.IN_TRANSIT,
            wrong,
            "quantity",
            "the lots of this parcel do not add up to it",
            "correct layers or this",
        )

    def lots(self) -> None:
        points = self.points.of(self.tables[layout.LOTS])
        self.report(layout.LOTS, points < 0, "item", "the scenario has no such item at this node", "correct the name")

    # --- what only a run has --------------------------------------------------------------------------------------
    def vehicles(self) -> None:
        table, rows, routes = layout.VEHICLES, self.tables[layout.VEHICLES], self.network.routes
        count = np.array([*(route.vehicles for route in routes), 0], np.int64)[rows["route"]]
        legs = np.array([*(len(route.stop_nodes) for route in routes), 0], np.int64)[rows["route"]]
        away = rows["trip"] >= 0
        self.report(table, rows["vehicle"] >= count, "vehicle", "the route has fewer vehicles", "correct the number")
        self.report(table, away & (rows["leg"] > legs), "leg", "the route has fewer legs", "correct the number")
        self.after(table, "next_ms", away)
        self.doubled(table, rows["route"] * (LARGE_FLEET) + rows["vehicle"], "vehicle", "this vehicle")
        self.doubled(table, np.where(away, rows["trip"], -1 - np.arange(len(rows))), "trip", "this trip")
        unknown = rows["trip"] >= max(self.tables.meta.next_trip, 0)
        self.report(table, away & unknown, "trip", "this trip has not begun yet", f"see next_trip in {META}")

    def dispatchers(self) -> None:
        table, rows = layout.DISPATCHERS, self.tables[layout.DISPATCHERS]
        self.doubled(table, rows["route"], "route", "this route")
        self.after(table, "next_ms", rows.given("next_ms"))

    def suppliers(self) -> None:
        table, rows = layout.SUPPLIERS, self.tables[layout.SUPPLIERS]
        nodes = [supplier.node for supplier in self.network.suppliers]
        self.report(table, ~np.isin(rows["node"], nodes), "node", "this is not a supplier", "correct the name")
        self.doubled(table, rows["node"], "node", "this supplier")

    def lanes(self) -> None:
        table, rows = layout.LANES, self.tables[layout.LANES]
        unknown = self.points.lanes(rows) < 0
        self.report(table, unknown, "from_node", "the scenario has no such lane", "correct the names")

    def demand(self) -> None:
        table, rows = layout.DEMAND_LINES, self.tables[layout.DEMAND_LINES]
        points = self.own_points(table)
        self.after(table, "time_ms", np.ones(len(rows), np.bool_))
        drawn = self.tables.meta.drawn_to_ms
        late = rows["time_ms"] >= drawn
        self.report(table, late, "time_ms", "this is after the end of what is drawn", f"see drawn_to_ms in {META}")
        time = rows["time_ms"]
        swapped = np.zeros(len(rows), np.bool_)
        swapped[1:] = (time[1:] < time[:-1]) | ((time[1:] == time[:-1]) & (points[1:] < points[:-1]))
        self.report(table, swapped, "time_ms", "this row comes too late", "sort by time_ms, then by node and item")
        self._sources()

    def forecasts(self) -> None:
        for table in (layout.FORECASTS, layout.FORECAST_HISTORY):
            rows = self.tables[table]
            for column in table.columns:
                if column.kind is Kind.REAL:
                    values = rows[column.name]
                    wrong = ~np.isfinite(values) | (values < 0)
                    self.report(table, wrong, column.name, "this is not a number from 0", "correct the figure")
        rows = self.tables[layout.FORECASTS]
        nobody = (rows["node"] < 0) & (rows["pool"] == "")
        self.report(layout.FORECASTS, nobody, "node", "whose demand this is, is not said", "give a node or a pool")
        unknown = rows["method"] >= len(METHODS)
        self.report(layout.FORECASTS, unknown, "method", "there is no such method", f"0 to {len(METHODS) - 1}")
        self.own_points(layout.FORECAST_HISTORY)

    def levels(self) -> None:
        table, rows = layout.LEVELS, self.tables[layout.LEVELS]
        points = self.own_points(table)
        self.doubled(table, np.where(points >= 0, points, -1 - np.arange(len(points))), "item", "this node and item")
        below = rows["order_up_to"] <= rows["reorder_point"]
        self.report(table, below, "order_up_to", "this is not above the reorder point", "correct the figures")

    def _sources(self) -> None:
        rows, wanted = self.tables[layout.DEMAND_SOURCES], len(self.network.demand.kind)
        same_demand = self.points.demand_is_that_of(self.tables.meta)
        if self.saved and same_demand and len(rows) != wanted:
            message = f"the scenario has {wanted} sources of demand, the table {len(rows)} rows"
            place = Place(layout.DEMAND_SOURCES.name if rows.source is None else rows.source.file)
            self.findings.append(Finding(message, "take the table from the saved state again", "", place))


LARGE_FLEET: Final = 1 << 20
