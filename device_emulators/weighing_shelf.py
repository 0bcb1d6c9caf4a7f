"""A weighing shelf: a count of units worked out from a weight."""

import math


def shown_units(load_mg: float, offset_mg: float, resolution_mg: int, unit_weight_mg: int) -> int:
    """How many units a scale shows: the nearest whole number of unit weights, never below 0.

    `load_mg` is what lies on the plate. `offset_mg` is what the scale shows of an empty plate (zero, drift and noise
    together). The sum is first rounded to the nearest multiple of `resolution_mg`, where that is not 0. Halves go up.
    """
    weight_mg = load_mg + offset_mg
    if resolution_mg > 0:
        weight_mg = math.floor(weight_mg / resolution_mg + 0.5) * float(resolution_mg)
    return max(int(math.floor(weight_mg / unit_weight_mg + 0.5)), 0)
