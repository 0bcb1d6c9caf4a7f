"""The section `contracts:` what is billed, who owns what when, and what both sides agreed on. See docs/contracts.md."""

from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, Self, Union, cast

from pydantic import (
    BeforeValidator,
    Discriminator,
    Field,
    PlainValidator,
    Tag,
    WithJsonSchema,
    create_model,
    model_validator,
)

from policies.contracts.sla import Sla
from policies.contracts.term import TERMS, Term
from policies.fields import Duration, Model, Moment, Money, PositiveDuration, Share
from sim.scenario.base import ItemFilter, ItemSelection, Name, Patterns
from sim.scenario.calendars import since_ms
from sim.units import MS_PER_DAY, ItemUnit, Quantity, UnitError, UnitPrice, parse_duration

ALL_ITEMS: Final = ItemFilter(names=("*",))
CALENDAR_MONTHS: Final = 0
"""Value of `billing` for calendar months."""


class AfterUse(Model):
    """Title passes some time after a unit left the shelf."""

    after_use: PositiveDuration = Field(description="how long after the unit left the shelf")


def _form_of_title(value: object) -> str:
    return "later" if isinstance(value, (dict, AfterUse)) else "moment"


Passes = Annotated[
    Annotated[Literal["use", "delivery"], Tag("moment")] | Annotated[AfterUse, Tag("later")],
    Discriminator(_form_of_title),
]
"""When a unit becomes the customer's: on `use` (consignment), on `delivery` (sale), or some time after use."""


class TitleEntry(Model):
    """When units of some items become the customer's, and when what is charged with that falls due."""

    items: ItemSelection = Field(
        ALL_ITEMS, description="item, pattern, list, or {classes: [A], names: [..]}; default: all of the contract"
    )
    title: Passes = Field(
        description="`use`: when it leaves the shelf, as in consignment; `delivery`: when received, as in a sale; "
        "or `{after_use: 72 h}`"
    )
    settled_after: Duration | None = Field(
        None, description="how much later its charges fall due to be billed; default: the contract's `settled_after`"
    )


def _as_entries(value: object) -> object:
    if isinstance(value, dict) and "title" in value:
        return [value]
    return [{"title": value}] if isinstance(value, (str, dict)) else value


Titles = Annotated[
    tuple[TitleEntry, ...],
    BeforeValidator(_as_entries, json_schema_input_type=Literal["use", "delivery"] | AfterUse | list[TitleEntry]),
    Field(min_length=1),
]
"""One title for all items, or a list of entries of which later ones override earlier ones."""


def _billing(value: object) -> int:
    if value == "month":
        return CALENDAR_MONTHS
    if not isinstance(value, str):
        raise UnitError(f"{value!r} is not a billing period", "write `month`, or a duration such as `4 wk`")
    period = parse_duration(value)
    if period < MS_PER_DAY:
        raise UnitError(f"a billing period of {value} is shorter than a day", "write `month`, or `1 d` or longer")
    return period


Billing = Annotated[
    int,
    PlainValidator(_billing),
    WithJsonSchema({"type": "string", "description": "`month`, or a duration of a day or more", "examples": ["month"]}),
]
"""Whole milliseconds, or CALENDAR_MONTHS."""


class ContractCosts(Model):
    """What the service costs the supplier, besides goods and capital. Costs of lanes and trucks are not added to it."""

    per_month: Money | None = Field(None, description="staff and systems, per month; default: nothing")
    per_device_month: Money | None = Field(None, description="per covered device and month; default: nothing")
    per_visit: Money | None = Field(None, description="per trip of a truck and site it calls at; default: nothing")
    per_emergency: Money | None = Field(None, description="per emergency delivery; default: nothing")


class ContractBaseline(Model):
    """How it was before the contract, by agreement. Savings are measured against it."""

    stop_cost_per_year: Money | None = Field(None, description="cost of line stops in a year; default: nothing")
    stops_per_year: float | None = Field(
        None, gt=0, le=1e9, allow_inf_nan=False, description="number of line stops in a year; default: not agreed"
    )
    goods_per_year: Money | None = Field(
        None, description="what the customer paid in a year for the goods it now gets; default: nothing"
    )
    stock_value: Money | None = Field(None, description="value of the stock that it kept; default: nothing")


