"""The random numbers of plants and devices: words of named streams by position."""

import numpy as np

from sim.chance.distributions import duration_from_uniform
from sim.chance.streams import uniform
from sim.flow.model import C_REPLICATION, C_SEED, FlowModel
from sim.jit import compiled, int64
from sim.network import DISTRIBUTION_CONSTANT, Float64Array, Uint64Array
from sim.plant import model as q
from sim.plant.model import PlantModel


@compiled
def word(m: FlowModel, key: Uint64Array, index: int) -> float:
    """The word of a stream at a position, a number in (0, 1)."""
    seed, replication = np.uint64(m.clock[C_SEED]), np.uint64(m.clock[C_REPLICATION])
    return uniform(key[0], key[1], seed, replication, index)


@compiled
def draw_word(m: FlowModel, p: PlantModel, point: int, draw: int, which: int) -> float:
    """One of the words of a draw of a stock point."""
    return word(m, p.stream[point, q.STREAM_DRAW], draw * q.DRAW_WORDS + which)


@compiled
def duration(row: Float64Array, number: float) -> int:
    """A duration in ms, at least 0."""
    return duration_from_uniform(int64(row[0]), row[1], row[2], row[3], int64(row[4]), number)


@compiled
def is_constant(row: Float64Array) -> bool:
    """Whether a duration takes no word of its stream."""
    return bool(row[0] == DISTRIBUTION_CONSTANT)
