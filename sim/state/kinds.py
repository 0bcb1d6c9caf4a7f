"""What tables of a saved state are made of: columns with their kind, meaning, unit and default."""

from dataclasses import dataclass
from enum import Enum
from typing import Final

import numpy as np

FORMAT: Final = 1
META: Final = "state.json"
ABSENT: Final = int(np.iinfo(np.int64).min)
"""Stands for an empty cell of a number column that has no fixed default."""
LARGEST: Final = 1 << 53
"""Bound of every number in a state, so that sums of them stay exact."""


class Kind(Enum):
    """What the cells of a column hold."""

    NODE = "node name"
    ITEM = "item name"
    ROUTE = "route name"
    GATEWAY = "gateway name"
    CAUSE = "cause of a difference"
    STOP = "cause of a stop"
    COUNT = "whole number from 0"
    POSITIVE = "whole number from 1"
    NUMBER = "whole number"
    FLAG = "0 or 1"
    TIME = "ms since the start, or a date"
    REAL = "number"
    TEXT = "text"


@dataclass(frozen=True)
class StateColumn:
    """A column; `default` None means that every row needs a value."""

    name: str
    kind: Kind
    meaning: str
    default: int | None = None
    absent: str = ""  # what an empty cell means, where the default is ABSENT

    @property
    def required(self) -> bool:
        """Whether the column has to be there, without empty cells."""
        return self.default is None

    @property
    def default_text(self) -> str:
        """What an empty cell means, in words."""
        if self.default is None:
            return "needed"
        return self.absent if self.default == ABSENT else str(self.default)


@dataclass(frozen=True)
class StateTable:
    """A table of the state.

    `extract`: may also be part of an extract that somebody else made. `plants`: only there with plants or devices.
    """

    name: str
    meaning: str
    columns: tuple[StateColumn, ...]
    extract: bool = False
    plants: bool = False

    def column(self, name: str) -> StateColumn:
        """The column of that name; KeyError when there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)


def needed(name: str, kind: Kind, meaning: str) -> StateColumn:
    """A column of which every row needs a value."""
    return StateColumn(name, kind, meaning)


def optional(name: str, kind: Kind, meaning: str, default: int | str) -> StateColumn:
    """A column with empty cells: `default` is what they stand for, or says in words what they mean."""
    if isinstance(default, str):
        return StateColumn(name, kind, meaning, ABSENT, default)
    return StateColumn(name, kind, meaning, default)


NODE: Final = needed("node", Kind.NODE, "where")
ITEM: Final = needed("item", Kind.ITEM, "what")
QUANTITY: Final = needed("quantity", Kind.POSITIVE, "in the item's own unit")
