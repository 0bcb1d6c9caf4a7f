"""Large networks from a few numbers: items, their prices and popularity, what customers ask for, what is stocked.

Everything is drawn once, from the generator section's own seed, and is part of the scenario: replications differ in
what happens, never in which parts exist. Each property has a stream of its own (numpy Philox keyed by seed and
property), so changing one of them leaves the others as they were.
"""

from enum import IntEnum

import numpy as np

from sim.build.stock_points import BoolArray
from sim.network import Float64Array, Int64Array


class Property(IntEnum):
    """What a stream of the generator is for; the number is part of its key, so never renumber."""

    PRICE_AND_POPULARITY = 1
    VOLUME = 2
    WEIGHT = 3
    CRITICAL = 4
    JOB_RATE = 5
    MIX = 6
    DEAD_STOCK = 7
    OPENING_LEVEL = 8
    OPENING_AGE = 9


_PROPERTIES = 256


def property_stream(seed: int, use: Property, entry: int = 0) -> np.random.Generator:
    """The generator's stream for one property; `entry` tells the entries of a list apart."""
    return np.random.Generator(np.random.Philox(key=np.array([seed, use + _PROPERTIES * entry], dtype=np.uint64)))


def price_and_popularity_scores(seed: int, count: int, correlation: float) -> tuple[Float64Array, Float64Array]:
    """Standard normal scores (count,) of price and popularity of each item, with the given correlation.

    A Gaussian copula: whatever distributions are laid over the scores, the order of prices and the order of
    popularity stay related in the same way.
    """
    price, other = property_stream(seed, Property.PRICE_AND_POPULARITY).standard_normal((2, count))
    return price, correlation * price + np.sqrt(1.0 - correlation**2) * other


def zipf_weights(score: Float64Array, exponent: float) -> Float64Array:
    """Popularity by rank: the item with the k-th highest score has weight k ** -exponent; weights sum to 1."""
    weights: Float64Array = np.empty(score.size)
    weights[np.argsort(-score, kind="stable")] = np.arange(1, score.size + 1, dtype=np.float64) ** -exponent
    weights /= weights.sum()
    return weights


def lognormal_weights(score: Float64Array, sigma: float) -> Float64Array:
    """Popularity with a lognormal distribution over items (standard deviation `sigma` of its logarithm); sums to 1."""
    weights: Float64Array = np.exp(sigma * (score - score.max()))
    weights /= weights.sum()
    return weights


def node_rates(seed: int, nodes: int, mean: float, cv: float, entry: int) -> Float64Array:
    """Rates of the nodes: lognormal with this coefficient of variation, scaled so that their mean is exact."""
    sigma = np.sqrt(np.log1p(cv**2))
    rates: Float64Array = np.exp(sigma * property_stream(seed, Property.JOB_RATE, entry).standard_normal(nodes))
    if nodes:
        rates *= mean / rates.mean()
    return rates


def node_mixes(seed: int, nodes: int, popularity: Float64Array, sigma: float, entry: int) -> Float64Array:
    """Each node's own share of each item, (nodes, items), rows summing to 1.

    Popularity times a lognormal factor of mean 1 per node and item: local fleets differ from the average one.
    """
    if sigma <= 0.0:
        return np.broadcast_to(popularity, (nodes, popularity.size))
    scores = property_stream(seed, Property.MIX, entry).standard_normal((nodes, popularity.size), dtype=np.float32)
    mixes: Float64Array = np.exp(sigma * scores).astype(np.float64) * popularity
    mixes /= mixes.sum(axis=1, keepdims=True)
    return mixes


def top_ranked(score: Float64Array, count: int) -> BoolArray:
    """The `count` items with the highest score above zero; ties go to the earlier item."""
    chosen = np.zeros(score.size, dtype=np.bool_)
    ranked = np.argsort(-score, kind="stable")[:count]
    chosen[ranked[score[ranked] > 0.0]] = True
    return chosen


def stationary_stock(seed: int, entry: int, reorder_point: Int64Array, order_up_to: Int64Array) -> Int64Array:
    """Opening stock as if the policy had been at work for long: uniform on reorder point + 1, ..., order-up-to.

    That is the stationary distribution of the inventory position under unit demand (Hadley and Whitin 1963, 4-7),
    here with nothing yet on order.
    """
    u = property_stream(seed, Property.OPENING_LEVEL, entry).random(reorder_point.size)
    span = np.maximum(order_up_to - reorder_point, 1)
    stock: Int64Array = np.maximum(reorder_point + 1 + np.floor(u * span).astype(np.int64), 0)
    return stock


def stationary_age_ms(seed: int, entry: int, stock: Int64Array, mean_per_day: Float64Array) -> Int64Array:
    """Age of opening stock, ms: gamma with mean (n + 1) / 2 uses and shape n, for n units on hand.

    A single unit waits one exponential time between two uses, so its age is exponential with one mean use; many
    units issued first in, first out are on average half as old as the time they last. At most ten years.
    """
    n = np.maximum(stock, 1).astype(np.float64)
    use_days = 1.0 / np.maximum(mean_per_day, 1e-9)
    drawn = property_stream(seed, Property.OPENING_AGE, entry).standard_gamma(n) / n
    days = np.minimum(drawn * (n + 1.0) / 2.0 * use_days, 3650.0)
    return np.where(stock > 0, days * 86_400_000.0, 0.0).astype(np.int64)