class ContractRenewal(Model):
    """The chance that the customer stays for another year, and what he is worth over the years.

    base + by_attainment x (SLA attainment - 1) + by_savings x (savings / amount paid), cut to 0 .. 1.
    """

    base: Share = Field(0.85, ge=0, le=1, description="chance of another year when every window kept the SLA")
    by_attainment: float = Field(
        0.0, ge=0, le=100, description="how much it falls per share of windows in which the SLA was broken"
    )
    by_savings: float = Field(0.0, ge=0, le=100, description="how much it rises per share of the amount paid, saved")
    years: int = Field(5, ge=1, le=100, description="years over which a customer's value is added up")
    discount_per_year: Share = Field(0.0, ge=0, le=10, description="rate at which later years count less")


class TermScope(Model):
    """What a term of a contract applies to."""

    items: ItemSelection | None = Field(
        None, description="item, pattern, list, or {classes: [A], names: [..]}; default: all of the contract"
    )
    lines: Patterns | None = Field(
        None, description="lines, as `line` or `plant/line`, where a term goes by lines; default: all of the customer"
    )


def _scoped_name(kind: str) -> str:
    return "".join(part.capitalize() for part in kind.split("_")) + "Term"


@lru_cache
def _scoped(model: type[Term]) -> type[Term]:
    """The model of a kind of term with the fields of `TermScope`, unless it has fields of that name itself."""
    name = _scoped_name(model.model_fields["kind"].default)
    scope: dict[str, Any] = {
        key: (TermScope.__annotations__[key], field)
        for key, field in TermScope.model_fields.items()
        if key not in model.model_fields
    }
    made: type[Term] = create_model(name, __base__=model, __doc__=model.__doc__, __module__=__name__, **scope)
    return made


def __getattr__(name: str) -> type[Term]:
    """The models of terms by their names: scenarios travel to worker processes, which look them up here."""
    for kind in TERMS.kinds:
        if name == _scoped_name(kind):
            return _scoped(cast(type[Term], TERMS.model(kind)))
    raise AttributeError(name)


def term_field() -> Any:
    """The type of a field that takes a term of any kind registered so far, and what it applies to."""
    models = tuple(_scoped(cast(type[Term], TERMS.model(kind))) for kind in TERMS.kinds)
    if not models:
        return TermScope
    return Annotated[Union[models], Field(discriminator="kind")] if len(models) > 1 else models[0]  # noqa: UP007


KINDS_IN_MODELS = TERMS.kinds
"""The kinds that the models are built with; `sim.scenario.kinds` rebuilds them when there are more."""

if TYPE_CHECKING:

    class ContractTerm(TermScope, Term):
        """A term of any kind, and what it applies to."""
else:
    ContractTerm = term_field()


def plain_term(entry: "ContractTerm") -> Term:
    """The term of an entry as its kind has it, without what it applies to."""
    model = TERMS.model(entry.kind)
    values = {name: getattr(entry, name) for name in model.model_fields}
    return cast(Term, model.model_construct(entry.model_fields_set & set(values), **values))


class ContractSla(Sla):
    """A service level, and what it is about."""

    items: ItemSelection = Field(
        ALL_ITEMS, description="item, pattern, list, or {classes: [A], names: [..]}; default: all of the contract"
    )
    within: Name | None = Field(
        None,
        description="only these hours count: name of a plant, whose working time it is, or of a profile with shifts; "
        "default: all",
    )


