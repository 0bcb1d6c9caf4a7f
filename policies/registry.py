"""Where policies are found by their `kind`: a class decorator registers a configuration model under its name."""

from collections.abc import Callable
from typing import Annotated, Any, TypeVar, Union, cast

from pydantic import Field

from policies.fields import Model

M = TypeVar("M", bound=type[Model])


class Registry:
    """Configuration models by kind, for one sort of policy (replenishment, allocation, ...)."""

    def __init__(self, sort: str) -> None:
        self.sort = sort
        self._models: dict[str, type[Model]] = {}

    def register(self, kind: str) -> Callable[[M], M]:
        """A decorator that makes a model known as `kind`; the model has a field `kind: Literal[<kind>]`."""

        def add(model: M) -> M:
            if kind in self._models:
                raise ValueError(f"there are two {self.sort} policies of kind {kind!r}")
            field = cast("type[Model]", model).model_fields.get("kind")
            if field is None or field.default != kind:
                raise TypeError(f"{model.__name__} needs a field `kind: Literal[{kind!r}] = {kind!r}`")
            self._models[kind] = model
            return model

        return add

    @property
    def kinds(self) -> tuple[str, ...]:
        """All kinds, in the order in which they were registered."""
        return tuple(self._models)

    def model(self, kind: str) -> type[Model]:
        """The configuration model of a kind; KeyError for an unknown one."""
        return self._models[kind]

    def field_type(self) -> Any:
        """The type of a field that takes any of the kinds registered so far, told apart by `kind`."""
        models = tuple(self._models.values())
        return Annotated[Union[models], Field(discriminator="kind")] if len(models) > 1 else models[0]  # noqa: UP007
