"""A flow meter: what has passed, and what it shows of it."""

import math


def shown_total(total_units: int, error: float) -> int:
    """What a meter shows after `total_units` have passed, if it shows the share `error` too much; halves go up."""
    return int(math.floor(total_units * (1.0 + error) + 0.5))
