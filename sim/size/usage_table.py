"""The customer's table: what is used a month, of what size and worth, and how it is stocked today.

    item,use_per_month,unit,variability,volume,critical,cost,price,stock_today,shortages_per_year,lead_time
    grease,200 kg,0.1 kg,0.3,1.2 l,yes,4.40,8,300 kg,4,2 d

Plain numbers of use and stock are natural units of the item (kg, each); plain money is in the scenario's currency.
What is wrong is said of every cell at once, with file and row.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Final, Literal, TypeVar

from sim.scenario.base import NAME_PATTERN
from sim.scenario.findings import Finding, Place, ScenarioError
from sim.scenario.sources import Sources
from sim.scenario.table_files import read_table
from sim.scenario.tables import NOT_NUMBERS, Table
from sim.units import (
    MS_PER_YEAR,
    PHYSICAL_UNITS,
    ItemUnit,
    Quantity,
    UnitError,
    parse_duration,
    parse_item_unit,
    parse_quantity,
    parse_share,
    parse_unit_price,
    parse_volume,
    parse_weight,
)

Form = Literal["piece", "bulk", "liquid"]
"""Pieces can be vended one by one; bulk goods (by weight or length) lie on shelves; liquids go into tanks."""

VARIABILITY: Final = {"steady": 0.2, "variable": 0.5, "erratic": 0.9}
"""What the words mean: the coefficient of variation of one month's use. Above 0.7 (a square above 0.49) use is called
erratic by Syntetos, Boylan and Croston (2005), "On the categorization of demand patterns"."""
DEFAULT_VARIABILITY: Final = "variable"
LARGEST_VARIABILITY: Final = 5.0
LARGEST_BYTES: Final = 50_000_000
LONGEST_LABEL: Final = 60

REQUIRED: Final = ("item", "use_per_month")
OPTIONAL: Final = (
    "unit", "variability", "volume", "weight", "critical", "cost", "price", "stock_today", "shortages_per_year",
    "lead_time", "description", "name_en", "name_zh",
)  # fmt: skip

_YES: Final = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}
_PLAIN: Final = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,2})?")
_NAME: Final = re.compile(NAME_PATTERN)
_EACH: Final = ItemUnit(Fraction(1), "each")
_T = TypeVar("_T")


@dataclass(frozen=True)
class ItemUse:
    """One item as the customer uses it today. Quantities are in the item's integer units, money in major units.

    Attributes:
        item: its name. unit: what an integer unit is.
        use_per_month: mean use in a month of 365/12 days.
        variability: coefficient of variation (standard deviation / mean) of the use of one month.
        volume_ml, weight_g: of an integer unit; 0 where it is not known.
        critical: whether work stops without it, so that the promise of service covers it.
        cost, price: of an integer unit, to the supplier and to the customer; where the table has one, both are that.
        stock_today: what the customer holds, None: not known.
        shortages_per_year: how often it was missing, None: not known.
        lead_time_ms: from an order until the goods are with the customer.
        name_en, name_zh: what a proposal calls it, in English and in Chinese; empty: its name.
    """

    item: str
    unit: ItemUnit
    use_per_month: Fraction
    variability: float
    volume_ml: Fraction
    weight_g: Fraction
    critical: bool
    cost: Fraction
    price: Fraction
    stock_today: Fraction | None
    shortages_per_year: float | None
    lead_time_ms: int
    name_en: str = ""
    name_zh: str = ""

    @property
    def form(self) -> Form:
        """What kind of place can hold it."""
        dimension = PHYSICAL_UNITS[self.unit.name][0]
        return "piece" if dimension == "count" else "liquid" if dimension == "volume" else "bulk"


def read_usage(path: Path, currency: str) -> tuple[ItemUse, ...]:
    """The table in a CSV, Parquet or XLSX file. ScenarioError with all findings where it cannot be used."""
    sources = Sources(path.parent)
    return usage_items(sources.read(path, LARGEST_BYTES), path.name, sources.display(path), currency)


def usage_items(data: bytes, name: str, file: str, currency: str) -> tuple[ItemUse, ...]:
    """The table in a file's bytes; its format follows from the end of `name`, `file` is how messages call it."""
    formulas: list[Finding] = []
    table = read_table(data, name, file, formulas)
    items: list[ItemUse] = []
    if table.check_header(REQUIRED, OPTIONAL):
        if not {"cost", "price"} & set(table.data.column_names):
            hint = "add `cost` (to the supplier), `price` (to the customer), or both"
            table.findings.append(Finding("there is no column `cost` or `price`", hint, "cost", Place(file)))
        first: dict[str, int] = {}
        cells: dict[str, list[str | None]] = {
            name: table.data.column(name).to_pylist() for name in table.data.column_names
        }
        noted = {(str(finding.place), finding.path) for finding in formulas}
        for number in range(table.rows):
            row = _Row(table, number, {name: column[number] for name, column in cells.items()}, noted)
            row.check_twice(first)
            items.append(_item(row, currency))
    findings = [*formulas, *table.findings]
    if findings:
        raise ScenarioError(sorted(findings, key=lambda finding: _position(finding.place)))
    return tuple(items)


