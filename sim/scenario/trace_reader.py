"""Reads replayed histories of demand."""

from datetime import datetime

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sim.scenario.checks.context import Context
from sim.scenario.demand import Demand
from sim.scenario.findings import Finding, ScenarioError
from sim.scenario.sources import LARGEST_TABLE_BYTES, Sources
from sim.scenario.table_files import read_table
from sim.scenario.tables import Int64Array, Table
from sim.scenario.trace_table import TraceTable
from sim.units import MS_PER_DAY, UnitError, parse_duration, parse_moment, parse_quantity

EPOCH = datetime(1970, 1, 1)


def read_traces(context: Context, sources: Sources, findings: list[Finding]) -> dict[int, TraceTable]:
    """The tables of all trace demands, by their index in the demand list; findings are added to the list."""
    traces = {}
    for index, demand in enumerate(context.scenario.demand):
        if demand.trace is None:
            continue
        path = context.path("demand", index, "trace", "table")
        place = context.place("demand", index, "trace", "table")
        try:
            file = sources.inside(demand.trace.table, place, path)
            data = sources.read(file, LARGEST_TABLE_BYTES, path, place)
            table = read_table(data, file.name, sources.display(file))
        except ScenarioError as error:
            findings.extend(error.findings)
            continue
        trace = _columns(table, context, demand)
        findings.extend(table.findings)
        if trace is not None:
            traces[index] = trace
    return traces


def _columns(table: Table, context: Context, demand: Demand) -> TraceTable | None:
    if not table.check_header(["time", "node", "item", "quantity"], ["job", "if_short", "delivery"]):
        return None
    node_column, item_column = table.column("node", required=True), table.column("item", required=True)
    if node_column is None or item_column is None or demand.trace is None:
        return None
    node = table.names(node_column, context.nodes, "node")
    item = table.names(item_column, context.items, "item")
    holding = set(context.stocking_nodes)
    without = np.array([name not in holding for name in context.nodes] + [False])
    for row in np.flatnonzero(without[node])[:1]:
        what = "supplier" if context.is_supplier(context.nodes[node[row]]) else "plant"
        table.add(f"customers cannot buy from a {what}", "name a warehouse or store", int(row), "node")
    job = table.column("job")
    jobs = np.full(table.rows, -1, dtype=np.int64) if job is None else _renumbered(job.codes)
    return TraceTable(
        demand.trace.table,
        _times(table, context.scenario.start),
        node,
        item,
        _quantities(table, context, item),
        jobs,
        _choice(table, "if_short", ("backorder", "lost"), demand.if_short),
        _choice(table, "delivery", ("partial", "whole"), demand.delivery),
    )


def _renumbered(codes: Int64Array) -> Int64Array:
    """Job numbers from 0 in order of appearance; -1 stays."""
    _, first, inverse = np.unique(codes, return_index=True, return_inverse=True)
    order = np.argsort(first[1:] if codes.min(initial=0) < 0 else first, kind="stable")
    numbers = np.empty(len(order), dtype=np.int64)
    numbers[order] = np.arange(len(order))
    lookup = np.concatenate([[-1], numbers]) if codes.min(initial=0) < 0 else numbers
    return np.asarray(lookup[inverse], dtype=np.int64)


def _times(table: Table, start: datetime) -> Int64Array:
    start_ms = (start - EPOCH).days * MS_PER_DAY + (start - EPOCH).seconds * 1000
    text = table.data.column("time")
    try:
        if text.null_count == 0:
            moments = text.cast(pa.timestamp("ms")).cast(pa.int64()).to_numpy()
            times = np.asarray(moments, dtype=np.int64) - start_ms
            if len(times) and times.min() >= 0:
                return times
    except pa.ArrowInvalid:
        pass  # durations, or something to complain of: cell by cell
    column = table.column("time", required=True)
    if column is None:
        return np.full(table.rows, -1, dtype=np.int64)

    def parse(cell: str) -> int:
        if cell[:4].isdigit() and cell[4:5] == "-":
            delta = parse_moment(cell) - start
            milliseconds = delta.days * MS_PER_DAY + delta.seconds * 1000 + delta.microseconds // 1000
            if milliseconds < 0:
                raise UnitError(f"{cell} is before the scenario's start", f"the start is {start.isoformat()}")
            return milliseconds
        try:
            return parse_duration(cell)
        except UnitError as error:
            raise UnitError(
                error.message,
                "write a date and time, as in `2026-01-05 08:30`, or the time since the start, as in `4 h`",
            ) from None

    values = table.parsed(column, parse)
    return np.array([-1 if value is None else value for value in values] + [-1], dtype=np.int64)[column.codes]


def _quantities(table: Table, context: Context, item: Int64Array) -> Int64Array:
    column = table.column("quantity", required=True)
    if column is None:
        return np.full(table.rows, -1, dtype=np.int64)
    parsed = table.parsed(column, parse_quantity)
    units = [context.scenario.item_unit(name) for name in context.items]
    width = len(units) + 1
    pairs, first, inverse = np.unique((column.codes + 1) * width + item + 1, return_index=True, return_inverse=True)
    by_pair = np.full(len(pairs), -1, dtype=np.int64)
    shown = 0
    for position, pair in enumerate(pairs.tolist()):
        code, number = pair // width - 1, pair % width - 1
        quantity = parsed[code] if code >= 0 else None
        if quantity is None or number < 0:
            continue
        try:
            by_pair[position] = units[number].whole_units(quantity)
            if by_pair[position] == 0:
                raise UnitError("the quantity is zero", "leave the row out")
        except UnitError as error:
            shown += 1
            if shown <= 5:
                table.add(error.message, error.hint, int(first[position]), "quantity")
    return by_pair[inverse]


def _choice(table: Table, name: str, choices: tuple[str, str], default: str) -> npt.NDArray[np.bool_]:
    """True where the row says the second of the two choices; empty cells say what the demand entry says."""
    column = table.column(name)
    if column is None:
        return np.full(table.rows, default == choices[1])

    def parse(text: str) -> bool:
        if text not in choices:
            raise UnitError(f"`{text}` is not one of the choices", f"write {choices[0]} or {choices[1]}")
        return text == choices[1]

    values = [bool(value) for value in table.parsed(column, parse)]
    return np.array([*values, default == choices[1]], dtype=np.bool_)[column.codes]
