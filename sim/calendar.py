"""What happens at stated instants: periodic reviews, rebalancing, recalculation of levels."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from sim.network import Int64Array

if TYPE_CHECKING:
    from sim.engine import Twin


def on_calendar(
    twin: "Twin", instants_ms: Int64Array, place: tuple[int, int, int], action: Callable[[int], None], from_ms: int
) -> None:
    """Call `action` with the time at each of the instants (ascending) that is not before `from_ms`.

    `place` is (phase, node, number) in the total order. The calendar itself is all the state there is: a twin that is
    loaded at some instant goes on with the first entry after it.
    """

    def at_entry(entry: int) -> None:
        if entry < len(instants_ms):
            time = int(instants_ms[entry])
            event = twin.environment.at(time, *place)
            assert event.callbacks is not None
            event.callbacks.append(lambda _: happen(entry, time))

    def happen(entry: int, time: int) -> None:
        action(time)
        at_entry(entry + 1)

    at_entry(int(np.searchsorted(instants_ms, from_ms)))