def _position(place: Place) -> tuple[int, str]:
    digits = "".join(character for character in place.cell if character.isdigit())
    return (place.line or int(digits or 0), place.cell)


class _Row:
    """The cells of a row, read one by one; what cannot be read is noted and counts as the default."""

    def __init__(self, table: Table, number: int, cells: dict[str, str | None], formulas: set[tuple[str, str]]) -> None:
        self.table, self.number, self.cells, self.formulas = table, number, cells, formulas
        self.usable = True

    def note(self, message: str, hint: str, column: str) -> None:
        """A finding at a cell, unless it is one whose formula was noted already."""
        self.usable = False
        if (str(self.table.place_of(self.number, column)), column) not in self.formulas:
            self.table.add(message, hint, self.number, column)

    def read(self, column: str, parse: Callable[[str], _T], default: _T, required: bool = False) -> _T:
        """The value of a cell, or the default where it is empty or cannot be read."""
        text = self.cells.get(column)
        if text is None:
            if required:
                self.note("the cell is empty", "fill it in", column)
            return default
        try:
            return parse(text if column == "item" else _no_formula(text))
        except UnitError as error:
            self.note(error.message, error.hint, column)
        return default

    def check_twice(self, first: dict[str, int]) -> None:
        """Note a name that an earlier row has; `first` is the row of each name so far."""
        name = self.cells["item"]
        if name is None:
            return
        earlier = first.setdefault(name, self.number)
        if earlier != self.number:
            place = self.table.place_of(earlier, "item")
            where = place.cell or str(place.line)
            self.note(f"the item `{name}` is there twice", f"the first is at {where}: add the two up", "item")


def _no_formula(text: str) -> str:
    if text[0] in "=@" or (text[0] in "+-" and not _PLAIN.match(text)):
        raise UnitError(f"{text[:60]!r} begins like a formula", "give the value itself")
    if text.lower() in NOT_NUMBERS:
        raise UnitError(f"`{text}` is not a usable value", "leave the cell empty or give a value")
    return text


def _item(row: _Row, currency: str) -> ItemUse:
    name = row.read("item", _name, "", required=True)
    unit = row.read("unit", parse_item_unit, _unit_of(row.cells.get("use_per_month")))

    def units(text: str) -> Fraction:
        return _units(text, unit)

    def money(text: str) -> Fraction | None:
        price = parse_unit_price(f"{text} {currency}" if _PLAIN.fullmatch(text) else text, currency)
        return price.per_integer_unit(unit)

    use = row.read("use_per_month", lambda text: _above_zero(units(text)), Fraction(1), required=True)
    cost, price = row.read("cost", money, None), row.read("price", money, None)
    if row.usable and cost is None and price is None and {"cost", "price"} & set(row.cells):
        row.note("neither a cost nor a price", "give at least one of them", "cost" if "cost" in row.cells else "price")
    return ItemUse(
        name,
        unit,
        use,
        row.read("variability", _variability, VARIABILITY[DEFAULT_VARIABILITY]),
        _size(row, "volume", unit, parse_volume),
        _size(row, "weight", unit, parse_weight),
        row.read("critical", _critical, False),
        (price if cost is None else cost) or Fraction(0),
        (cost if price is None else price) or Fraction(0),
        row.read("stock_today", lambda text: units(text), None),
        row.read("shortages_per_year", _shortages, None),
        row.read("lead_time", _lead_time, 0),
        row.read("name_en", _label, ""),
        row.read("name_zh", _label, ""),
    )