class Amendment(Model):
    """What changes on a date; everything else stays as it was."""

    from_: Moment = Field(alias="from", description="when it comes into force, after the contract's beginning")
    terms: dict[Name, ContractTerm] = Field(
        {}, description="terms by name: one of a name that is in force takes its place, others are added"
    )
    ends: tuple[Name, ...] = Field((), description="names of terms that end")
    sla: dict[Name, ContractSla] = Field(
        {},
        description="service levels by name: one of a name that is in force takes its place, others are added; windows "
        "are whole from here on",
    )
    ends_sla: tuple[Name, ...] = Field((), description="names of service levels that end")
    title: Titles | None = Field(
        None,
        description="as in the contract, for the items that it names; stock on hand at covered nodes changes hands at "
        "cost",
    )

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if not (self.terms or self.ends or self.title or self.sla or self.ends_sla):
            hint = "give `terms`, `ends`, `title`, `sla` or `ends_sla`"
            raise UnitError("the amendment changes nothing", hint)
        for ended, changed, names in ((self.ends, self.terms, "terms"), (self.ends_sla, self.sla, "sla")):
            both = sorted(set(changed) & set(ended))
            if both:
                which = "ends" if names == "terms" else "ends_sla"
                hint = f"take it out of `{which}` or `{names}`"
                raise UnitError(f"`{both[0]}` ends and is changed at the same time", hint)
        return self

    def begins_ms(self, start: datetime) -> int:
        """When it comes into force, in milliseconds since the scenario's start."""
        return since_ms(self.from_, start)


class Contract(Model):
    """A contract between the supplier and a customer. It changes nothing of what happens, only what it costs whom."""

    customer: Name = Field(description="name of a plant; or any name, then with `nodes`")
    nodes: Patterns | None = Field(
        None, description="covered nodes: name, pattern or list; default: all devices at the plant `customer`"
    )
    items: ItemSelection = Field(
        ALL_ITEMS, description="covered items at these nodes: item, pattern, list, or {classes: [A], names: [..]}"
    )
    from_: Moment | None = Field(None, alias="from", description="beginning; default: when the warm-up ends")
    to: Moment | None = Field(None, description="end, exclusive; default: the end of the run")
    billing: Billing = Field(
        "month", validate_default=True, description="billing period: `month` (calendar), or a duration"
    )
    title: Titles | None = Field(
        None,
        description="when a unit becomes the customer's: `use`, `delivery`, `{after_use: 72 h}`, or a list of entries "
        "for items, of which later ones override earlier ones; default, also for items that no entry names: use",
    )
    settled_after: Duration = Field(
        0, description="how long after a unit was used or delivered its charge falls due to be billed"
    )
    bill_counted: bool = Field(True, description="whether use that only a count found is billed")
    payment_terms: Duration = Field(0, description="how long after an invoice it is paid")
    financing: Share = Field(0, ge=0, le=10, description="cost of capital that is tied up, share per year")
    costs: ContractCosts = Field(ContractCosts(), description="what the service costs the supplier, besides goods")
    baseline: ContractBaseline = Field(ContractBaseline(), description="how it was before, by agreement")
    renewal: ContractRenewal = Field(ContractRenewal(), description="chance that the customer stays")
    terms: dict[Name, ContractTerm] = Field({}, description="what is charged, by name of the term")
    sla: dict[Name, ContractSla] = Field({}, description="service levels that the supplier promises, by name")
    amendments: tuple[Amendment, ...] = Field((), description="changes on dates, each of which is a new one")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.from_ is not None and self.to is not None and self.from_ >= self.to:
            raise UnitError("`to` is not after `from`", "`to` is the first moment without contract")
        return self

    def begins_ms(self, start: datetime, warm_up_ms: int) -> int:
        """Its beginning in milliseconds since the scenario's start."""
        return warm_up_ms if self.from_ is None else since_ms(self.from_, start)

    def ends_ms(self, start: datetime, horizon_ms: int) -> int:
        """Its end in milliseconds since the scenario's start."""
        return horizon_ms if self.to is None else since_ms(self.to, start)

    def dated_amendments(self) -> list[tuple[int, Amendment]]:
        """The amendments by date, each with its place in the list."""
        return sorted(enumerate(self.amendments), key=lambda one: one[1].from_)

    def all_terms(self) -> Iterator[tuple[tuple[str | int, ...], ContractTerm]]:
        """Every term of the contract and its amendments, each with its place in the contract."""
        for name, term in self.terms.items():
            yield ("terms", name), term
        for index, amendment in enumerate(self.amendments):
            for name, term in amendment.terms.items():
                yield ("amendments", index, "terms", name), term


def check_amount(amount: UnitPrice | Quantity, unit: ItemUnit) -> None:
    """Raises UnitError when a price or quantity does not fit an item that is counted in this unit."""
    if isinstance(amount, UnitPrice):
        amount.per_integer_unit(unit)
    else:
        unit.whole_units(amount)
