"""The items of a scenario as columns: listed and tabled ones first, then those of the generator."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sim.build.generate import Property, price_and_popularity_scores, property_stream
from sim.build.stock_points import BoolArray
from sim.network import Float64Array, Int64Array
from sim.scenario.generator_section import GeneratedItems, LognormalVolume, LognormalWeight
from sim.scenario.items import Item
from sim.scenario.scenario import Scenario
from sim.units import round_half_up

CLASSES = "ABC"
CLASS_BY_VALUE = -1
"""Class of an item that gives none: it follows from the yearly value of its demand."""


@dataclass(frozen=True)
class ItemColumns:
    """I items; see the fields of the same name in `sim.network.Network`. `class_` may be CLASS_BY_VALUE."""

    unit: tuple[str, ...]
    resolution: Float64Array
    cost_milli: Int64Array
    price_milli: Int64Array
    class_: Int64Array
    volume_ml: Int64Array
    weight_g: Int64Array
    critical: BoolArray
    lots: BoolArray
    fefo: BoolArray
    shelf_life_ms: Int64Array
    certificate: BoolArray


def item_columns(scenario: Scenario) -> ItemColumns:
    """All items of a scenario, in the order of `scenario.item_names`."""
    listed = _listed(scenario, list(scenario.items.values()))
    if scenario.generator is None:
        return listed
    generated = _generated(scenario, scenario.generator.items, scenario.generator.seed)
    if not scenario.items:
        return generated
    return ItemColumns(
        listed.unit + generated.unit,
        *(np.concatenate([one, other]) for one, other in zip(_arrays(listed), _arrays(generated), strict=True)),
    )


def _arrays(columns: ItemColumns) -> list[npt.NDArray[np.generic]]:
    return [value for value in vars(columns).values() if isinstance(value, np.ndarray)]


def _listed(scenario: Scenario, items: list[Item]) -> ItemColumns:
    return ItemColumns(
        unit=tuple(item.unit.name for item in items),
        resolution=np.array([float(item.unit.resolution) for item in items], dtype=np.float64),
        cost_milli=np.array([scenario.minor_milli(item.unit_cost) for item in items], dtype=np.int64),
        price_milli=np.array([scenario.minor_milli(item.unit_price) for item in items], dtype=np.int64),
        class_=np.array(
            [CLASS_BY_VALUE if item.class_ is None else CLASSES.index(item.class_) for item in items], dtype=np.int64
        ),
        volume_ml=np.array([round_half_up(item.unit_volume_ml) for item in items], dtype=np.int64),
        weight_g=np.array([round_half_up(item.unit_weight_g) for item in items], dtype=np.int64),
        critical=np.array([item.critical for item in items], dtype=np.bool_),
        lots=np.array([item.lots != "none" for item in items], dtype=np.bool_),
        fefo=np.array([item.lots == "fefo" for item in items], dtype=np.bool_),
        shelf_life_ms=np.array([item.shelf_life or -1 for item in items], dtype=np.int64),
        certificate=np.array([item.certificate for item in items], dtype=np.bool_),
    )


def _generated(scenario: Scenario, section: GeneratedItems, seed: int) -> ItemColumns:
    """Prices and costs are rounded to the minor unit, volumes and weights to ml and g, at least 1 each."""
    count = section.count
    scores, _ = price_and_popularity_scores(seed, count, 0.0)
    spread = section.price.lognormal
    minor = float(spread.median) * 10**scenario.minor_digits * np.exp(spread.sigma * scores)
    minimum = 1 if section.price.minimum is None else max(scenario.minor(section.price.minimum), 1)
    price = np.maximum(np.floor(minor + 0.5), minimum)
    cost = np.maximum(np.floor(price * section.cost_share + 0.5), 0.0)
    critical = property_stream(seed, Property.CRITICAL).random(count) < section.critical_share
    volume = section.volume.lognormal if section.volume is not None else None
    weight = section.weight.lognormal if section.weight is not None else None
    return ItemColumns(
        unit=("each",) * count,
        resolution=np.ones(count),
        cost_milli=(cost * 1000).astype(np.int64),
        price_milli=(price * 1000).astype(np.int64),
        class_=np.full(count, CLASS_BY_VALUE, dtype=np.int64),
        volume_ml=_lognormal(volume, seed, Property.VOLUME, count),
        weight_g=_lognormal(weight, seed, Property.WEIGHT, count),
        critical=critical,
        lots=np.full(count, section.lots != "none", dtype=np.bool_),
        fefo=np.zeros(count, dtype=np.bool_),
        shelf_life_ms=np.full(count, -1, dtype=np.int64),
        certificate=np.zeros(count, dtype=np.bool_),
    )


def _lognormal(spread: LognormalVolume | LognormalWeight | None, seed: int, use: Property, count: int) -> Int64Array:
    if spread is None:
        return np.zeros(count, dtype=np.int64)
    drawn = spread.median * np.exp(spread.sigma * property_stream(seed, use).standard_normal(count))
    return np.maximum(np.floor(drawn + 0.5), 1.0).astype(np.int64)
