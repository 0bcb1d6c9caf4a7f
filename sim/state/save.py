"""Writes the state of a replication under way as documented tables."""

import shutil
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from sim import columns as c
from sim.flow import model as f
from sim.flow.runner import rows_in_use
from sim.flow.usage import pack_who
from sim.jit import compiled
from sim.network import DEMAND_LOST, DEMAND_WHOLE, Int64Array, Network
from sim.plant.model import T_NEXT_MESSAGE
from sim.record.arrow import numbers, texts
from sim.state import layout
from sim.state.forecasts import forecast_tables
from sim.state.kinds import ABSENT, META, Kind, StateTable
from sim.state.meta import StateMeta, demand_fingerprint, network_fingerprint
from sim.state.names import NAMES, MachineNames, names_of
from sim.state.plant_save import plant_tables, who_columns
from sim.state.readme import state_readme

if TYPE_CHECKING:
    from sim.engine import Twin

Columns = dict[str, npt.NDArray[Any]]
_NO_NAME: Final = -1


def save_state(twin: "Twin", folder: Path, time_ms: int) -> None:
    """Write the state at `time_ms` into `folder`, which must not exist yet.

    Everything before that instant must have happened and nothing at it: call `twin.advance_to(time_ms - 1)` first.
    The twin is only read, and can go on. ValueError when it stands elsewhere; OSError as the file system says.
    """
    if twin.now >= time_ms or twin.next_time() < time_ms or twin.flow.model.clock[f.C_AGENDA]:
        raise ValueError(f"the twin does not stand just before {time_ms} ms: call advance_to({time_ms} - 1) first")
    part = folder.with_name(folder.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    tables = _tables(twin, time_ms)
    for table in layout.TABLES:
        if table.plants and twin.plants is None:
            continue
        _write(twin.network, table, tables[table.name], part / f"{table.name}.parquet")
    (part / META).write_text(_meta(twin, time_ms).model_dump_json(indent=1) + "\n", encoding="utf-8")
    (part / "README.md").write_text(state_readme(), encoding="utf-8")
    part.rename(folder)


def _meta(twin: "Twin", time_ms: int) -> StateMeta:
    network, clock = twin.network, twin.flow.model.clock
    return StateMeta(
        kind="saved",
        scenario=network.name,
        variant=network.variant,
        time_ms=time_ms,
        network=network_fingerprint(network),
        demand=demand_fingerprint(network),
        seed=twin.seed,
        replication=twin.replication,
        drawn_to_ms=twin.flow.drawer.state.drawn_to_ms,
        next_line=int(clock[f.C_NEXT_LINE]),
        next_order=int(clock[f.C_NEXT_ORDER]),
        next_dispatch=int(clock[f.C_NEXT_DISPATCH]),
        next_trip=twin.truck_records.next_trip,
        next_message=0 if twin.plants is None else int(twin.plants.model.timer[T_NEXT_MESSAGE]),
        plants=twin.plants is not None,
    )


def _write(network: Network, table: StateTable, columns: Columns, path: Path) -> None:
    arrays = []
    for column in table.columns:
        values = columns[column.name]
        if column.kind in NAMES:
            known = texts(names_of(network, column.kind))
            row = pa.Array.from_buffers(
                pa.int64(), len(values), [_present(values != _NO_NAME), pa.py_buffer(np.ascontiguousarray(values))]
            )
            arrays.append(pa.DictionaryArray.from_arrays(row, known).cast(pa.string()))
        elif column.kind is Kind.TEXT:
            arrays.append(texts(values.tolist()))
        elif column.default == ABSENT:
            data = np.ascontiguousarray(values, np.int64)
            arrays.append(pa.Array.from_buffers(pa.int64(), len(data), [_present(data != ABSENT), pa.py_buffer(data)]))
        else:
            arrays.append(numbers(values))
    meaning = {"meaning": table.meaning}
    pq.write_table(pa.Table.from_arrays(arrays, names=[one.name for one in table.columns], metadata=meaning), path)


def _present(valid: npt.NDArray[np.bool_]) -> Any:
    """Arrow's bitmap of the rows that have a value."""
    return pa.py_buffer(np.packbits(valid, bitorder="little"))


@compiled
def follow_chains(pool: Int64Array, heads: Int64Array, next_column: int) -> Int64Array:
    """(n, 2): place in `heads` and row of the pool, for every row of the chains that begin there, in order."""
    count = 0
    for head in heads:
        row = head
        while row >= 0:
            count += 1
            row = pool[row, next_column]
    found = np.empty((count, 2), np.int64)
    count = 0
    for place in range(len(heads)):
        row = heads[place]
        while row >= 0:
            found[count, 0] = place
            found[count, 1] = row
            count += 1
            row = pool[row, next_column]
    return found


def _tables(twin: "Twin", time_ms: int) -> dict[str, Columns]:
    parcel_rows, transit = _in_transit(twin)
    return {
        "stock": _stock(twin),
        "waiting": _waiting(twin),
        "in_transit": transit,
        "layers": _layers(twin, parcel_rows),
        "lots": _lots(twin),
        "vehicles": _vehicles(twin),
        "dispatchers": _dispatchers(twin),
        "suppliers": _suppliers(twin),
        "lanes": _lanes(twin),
        "demand_sources": _demand_sources(twin),
        "demand_lines": _demand_lines(twin),
        **forecast_tables(twin),
        **plant_tables(twin, time_ms),
    }


def _place(network: Network, points: Int64Array) -> Columns:
    return {"node": network.parameter[points, c.P_NODE], "item": network.parameter[points, c.P_ITEM]}


def _node_of(network: Network, points: Int64Array) -> Int64Array:
    """Node of each stock point, _NO_NAME where there is none."""
    return np.where(points >= 0, network.parameter[points, c.P_NODE], _NO_NAME)


def own_points(network: Network) -> Int64Array:
    """Stock points of the network itself: all but the suppliers'."""
    return np.flatnonzero((network.parameter[:, c.P_FLAGS] & c.SP_SUPPLIER) == 0)


def _stock(twin: "Twin") -> Columns:
    network, points = twin.network, own_points(twin.network)
    state = twin.flow.model.state[points]
    units = np.array(unit_texts(network), dtype=object)
    draws = twin.flow.model.transfer_draws
    return _place(network, points) | {
        "on_hand": state[:, c.S_ON_HAND],
        "recorded": state[:, c.S_RECORDED],
        "owner": state[:, c.S_OWNER],
        "lead_time_draws": state[:, c.S_LEAD_TIME_DRAWS],
        "transfer_draws": draws[points] if len(draws) == network.stock_points else np.zeros(len(points), np.int64),
        "asked": state[:, c.S_ASKED],
        "unit": units[network.parameter[points, c.P_ITEM]],
    }


def unit_texts(network: Network) -> list[str]:
    """What one integer unit of each item is, as in `each` or `0.1 kg`."""
    units = zip(network.item_resolution.tolist(), network.item_units, strict=True)
    return [name if size == 1 else f"{size:.12g} {name}" for size, name in units]


def _waiting(twin: "Twin") -> Columns:
    network, model = twin.network, twin.flow.model
    at, rows = follow_chains(model.request, np.ascontiguousarray(model.state[:, c.S_QUEUE_HEAD]), f.R_NEXT).T
    request = model.request[rows]
    flags = request[:, f.R_FLAGS]
    customer = request[:, f.R_POINT] == f.NONE
    cost = request[:, f.R_UNIT_COST_MILLI]
    nobody = pack_who(_NO_NAME, _NO_NAME, _NO_NAME)
    return _place(network, at) | {
        "quantity": request[:, f.R_LEFT],
        "ordering_node": _node_of(network, request[:, f.R_POINT]),
        "since_ms": request[:, f.R_TIME_MS],
        "reference": request[:, f.R_REFERENCE],
        "whole": (flags & f.REQUEST_WHOLE != 0).astype(np.int64),
        "urgent": (flags & f.REQUEST_URGENT != 0).astype(np.int64),
        "unit_cost_milli": np.where(customer, 0, cost),
        **who_columns(MachineNames(network), np.where(customer, cost, nobody)),
        "use": (customer & (flags >> f.REQUEST_USE_SHIFT > 0)).astype(np.int64),
    }


def _in_transit(twin: "Twin") -> tuple[Int64Array, Columns]:
    """Rows of the parcel pool in the order of the table, and the table: docks, trucks, then parcels."""
    model, network = twin.flow.model, twin.network
    docks = np.ascontiguousarray(model.dock[: len(network.routes), f.D_HEAD])
    vehicles = [vehicle for vehicle in twin.truck_records.vehicles if vehicle.trip != f.NONE]
    loads = np.array([vehicle.load for vehicle in vehicles], np.int64)
    dock, staged = follow_chains(model.parcel, docks, f.K_NEXT).T
    truck, loaded = follow_chains(model.parcel, loads, f.K_NEXT).T
    used = rows_in_use(model.parcel, int(model.clock[f.C_PARCEL_FREE]), f.K_NEXT)
    on_road = np.setdiff1d(used, np.concatenate([staged, loaded]))
    keys = model.parcel[on_road]
    on_road = on_road[np.lexsort((keys[:, f.K_SEQUENCE], keys[:, f.K_POINT], keys[:, f.K_ARRIVAL_MS]))]
    rows = np.concatenate([staged, loaded, on_road])
    routes = np.array([vehicle.route for vehicle in vehicles], np.int64)
    parcel = model.parcel[rows]
    arrival = parcel[:, f.K_ARRIVAL_MS]
    return rows, _place(network, parcel[:, f.K_POINT]) | {
        "quantity": parcel[:, f.K_QUANTITY],
        "arrives_ms": np.where(arrival == f.NEVER, ABSENT, arrival),
        "from_node": _node_of(network, parcel[:, f.K_SOURCE]),
        "order": parcel[:, f.K_ORDER],
        "dispatched_ms": parcel[:, f.K_DISPATCHED_MS],
        "sequence": parcel[:, f.K_SEQUENCE],
        "route": np.concatenate([dock, routes[truck], np.full(len(on_road), _NO_NAME)]),
        "trip": np.where(parcel[:, f.K_TRIP] < 0, ABSENT, parcel[:, f.K_TRIP]),
        "help": np.maximum(f.NONE - parcel[:, f.K_TRIP], 0),
        "inspected": parcel[:, f.K_INSPECTED],
        "unit_cost_milli": parcel[:, f.K_UNIT_COST_MILLI],
        "parcel": np.arange(len(rows)),
    }


def _layers(twin: "Twin", parcel_rows: Int64Array) -> Columns:
    model = twin.flow.model
    shelf, on_shelf = follow_chains(model.layer, np.ascontiguousarray(model.state[:, c.S_LAYER_HEAD]), f.Y_NEXT).T
    inside, in_parcel = follow_chains(
        model.layer, np.ascontiguousarray(model.parcel[parcel_rows, f.K_LAYER]), f.Y_NEXT
    ).T
    layer = model.layer[np.concatenate([on_shelf, in_parcel])]
    points = np.concatenate([shelf, model.parcel[parcel_rows[inside], f.K_POINT]])
    return _place(twin.network, points) | {
        "quantity": layer[:, f.Y_QUANTITY],
        "lot": layer[:, f.Y_LOT],
        "received_ms": np.full(len(layer), ABSENT),
        "parcel": np.concatenate([np.full(len(shelf), ABSENT), inside]),
    }


def _lots(twin: "Twin") -> Columns:
    model = twin.flow.model
    lot = model.lot[: model.clock[f.C_LOTS]]
    expires = lot[:, f.LOT_EXPIRES_MS]
    return _place(twin.network, lot[:, f.LOT_POINT]) | {
        "order": lot[:, f.LOT_ORDER],
        "received_ms": lot[:, f.LOT_RECEIVED_MS],
        "expires_ms": np.where(expires == f.NEVER, ABSENT, expires),
        "unit_cost_milli": lot[:, f.LOT_UNIT_COST_MILLI],
        "quantity": lot[:, f.LOT_QUANTITY],
    }


def _vehicles(twin: "Twin") -> Columns:
    records = [asdict(vehicle) for vehicle in twin.truck_records.vehicles]
    names = [column.name for column in layout.VEHICLES.columns]
    return {name: np.array([record[name] for record in records], np.int64) for name in names}


def _dispatchers(twin: "Twin") -> Columns:
    records = twin.truck_records.dispatchers
    next_ms = np.array([record.next_ms for record in records], np.int64)
    return {
        "route": np.array([record.route for record in records], np.int64),
        "next_ms": np.where(next_ms == f.NONE, ABSENT, next_ms),
    }


def _suppliers(twin: "Twin") -> Columns:
    table = twin.flow.model.supplier[: len(twin.network.suppliers)]
    nodes = np.array([supplier.node for supplier in twin.network.suppliers], np.int64)
    return {"node": nodes, "period": table[:, f.U_PERIOD], "used": table[:, f.U_USED]}


def lane_numbers(network: Network) -> list[int]:
    """Which of the lanes between its two nodes each lane is, from 0."""
    seen: dict[tuple[int, int], int] = {}
    numbers_ = []
    for lane in network.lanes:
        ends = (lane.from_node, lane.to_node)
        numbers_.append(seen.get(ends, 0))
        seen[ends] = numbers_[-1] + 1
    return numbers_


def _lanes(twin: "Twin") -> Columns:
    network = twin.network
    kept = np.array([not lane.overtaking for lane in network.lanes], np.bool_)
    return {
        "from_node": np.array([lane.from_node for lane in network.lanes], np.int64)[kept],
        "to_node": np.array([lane.to_node for lane in network.lanes], np.int64)[kept],
        "number": np.array(lane_numbers(network), np.int64)[kept],
        "last_arrival_ms": twin.flow.model.lane[: len(network.lanes), f.L_LAST_ARRIVAL_MS][kept],
    }


def _demand_sources(twin: "Twin") -> Columns:
    state = twin.flow.drawer.state
    return {"next_ms": state.next_ms, "position": state.position, "step": state.step, "carry": state.carry}


def _demand_lines(twin: "Twin") -> Columns:
    model = twin.flow.model
    rest = slice(int(model.clock[f.C_WINDOW]), int(model.clock[f.C_WINDOW_LINES]))
    flags = model.line_flags[rest].astype(np.int64)
    return (
        {"time_ms": model.line_ms[rest]}
        | _place(twin.network, model.line_point[rest].astype(np.int64))
        | {
            "quantity": model.line_quantity[rest],
            "lost": (flags & DEMAND_LOST != 0).astype(np.int64),
            "whole": (flags & DEMAND_WHOLE != 0).astype(np.int64),
            "job": model.line_job[rest].astype(np.int64),
        }
    )
