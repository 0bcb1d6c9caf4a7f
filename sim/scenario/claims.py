"""Claims: what a source reports of a change, to be put to the test by `mro-twin compare`; and how it is compared.

The language of `reported` is small:

    180 M -> 130 M       a value before and one after; also 12 % -> 6 %, 3.5 d -> 1.2 d, 10 -> 5
    -28 %                a change, in percent of the value before, always with its sign
    -30 %..-40 %         a change between two figures
    35 %                 a value after the change; also a range, 30 %..40 %

A figure stands for everything that is rounded to it: 12 % is 11.5 to 12.5 %.
"""

import re
from dataclasses import dataclass
from typing import Annotated, Final, Literal

from pydantic import Field, PlainValidator, WithJsonSchema, model_validator

from policies.fields import Model
from sim.scenario.base import Name
from sim.units import MS_PER_HOUR, TIME_UNITS_MS, UnitError

SHARE: Final = "share"
HOURS: Final = "h"
_FIGURE: Final = re.compile(r"([+-]?)\s*(\d{1,15})(?:\.(\d{1,9}))?\s*([A-Za-z%]*)(?:\s+([A-Z]{3}))?")
_MULTIPLES: Final = {"": 1.0, "k": 1e3, "M": 1e6, "bn": 1e9}
_FORMS: Final = "write a change (`-28 %`, `-30 %..-40 %`), `12 % -> 6 %`, or a value"
_COMPLEMENT: Final = re.compile(r"1\s*-\s*")

Range = tuple[float, float]
"""The lowest and the highest value that a figure may stand for."""


@dataclass(frozen=True)
class Reported:
    """What a source reports, in the units of KPIs (shares of 1, hours).

    Attributes:
        text: as it was written.
        kind: `change` relative to the value before, `values` before and after, or the `value` after.
        unit: `share`, `h`, a currency, or empty for plain numbers; empty for a change.
        after: the value after, or the change (-0.28 is -28 %). before: None unless the kind is `values`.
    """

    text: str
    kind: Literal["change", "values", "value"]
    unit: str
    after: Range
    before: Range | None = None

    def change(self, in_points: bool) -> Range:
        """The change that is reported: after minus before `in_points`, else relative to before; the value's own
        range where none is reported."""
        if self.before is None:
            return self.after
        if in_points:
            return self.after[0] - self.before[1], self.after[1] - self.before[0]
        return self.after[0] / self.before[1] - 1.0, self.after[1] / self.before[0] - 1.0


@dataclass(frozen=True)
class _Figure:
    value: float
    rounding: float
    unit: str
    signed: bool


def parse_reported(value: object) -> Reported:
    """A reported figure as the scenario writes it; UnitError when it cannot be read."""
    if isinstance(value, Reported):
        return value
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise UnitError(f"{value!r:.60} is not a reported figure", _FORMS)
    text = str(value).strip()
    sides = text.replace("\N{RIGHTWARDS ARROW}", "->").replace("\N{MINUS SIGN}", "-").split("->")
    figures = [[_figure(part, text) for part in side.split("..")] for side in sides]
    if len(figures) > 2 or any(len(side) > 2 for side in figures):
        raise UnitError(f"{text!r:.60} is not a reported figure", _FORMS)
    every = [one for side in figures for one in side]
    currencies = {one.unit for one in every if one.unit not in (SHARE, HOURS)}
    unit = max(currencies) if len(currencies - {""}) < 2 and currencies else every[0].unit  # one currency is enough
    if len({(unit if one.unit == "" else one.unit, one.signed) for one in every}) > 1:
        raise UnitError(f"the figures of {text!r:.60} differ in unit or sign", "give all of them the same")
    after = _range(figures[-1])
    if every[0].signed:
        return _change(text, len(figures), every[0], after)
    if len(figures) == 1:
        return Reported(text, "value", unit, after)
    before = _range(figures[0])
    if before[0] <= 0.0:
        raise UnitError(f"{text!r:.60} starts at nothing", "give a value before the change that is above zero")
    return Reported(text, "values", unit, after, before)


def _change(text: str, sides: int, one: _Figure, after: Range) -> Reported:
    if sides > 1 or one.unit != SHARE:
        raise UnitError(f"{text!r:.60}: only a change in percent has a sign", _FORMS)
    return Reported(text, "change", "", after)


