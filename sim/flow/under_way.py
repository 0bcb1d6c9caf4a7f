"""Which lots are under way between two stock points: on docks, in parcels, on trucks."""

import numpy as np

from sim.flow.model import C_PARCEL_FREE, K_LAYER, K_NEXT, K_POINT, K_SOURCE, NONE, Y_LOT, Y_NEXT, Y_QUANTITY, FlowModel
from sim.flow.runner import rows_in_use
from sim.network import Int64Array


def layers_sent(model: FlowModel) -> Int64Array:
    """(n, 4): source, destination, lot and units, added up and in that order; goods from outside are no lot yet."""
    parcel, layer = model.parcel, model.layer
    rows = rows_in_use(parcel, int(model.clock[C_PARCEL_FREE]), K_NEXT)
    rows = rows[parcel[rows, K_LAYER] != NONE]
    layers = parcel[rows, K_LAYER]
    found = [np.zeros((0, 4), np.int64)]
    while len(rows):
        found.append(
            np.column_stack(
                (parcel[rows, K_SOURCE], parcel[rows, K_POINT], layer[layers, Y_LOT], layer[layers, Y_QUANTITY])
            )
        )
        layers = layer[layers, Y_NEXT]
        rows, layers = rows[layers != NONE], layers[layers != NONE]
    every = np.concatenate(found)
    moves, of_row = np.unique(every[:, :3], axis=0, return_inverse=True)
    units = np.zeros(len(moves), np.int64)
    np.add.at(units, of_row.reshape(-1), every[:, 3])
    return np.column_stack((moves, units))
