"""The scenario: everything a run needs to know, checked and frozen."""

import copy
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field, PrivateAttr

from policies.fields import Model, Moment, PositiveDuration, WarmUp
from sim import units
from sim.scenario.base import Name
from sim.scenario.claims import Claim, ComparisonSection
from sim.scenario.contracts import Contract
from sim.scenario.demand import Demand
from sim.scenario.detection import DetectionEntry
from sim.scenario.findings import Finding
from sim.scenario.gateways import Gateway
from sim.scenario.generator_section import GeneratorSection
from sim.scenario.items import AbcShares, Item
from sim.scenario.lanes import Lane
from sim.scenario.nodes import DeviceNode, Node, NodeBase, Plant, StockingNode
from sim.scenario.policies_section import PolicyEntry
from sim.scenario.pools import Pool
from sim.scenario.profiles import Profile
from sim.scenario.ranges import RANGED_SECTIONS, folded
from sim.scenario.settings import Costs, Experiment, Variant
from sim.scenario.sizing import SizingSection
from sim.scenario.tree import Tree, locate
from sim.scenario.trucks import Truck

if TYPE_CHECKING:
    from sim.scenario.stocking_table import StockingTable
    from sim.scenario.trace_table import TraceTable
    from sim.size.usage_table import ItemUse

BASE_VARIANT = "base"


@dataclass(frozen=True)
class InputFile:
    """A file that a scenario was read from; `name` is its path relative to the scenario's folder."""

    name: str
    path: Path
    sha256: str


@dataclass(frozen=True)
class Origin:
    """Where a scenario comes from: not part of what it says, so not compared."""

    source: Path | None = None
    folder: Path = Path()
    variant: str = BASE_VARIANT
    variants: tuple[str, ...] = (BASE_VARIANT,)
    inputs: tuple[InputFile, ...] = ()
    written: Mapping[str, Any] = field(default_factory=dict)
    tree: Tree = field(default_factory=lambda: Tree({}))


class ScenarioModel(Model):
    """The fields of a scenario file."""

    name: Name = Field(description="short name; names the run directory")
    description: str = Field("", description="one line, shown by `mro-twin scenarios`")
    notes: tuple[str, ...] = Field((), description="assumptions and remarks, carried into reports")
    start: Moment = Field(description="date of time 0, local; calendars are counted from here")
    horizon: PositiveDuration = Field(description="simulated time")
    warm_up: WarmUp = Field(
        0,
        description="time at the start that is not measured, shorter than the horizon; `auto`: found in a pilot run",
    )
    currency: str = Field("USD", pattern=r"^[A-Z]{3}$", description="ISO 4217 code; all money is in it")
    extends: str | None = Field(
        None, description="file whose settings this one starts from, in the same folder or below"
    )
    base_variant: Name = Field(BASE_VARIANT, description="name of the scenario without any variant applied")
    items: dict[Name, Item] = Field({}, description="items by name")
    items_table: str | None = Field(
        None, description="file with one row per item; column `item` and the fields of items"
    )
    abc: AbcShares = Field(AbcShares(), description="classes for items without one")
    nodes: dict[Name, Node] = Field({}, description="nodes by name; `store-{01..60}` stands for sixty of them")
    lanes: tuple[Lane, ...] = Field((), description="which node refills which")
    gateways: dict[Name, Gateway] = Field({}, description="edge gateways, by name, that pass on what devices report")
    trucks: dict[Name, Truck] = Field({}, description="routes by name")
    demand: tuple[Demand, ...] = Field((), description="customer demand")
    profiles: dict[Name, Profile] = Field({}, description="shapes of demand over time, by name")
    policies: tuple[PolicyEntry, ...] = Field((), description="who stocks what; later entries override earlier ones")
    pools: dict[Name, Pool] = Field({}, description="nodes that help each other out, by name of the pool")
    detection: tuple[DetectionEntry, ...] = Field((), description="rules that watch devices, and raise alarms")
    contracts: dict[Name, Contract] = Field({}, description="contracts with customers, by name: see docs/contracts.md")
    stocking_table: str | None = Field(None, description="file with one row per node and item; overrides `policies`")
    stock_factor: float = Field(
        1.0,
        gt=0,
        le=100,
        description="multiplies every stock level of every policy (reorder points, order-up-to levels; not lots, "
        "capacities or stated opening stock), rounded half up to whole units",
    )
    generator: GeneratorSection | None = Field(None, description="thousands of items from a handful of figures")
    costs: Costs = Field(Costs(), description="costs that belong to no lane or truck")
    experiment: Experiment = Field(Experiment(), description="replications and seed")
    variants: dict[Name, Variant] = Field({}, description="alternatives of an A/B study")
    comparison: ComparisonSection = Field(ComparisonSection(), description="how the variants are compared")
    sizing: SizingSection | None = Field(
        None, description="what `mro-twin size` works from; nothing else reads it: see docs/sizing.md"
    )
    claims: tuple[Claim, ...] = Field(
        (), description="what a source says of the variants, put to the test by a comparison"
    )