def _range(figures: list[_Figure]) -> Range:
    return min(one.value - one.rounding for one in figures), max(one.value + one.rounding for one in figures)


def _figure(part: str, text: str) -> _Figure:
    match = _FIGURE.fullmatch(part.strip())
    if match is None:
        raise UnitError(f"{text!r:.60} is not a reported figure", _FORMS)
    sign, whole, decimals, name, currency = match.groups()
    if name == "%":
        factor, unit = 0.01, SHARE
    elif name in _MULTIPLES:
        factor, unit = _MULTIPLES[name], currency or ""
    elif name in TIME_UNITS_MS and currency is None:
        factor, unit = TIME_UNITS_MS[name] / MS_PER_HOUR, HOURS
    elif re.fullmatch("[A-Z]{3}", name) and currency is None:
        factor, unit = 1.0, name
    else:
        known = ", ".join(["%", "k", "M", "bn", *TIME_UNITS_MS])
        raise UnitError(f"{text!r:.60}: {name!r:.20} is no unit of a reported figure", f"known are {known}")
    number = float(f"{sign}{whole}.{decimals or 0}")
    return _Figure(number * factor, 0.5 * 10.0 ** -len(decimals or "") * factor, unit, bool(sign))


ReportedField = Annotated[
    Reported,
    PlainValidator(parse_reported),
    WithJsonSchema(
        {
            "type": ["string", "number"],
            "description": "a change in percent of before, values before and after, or a value after",
            "examples": ["-30 %..-40 %", "12 % -> 6 %", "3.5 d -> 1.2 d", "180 M -> 130 M", "35 %"],
        }
    ),
]


class Claim(Model):
    """What a source says that a change brings; `mro-twin compare` puts the model's own numbers beside it."""

    says: str = Field(min_length=1, max_length=400, description="the claim in words")
    source: str = Field("", max_length=400, description="where it is reported")
    kpi: str = Field(
        min_length=1, description="KPI of the whole network that it is about; `1 - fill_rate`: what a share leaves"
    )
    contract: Name | None = Field(
        None, description="contract whose KPI it is; default: the network's, or all contracts' for KPIs of contracts"
    )
    stream: Name | None = Field(None, description="revenue stream of the contract; default: all of it")
    sla: Name | None = Field(None, description="service level of the contract; default: all of it")
    note: str = Field("", max_length=600, description="what to know about it: what contradicts it, what it rests on")
    variant: Name = Field(description="the variant after the change")
    against: Name | None = Field(
        None, description="the variant before; default: `comparison.base`, else the base variant"
    )
    reported: ReportedField = Field(
        description="`-30 %..-40 %` (change), `12 % -> 6 %` (before and after) or a value after; figures are rounded"
    )

    @model_validator(mode="after")
    def _two_variants(self) -> "Claim":
        if self.variant == self.against:
            raise UnitError(f"`{self.variant}` is set against itself", "name another variant under `against`")
        return self

    @model_validator(mode="after")
    def _part_of_a_contract(self) -> "Claim":
        if (self.stream is not None or self.sla is not None) and self.contract is None:
            raise UnitError("`stream` and `sla` are parts of a contract", "name the `contract`, too")
        if self.stream is not None and self.sla is not None:
            raise UnitError("a KPI is of a `stream` or of an `sla`, not of both", "leave one of them out")
        return self

    @property
    def kpi_name(self) -> str:
        """The KPI, without `1 -`."""
        return _COMPLEMENT.sub("", self.kpi, count=1).strip() if self.complement else self.kpi.strip()

    @property
    def complement(self) -> bool:
        """Whether it is about what the share leaves: the stock-outs, where the KPI is the fill rate."""
        return _COMPLEMENT.match(self.kpi.strip()) is not None


class ComparisonSection(Model):
    """How `mro-twin compare FILE` compares all variants of the file; options of the command come first."""

    base: Name | None = Field(None, description="variant that the others are compared with; default: the base variant")
    match: str | None = Field(
        None, description="KPI in which each variant is first brought to the base, as with `--match`; default: none"
    )
    scale: str = Field("stock_factor", min_length=1, description="path of the number that matching multiplies")
