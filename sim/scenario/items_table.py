"""The items table: rows become items of the scenario, checked like those that stand in the file itself."""

import re

from sim.scenario.findings import Finding, ScenarioError
from sim.scenario.items import Item
from sim.scenario.merge import merge
from sim.scenario.sources import LARGEST_TABLE_BYTES, Sources
from sim.scenario.table_files import read_table
from sim.scenario.tables import NOT_NUMBERS, Table
from sim.scenario.tree import Tree

_PLAIN_NUMBER = re.compile(r"[+-]?\d*\.?\d+(?:[eE][+-]?\d{1,2})?")
_MONEY = ("cost", "price")


def with_items_table(tree: Tree, sources: Sources, findings: list[Finding]) -> Tree:
    """The tree with the rows of its `items_table` as items, before those in the file, which override them by name."""
    written = tree.child("items_table")
    if written is None or not isinstance(written.value, str):
        return tree
    try:
        path = sources.inside(written.value, written.place, "items_table")
        data = sources.read(path, LARGEST_TABLE_BYTES, "items_table", written.place)
        table = read_table(data, path.name, sources.display(path))
    except ScenarioError as error:
        findings.extend(error.findings)
        return tree
    rows = _items(table, _currency(tree))
    findings.extend(table.findings)
    listed = tree.child("items")
    items = Tree(rows, written.place)
    if listed is not None and isinstance(listed.value, dict):
        items = merge(items, listed, "items")
    return tree.with_child("items", items)


def _items(table: Table, currency: str) -> dict[str, Tree]:
    fields = [field.alias or name for name, field in Item.model_fields.items()]
    if not table.check_header(["item"], fields):
        return {}
    names = table.column("item", required=True)
    if names is None:
        return {}
    columns = [column for field in fields if (column := table.column(field)) is not None]
    for column in columns:
        table.parsed(column, lambda text: text)  # refuses NaN
    items: dict[str, Tree] = {}
    first_row: dict[str, int] = {}
    for row, code in enumerate(names.codes):
        if code < 0:
            continue
        name = names.texts[code]
        if name in items:
            first = table.place_of(first_row[name], "item")
            table.add(f"the item `{name}` is there twice", f"the first is at {first.cell or first.line}", row, "item")
            continue
        first_row[name] = row
        place = table.place_of(row, "item")
        values: dict[str, Tree] = {}
        for column in columns:
            if column.codes[row] >= 0 and (text := column.texts[column.codes[row]]).lower() not in NOT_NUMBERS:
                cell = table.place_of(row, column.name)
                if column.name in _MONEY and _PLAIN_NUMBER.fullmatch(text):
                    text = f"{text} {currency}"
                values[column.name] = Tree(text, cell)
        items[name] = Tree(values, place)
    return items


def _currency(tree: Tree) -> str:
    currency = tree.child("currency")
    return currency.value if currency is not None and isinstance(currency.value, str) else "USD"
