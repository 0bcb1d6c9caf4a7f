"""state.json: which run, instant and numbers a saved state belongs to."""

import hashlib
from collections.abc import Iterable
from dataclasses import fields, is_dataclass
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from sim.network import Network
from sim.state.kinds import FORMAT, LARGEST


class StateMeta(BaseModel):
    """What goes with the tables of a state. An extract that somebody made needs none of it.

    Attributes:
        kind: `saved` goes on exactly where a run stood; `extract` is opened like a new run: every stock point is
            reviewed and vehicles are at their bases.
        time_ms: everything before this instant has happened, nothing at it.
        network: fingerprint of the scenario's network; another one is a what-if.
        demand: fingerprint of its sources of demand, start and horizon; another one draws the future anew.
        drawn_to_ms: demand lines are drawn up to here.
        next_line, next_order, next_dispatch, next_trip, next_message: numbers that come next.
        plants: the tables of plants and devices are there; without them all of these are new at that instant.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    format: Literal[1] = FORMAT
    kind: Literal["saved", "extract"] = "extract"
    scenario: str = ""
    variant: str = ""
    time_ms: int = Field(0, ge=0, le=LARGEST)
    network: str = ""
    demand: str = ""
    seed: int = Field(0, ge=0, lt=1 << 63)
    replication: int = Field(0, ge=0, le=LARGEST)
    drawn_to_ms: int = Field(0, ge=0, le=LARGEST)
    next_line: int = Field(0, ge=0, le=LARGEST)
    next_order: int = Field(0, ge=0, le=LARGEST)
    next_dispatch: int = Field(0, ge=0, le=LARGEST)
    next_trip: int = Field(0, ge=0, le=LARGEST)
    next_message: int = Field(0, ge=0, le=LARGEST)
    plants: bool = False


def network_fingerprint(network: Network) -> str:
    """A hash of everything that a network says, except for its names of scenario and variant and for the warm-up."""
    left_out = {"name", "variant", "warm_up_ms", "notes"}
    return _hash(getattr(network, field.name) for field in fields(network) if field.name not in left_out)


def demand_fingerprint(network: Network) -> str:
    """A hash of all that the drawing of demand depends on, except for seed and replication."""
    return _hash((network.demand, network.start_epoch_ms, network.horizon_ms, network.node_names, network.item_names))


def _hash(values: Iterable[Any]) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for value in values:
        _add(digest, value)
    return digest.hexdigest()


def _add(digest: Any, value: Any) -> None:
    if isinstance(value, np.ndarray):
        digest.update(f"{value.dtype}{value.shape}".encode())
        digest.update(np.ascontiguousarray(value).tobytes())
    elif is_dataclass(value):
        for field in fields(value):
            _add(digest, getattr(value, field.name))
    elif isinstance(value, tuple) and value and not isinstance(value[0], str):
        for one in value:
            _add(digest, one)
    elif isinstance(value, frozenset):
        digest.update(repr(sorted(value)).encode())
    else:
        digest.update(repr(value).encode())
