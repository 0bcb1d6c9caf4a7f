"""Reads the stocking table: which node stocks which item under which policy, one row each."""

from typing import cast

import numpy as np

from policies.replenishment import REPLENISHMENT, ReplenishmentPolicy
from sim.scenario.checks.context import Context
from sim.scenario.findings import Finding, ScenarioError, did_you_mean
from sim.scenario.items import EACH
from sim.scenario.sources import LARGEST_TABLE_BYTES, Sources
from sim.scenario.stocking_table import ABSENT, LevelColumn, StockingTable
from sim.scenario.table_files import read_table
from sim.scenario.tables import Column, Int64Array, Table
from sim.units import Cover, ItemUnit, Quantity, UnitError, parse_level, parse_quantity

QUANTITIES = ("minimum_order", "multiple", "capacity")


def level_names() -> tuple[str, ...]:
    """Names of the levels of all registered policies."""
    models = [_model(kind) for kind in REPLENISHMENT.kinds]
    return tuple(dict.fromkeys(name for model in models for name in model.level_names()))


def count_names() -> tuple[str, ...]:
    """Names of the plain whole numbers of all registered policies."""
    models = [_model(kind) for kind in REPLENISHMENT.kinds]
    return tuple(dict.fromkeys(name for model in models for name in model.count_names()))


def _model(kind: str) -> type[ReplenishmentPolicy]:
    return cast("type[ReplenishmentPolicy]", REPLENISHMENT.model(kind))


def read_stocking_table(context: Context, sources: Sources, findings: list[Finding]) -> StockingTable | None:
    """The table as columns, None without one or when it cannot be read; findings are added to the list."""
    written = context.scenario.stocking_table
    if written is None:
        return None
    place = context.place("stocking_table")
    try:
        path = sources.inside(written, place, "stocking_table")
        data = sources.read(path, LARGEST_TABLE_BYTES, "stocking_table", place)
        table = read_table(data, path.name, sources.display(path))
    except ScenarioError as error:
        findings.extend(error.findings)
        return None
    result = _columns(table, context, written)
    findings.extend(table.findings)
    return result


def _columns(table: Table, context: Context, written: str) -> StockingTable | None:
    levels, counts = level_names(), count_names()
    if not table.check_header(["node", "item"], ["policy", *levels, *counts, "on_hand", *QUANTITIES]):
        return None
    node_column, item_column = table.column("node", required=True), table.column("item", required=True)
    if node_column is None or item_column is None:
        return None
    node = table.names(node_column, context.nodes, "node")
    item = table.names(item_column, context.items, "item")
    _check_suppliers(table, node, context)
    _check_duplicates(table, node, item)
    units = _units(context, item)
    kind = np.full(table.rows, ABSENT, dtype=np.int64)
    policy = table.column("policy")
    if policy is not None:
        kind = _kinds(table, policy)
    level_columns = {name: _level(table, name, units) for name in levels}
    level_columns |= {name: _count(table, name) for name in counts if name not in level_columns}
    minimum_order, multiple, capacity = (_level(table, name, units, cover=False).units for name in QUANTITIES)
    line = np.arange(table.rows, dtype=np.int64) + 2
    on_hand = _level(table, "on_hand", units)
    result = StockingTable(written, node, item, kind, level_columns, on_hand, minimum_order, multiple, capacity, line)
    if not table.findings:
        _check_rows(table, result)
    return result


def _check_suppliers(table: Table, node: Int64Array, context: Context) -> None:
    holding = set(context.stocking_nodes)
    without = np.array([name not in holding for name in context.nodes] + [False])
    for row in np.flatnonzero(without[node])[:1]:
        name = context.nodes[node[row]]
        what = "supplier" if context.is_supplier(name) else "plant"
        table.add(f"`{name}` is a {what} and holds no stock", "name warehouses and stores only", int(row), "node")


def _check_duplicates(table: Table, node: Int64Array, item: Int64Array) -> None:
    key = node * (item.max(initial=0) + 2) + item
    order = np.argsort(key, kind="stable")
    same = np.flatnonzero((key[order][1:] == key[order][:-1]) & (node[order][1:] >= 0) & (item[order][1:] >= 0))
    for position in same[:5]:
        first, second = int(order[position]), int(order[position + 1])
        where = table.place_of(first, "node")
        hint = f"first at {where.cell or where.line}; keep one row"
        table.add("this node and item are there twice", hint, second, "node")


def _units(context: Context, item: Int64Array) -> list[ItemUnit] | None:
    """Units by item position, or None when all rows speak of pieces (the usual, and fast, case)."""
    units = [context.scenario.item_unit(name) for name in context.items]
    used = {units[position] for position in np.unique(item) if position >= 0}
    return [units[position] for position in item] if any(unit.name != "each" for unit in used) else None


def _kinds(table: Table, column: Column) -> Int64Array:
    kinds = REPLENISHMENT.kinds

    def find(text: str) -> int:
        if text not in kinds:
            raise UnitError(f"unknown policy `{text}`", did_you_mean(text, kinds))
        return kinds.index(text)

    codes = np.array([ABSENT if value is None else value for value in table.parsed(column, find)] + [ABSENT])
    return codes[column.codes].astype(np.int64)


