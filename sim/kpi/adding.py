"""Measures added up by key: per node, per item, per class. Each is added up once, when it is first asked for."""

from collections.abc import Callable, Container

import numpy as np

from sim.jit import compiled
from sim.kpi.measures import NODE_MEASURES
from sim.network import Float64Array, Int64Array

Sums = Callable[[str], Float64Array]
"""Gives the sums of a measure by its name, one value per key."""


def bincount(key: Int64Array, weights: Float64Array, keys: int) -> Float64Array:
    """Sums of the weights by key."""
    return np.bincount(key, weights=weights, minlength=keys).astype(np.float64, copy=False)


def sums_by(source: Sums, key: Int64Array, keys: int) -> Sums:
    """The source's measures added up by key, each once."""
    cache: dict[str, Float64Array] = {}

    def sums(measure: str) -> Float64Array:
        if measure not in cache:
            cache[measure] = bincount(key, source(measure), keys)
        return cache[measure]

    return sums


def both(source: Sums, key: Int64Array, keys: int, other_key: Int64Array, other_keys: int) -> tuple[Sums, Sums]:
    """The source's measures added up by either of two keys, in one pass over the stock points."""
    cache: dict[str, tuple[Float64Array, Float64Array]] = {}

    def sums(measure: str) -> tuple[Float64Array, Float64Array]:
        if measure not in cache:
            cache[measure] = np.zeros(keys), np.zeros(other_keys)
            _add_up(source(measure), key, other_key, *cache[measure])
        return cache[measure]

    return lambda measure: sums(measure)[0], lambda measure: sums(measure)[1]


@compiled
def _add_up(
    values: Float64Array, key: Int64Array, other_key: Int64Array, sums: Float64Array, other_sums: Float64Array
) -> None:
    for row in range(len(values)):
        if values[row] != 0.0:
            sums[key[row]] += values[row]
            other_sums[other_key[row]] += values[row]


def either(first: dict[str, Float64Array], then: Sums) -> Sums:
    """The first's measures, and those of the other that it has not."""
    return lambda measure: first[measure] if measure in first else then(measure)


def without_nodes(sums: Sums, keys: int) -> Sums:
    """Measures of nodes are 0 where keys are no sums of nodes."""
    return lambda measure: np.zeros(keys) if measure in NODE_MEASURES else sums(measure)


def only(known: Container[str], sums: Sums, keys: int) -> Sums:
    """All measures but those known are 0."""
    return lambda measure: sums(measure) if measure in known else np.zeros(keys)
