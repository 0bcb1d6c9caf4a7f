"""A replayed history of demand, as columns."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from policies.replenishment import Int64Array


@dataclass(frozen=True, eq=False)
class TraceTable:
    """R lines in the order of the file.

    `time_ms` counts from the scenario's start, `node` indexes the scenario's nodes, `item` its item names, `quantity`
    is in integer units, `job` numbers the jobs from 0 (-1: a line on its own). `lost` says that what is not there is
    lost (else owed), `whole` that the customer takes the line as a whole or waits.
    """

    name: str
    time_ms: Int64Array
    node: Int64Array
    item: Int64Array
    quantity: Int64Array
    job: Int64Array
    lost: npt.NDArray[np.bool_]
    whole: npt.NDArray[np.bool_]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, TraceTable):
            return NotImplemented
        names = ("time_ms", "node", "item", "quantity", "job", "lost", "whole")
        return all(np.array_equal(getattr(self, name), getattr(other, name)) for name in names)

    __hash__ = None  # type: ignore[assignment]