def _level(table: Table, name: str, units: list[ItemUnit] | None, cover: bool = True) -> LevelColumn:
    column = table.column(name)
    if column is None:
        empty = np.full(table.rows, ABSENT, dtype=np.int64)
        return LevelColumn(empty, empty)
    parsed = table.parsed(column, parse_level if cover else parse_quantity)
    by_text_ms = np.array([value.ms if isinstance(value, Cover) else ABSENT for value in parsed] + [ABSENT])
    if units is None:
        by_text = [_pieces(table, column, code, value) for code, value in enumerate(parsed)]
        quantities = np.array([*by_text, ABSENT], dtype=np.int64)[column.codes]
    else:
        quantities = np.array(
            [_in_units(table, column, row, parsed, unit) for row, unit in enumerate(units)], dtype=np.int64
        )
    return LevelColumn(quantities, by_text_ms[column.codes].astype(np.int64))


def _count(table: Table, name: str) -> LevelColumn:
    empty = np.full(table.rows, ABSENT, dtype=np.int64)
    column = table.column(name)
    if column is None:
        return LevelColumn(empty, empty)
    parsed = [ABSENT if value is None else value for value in table.parsed(column, _whole_number)]
    return LevelColumn(np.array([*parsed, ABSENT], dtype=np.int64)[column.codes], empty)


def _whole_number(text: str) -> int:
    if not text.strip().isdecimal() or not 1 <= int(text) <= 10_000:
        raise UnitError(f"`{text}` is not a whole number of at least 1", "give a number such as 2")
    return int(text)


def _pieces(table: Table, column: Column, code: int, value: Quantity | Cover | None) -> int:
    if not isinstance(value, Quantity):
        return ABSENT
    return _whole(table, column, int(column.rows_of(code)[0]), value, EACH)


def _in_units(
    table: Table,
    column: Column,
    row: int,
    parsed: list[Quantity | Cover | None] | list[Quantity | None],
    unit: ItemUnit,
) -> int:
    code = column.codes[row]
    value = parsed[code] if code >= 0 else None
    return _whole(table, column, row, value, unit) if isinstance(value, Quantity) else ABSENT


def _whole(table: Table, column: Column, row: int, quantity: Quantity, unit: ItemUnit) -> int:
    try:
        return unit.whole_units(quantity)
    except UnitError as error:
        table.add(error.message, error.hint, row, column.name)
        return ABSENT


def _check_rows(table: Table, stocking: StockingTable) -> None:
    """Levels that each policy needs, and figures that go together."""
    for code, kind in enumerate(REPLENISHMENT.kinds):
        rows = stocking.kind == code
        model = _model(kind)
        given = {*model.level_names(), *model.count_names()}
        needed = [name for name, field in model.model_fields.items() if field.is_required()]
        if not model.in_tables or not given.issuperset(needed):
            hint = "give it under `policies`"
            _report(table, rows, f"a {kind} policy has other settings than levels", hint, "policy")
            continue
        for name in needed:
            without = rows & ~stocking.levels[name].given
            _report(table, without, f"a {kind} policy without `{name}`", "fill in the cell", name)
        _check_levels(table, stocking, rows, model)
    minimum, multiple, capacity = stocking.minimum_order, stocking.multiple, stocking.capacity
    _report(table, multiple == 0, "the multiple is zero", "a pack holds at least one unit", "multiple")
    odd = (minimum > 0) & (multiple > 0) & (minimum % np.maximum(multiple, 1) != 0)
    hint = "round the minimum order up to whole packs"
    _report(table, odd, "the minimum order is not a multiple of the pack", hint, "minimum_order")
    small = (capacity != ABSENT) & (minimum > capacity)
    _report(table, small, "the capacity is below the minimum order, so nothing can be ordered", "", "capacity")


def _check_levels(
    table: Table,
    stocking: StockingTable,
    rows: np.ndarray[tuple[int], np.dtype[np.bool_]],
    model: type[ReplenishmentPolicy],
) -> None:
    for low, high, strict in model.ascending:
        lower, upper = stocking.levels[low], stocking.levels[high]
        for one, other in ((lower.units, upper.units), (lower.cover_ms, upper.cover_ms)):
            wrong = rows & (one != ABSENT) & (other != ABSENT) & ((other <= one) if strict else (other < one))
            what = "not above" if strict else "below"
            _report(table, wrong, f"`{high}` is {what} `{low}`", f"{low} comes first", high)
    for name in model.above_zero:
        what = name.replace("_", " ")
        zero = rows & (stocking.levels[name].units == 0)
        _report(table, zero, f"the {what} is zero", f"a {what} is at least one unit", name)


def _report(
    table: Table, rows: np.ndarray[tuple[int], np.dtype[np.bool_]], message: str, hint: str, column: str
) -> None:
    wrong = np.flatnonzero(rows)
    if len(wrong):
        more = f", and in {len(wrong) - 1} more rows" if len(wrong) > 1 else ""
        where = column if column in table.data.column_names else "node"
        table.add(message + more, hint, int(wrong[0]), where)