class Scenario(ScenarioModel):
    """A checked scenario with its tables. Two scenarios are equal when all their settings and tables are."""

    _origin: Origin = PrivateAttr(default_factory=Origin)
    _stocking: "StockingTable | None" = PrivateAttr(default=None)
    _traces: "dict[int, TraceTable]" = PrivateAttr(default_factory=dict)
    _usage: "tuple[ItemUse, ...] | None" = PrivateAttr(default=None)

    @property
    def source(self) -> Path | None:
        """The file it was read from; None when it was given as a dict."""
        return self._origin.source

    @property
    def folder(self) -> Path:
        """Folder that table paths are relative to."""
        return self._origin.folder

    @property
    def variant(self) -> str:
        """Name of the variant that is applied; the base has a name, too."""
        return self._origin.variant

    @property
    def variant_names(self) -> tuple[str, ...]:
        """Names of all variants in the file, the base first."""
        return self._origin.variants

    @property
    def inputs(self) -> tuple[InputFile, ...]:
        """All files that were read, the scenario file first."""
        return self._origin.inputs

    @property
    def stocking(self) -> "StockingTable | None":
        """The stocking table as columns, None without one."""
        return self._stocking

    def trace(self, demand_index: int) -> "TraceTable":
        """The history of `demand[demand_index]`, which is a trace, as columns."""
        return self._traces[demand_index]

    @property
    def usage(self) -> "tuple[ItemUse, ...] | None":
        """What the customer uses, by the table of the section `sizing`; None without that section."""
        return self._usage

    @cached_property
    def item_names(self) -> tuple[str, ...]:
        """All items in scenario order: listed and tabled ones, then generated ones."""
        generated = self.generator.items.names() if self.generator is not None else []
        return (*self.items, *generated)

    def node(self, name: str) -> NodeBase:
        """The node of that name; KeyError when there is none."""
        node: NodeBase = self.nodes[name]
        return node

    def holds_stock(self, name: str) -> bool:
        """Whether a node is a place that holds stock, and not an outside source."""
        return isinstance(self.nodes[name], StockingNode)

    @property
    def has_plants(self) -> bool:
        """Whether it has plants, or devices without one."""
        return any(isinstance(node, Plant | DeviceNode) for node in self.nodes.values())

    def item_unit(self, name: str) -> units.ItemUnit:
        """The unit an item is counted in; generated items are counted in pieces."""
        item = self.items.get(name)
        return item.unit if item is not None else units.ItemUnit(Fraction(1), "each")

    @property
    def warm_up_is_automatic(self) -> bool:
        """Whether the warm-up is still to be found (`warm_up: auto`); it is 0 until then."""
        return self._origin.written.get("warm_up") == "auto"

    def with_warm_up(self, warm_up_ms: int) -> "Scenario":
        """The same scenario with another warm-up, stated as if it had been written."""
        changed = self.model_copy(update={"warm_up": warm_up_ms})
        written = {**self._origin.written, "warm_up": units.format_duration(warm_up_ms)}
        changed._origin = replace(self._origin, written=written)
        return changed

    @property
    def minor_digits(self) -> int:
        """Decimal places of the currency."""
        return units.minor_digits(self.currency)

    @property
    def start_epoch_ms(self) -> int:
        """The start as Unix time in milliseconds, the local time read as UTC."""
        delta = self.start - datetime(1970, 1, 1)
        return delta.days * units.MS_PER_DAY + delta.seconds * 1000 + delta.microseconds // 1000

    def minor(self, amount: Fraction | None) -> int:
        """An amount of money (major units, None for nothing) in minor units, halves rounded up."""
        return 0 if amount is None else units.round_half_up(amount * 10**self.minor_digits)

    def minor_milli(self, amount: Fraction | None) -> int:
        """An amount of money (major units, None for nothing) in thousandths of a minor unit, halves rounded up."""
        return 0 if amount is None else units.round_half_up(amount * 1000 * 10**self.minor_digits)

    def finding(self, message: str, hint: str, *location: object) -> Finding:
        """A finding about the setting at `location`, as in `"lanes", 0, "truck"`, with its file and line."""
        return Finding(message, hint, ".".join(str(part) for part in location), locate(self._origin.tree, location)[0])

    def resolved(self, table_folder: str = "") -> dict[str, Any]:
        """The scenario as plain data after `extends`, variant and overrides; loads again to an equal scenario.

        `table_folder` is put before the paths of tables, for a copy whose tables lie in a folder of its own.
        """
        data: dict[str, Any] = copy.deepcopy(dict(self._origin.written))
        if table_folder:
            for section, key in _table_fields(data):
                section[key] = f"{table_folder.rstrip('/')}/{section[key]}"
        return data

    def compact(self, table_folder: str = "") -> dict[str, Any]:
        """What `resolved` gives, with ranges of names such as `store-{01..60}` kept where nothing in them differs."""
        data = self.resolved(table_folder)
        for name in RANGED_SECTIONS:
            section = self._origin.tree.child(name)
            if section is not None and data.get(name):
                data[name] = folded(section).plain()
        return data

    def fingerprint(self) -> str:
        """SHA-256 over the settings and the contents of the tables: equal for equal scenarios."""
        tables = sorted((file.name, file.sha256) for file in self.inputs if not file.name.endswith((".yaml", ".yml")))
        text = json.dumps([self.resolved(), tables], sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Scenario):
            return NotImplemented
        same = all(
            getattr(self, name) == getattr(other, name) for name in type(self).model_fields if name != "variants"
        )
        tables = ("_stocking", "_traces", "_usage")
        return same and all(getattr(self, name) == getattr(other, name) for name in tables)

    __hash__ = None  # type: ignore[assignment]


def _table_fields(data: dict[str, Any]) -> list[tuple[dict[str, Any], str]]:
    """Places in resolved data that hold a path of a table."""
    places = [(data, key) for key in ("items_table", "stocking_table") if data.get(key)]
    for entry in data.get("demand") or []:
        if isinstance(entry, dict) and isinstance(entry.get("trace"), dict):
            places.append((entry["trace"], "table"))
    if isinstance(data.get("sizing"), dict):
        places.append((data["sizing"], "usage"))
    return places
