"""A vending machine: what a turn of it comes to."""

from typing import Final

VEND_WELL: Final = 0
VEND_JAM: Final = 1
VEND_FAIL: Final = 2
VEND_WRONG: Final = 3


def turn_outcome(word: float, jam: float, fail: float, wrong: float) -> int:
    """What one turn comes to, VEND_*: nothing moves any more, nothing falls, another item falls, or all is well.

    `word` is a uniform number in [0, 1); `jam`, `fail` and `wrong` are shares of turns, cumulated in this order.
    """
    if word < jam:
        return VEND_JAM
    if word < jam + fail:
        return VEND_FAIL
    if word < jam + fail + wrong:
        return VEND_WRONG
    return VEND_WELL