def _name(text: str) -> str:
    if text[0] in "=+-@":
        raise UnitError(f"the name {text[:60]!r} begins like a formula", "begin it with a letter or a digit")
    if len(text) > 100 or not _NAME.fullmatch(text):
        raise UnitError(
            f"{text[:60]!r} is not a usable name", "no slash, comma, @, brackets or wildcard; 100 characters"
        )
    return text


def _label(text: str) -> str:
    if len(text) > LONGEST_LABEL:
        raise UnitError(f"{text[:60]!r} is too long", f"at most {LONGEST_LABEL} characters")
    return text


def _unit_of(text: str | None) -> ItemUnit:
    """The natural unit in which a use is written; pieces where it has none or cannot be read."""
    try:
        return ItemUnit(Fraction(1), parse_quantity(text or "1").unit)
    except UnitError:
        return _EACH


def _units(text: str, unit: ItemUnit) -> Fraction:
    """An amount in integer units of the item, not rounded."""
    quantity = parse_quantity(text)
    if _PLAIN.fullmatch(text):
        quantity = Quantity(quantity.amount, unit.name)
    dimension, factor = PHYSICAL_UNITS[quantity.unit]
    if dimension != PHYSICAL_UNITS[unit.name][0]:
        raise UnitError(f"{quantity} of an item that is counted in {unit}", f"give it in {unit.name}")
    return quantity.amount * factor / unit.size


def _above_zero(units: Fraction) -> Fraction:
    if units == 0:
        raise UnitError("the use is zero", "give the mean, as in `0.2` for one in five months, or leave the row out")
    return units


def _variability(text: str) -> float:
    if text.lower() in VARIABILITY:
        return VARIABILITY[text.lower()]
    try:
        value = parse_share(text)
    except UnitError:
        value = -1.0
    if not 0 <= value <= LARGEST_VARIABILITY:
        words = ", ".join(f"`{word}` ({value:g})" for word, value in VARIABILITY.items())
        raise UnitError(
            f"{text[:60]!r} is not a variability",
            f"give the coefficient of variation of one month's use, 0 to {LARGEST_VARIABILITY:g}, or {words}",
        )
    return value


def _size(row: _Row, column: str, unit: ItemUnit, parse: Callable[[str], int]) -> Fraction:
    """Volume in ml or weight in g of an integer unit; an item that is counted by it is its own size."""
    per_natural_unit = row.read(column, parse, 0)
    if PHYSICAL_UNITS[unit.name][0] == column:
        return unit.size
    return per_natural_unit * unit.resolution


def _critical(text: str) -> bool:
    if text.lower() not in _YES:
        raise UnitError(f"{text[:60]!r} is neither yes nor no", "write yes where work stops without the item, else no")
    return _YES[text.lower()]


def _shortages(text: str) -> float | None:
    if not _PLAIN.fullmatch(text):
        raise UnitError(f"{text[:60]!r} is not a number", "how often it was missing in a year, as in `4`")
    if float(text) < 0:
        raise UnitError(f"{text} is negative", "give 0 or more, or leave the cell empty")
    return float(text)


def _lead_time(text: str) -> int:
    milliseconds = parse_duration(text)
    if milliseconds > MS_PER_YEAR:
        raise UnitError(f"{text} is longer than a year", "give the time from order to delivery, as in `5 d`")
    return milliseconds
