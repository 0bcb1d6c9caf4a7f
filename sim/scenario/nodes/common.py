"""What all nodes have in common, and the register of their kinds."""

from collections.abc import Callable
from typing import TypeVar

from pydantic import Field

from policies.fields import Model

N = TypeVar("N", bound="type[NodeBase]")

NODE_KINDS: dict[str, "type[NodeBase]"] = {}


class NodeBase(Model):
    """A place in the network."""

    echelon: str | None = Field(None, min_length=1, max_length=100, description="label in reports; default: the kind")
    description: str = Field("", description="free text")

    @property
    def label(self) -> str:
        """What reports call its place in the network: the stated echelon, else the kind."""
        return self.echelon or str(getattr(self, "kind", ""))


def node_kind(kind: str) -> Callable[[N], N]:
    """Decorator that makes a node model known under its kind."""

    def add(model: N) -> N:
        NODE_KINDS[kind] = model
        return model

    return add
