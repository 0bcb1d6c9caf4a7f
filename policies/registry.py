"""Where policies are found by their `kind`: a class decorator registers a configuration model under its name.

Policies from outside come in through the entry point group `mro_twin.policies` of installed packages, or from files
that the user names (`load_policy_file`); both are code that the user chose to install or to run.
"""

import importlib.util
import os
import sys
from collections.abc import Callable
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any, Final, Literal, TypeVar, Union, get_args, get_origin

from pydantic import Field

from policies.fields import Model

M = TypeVar("M", bound=type[Model])

ENTRY_POINTS: Final = "mro_twin.policies"
FILES_VARIABLE: Final = "MRO_TWIN_POLICIES"
"""Environment variable with policy files, by which worker processes know them, too."""


class PolicyFileError(ValueError):
    """A policy from outside that cannot be loaded; the message names it and says why."""


class Registry:
    """Configuration models by kind, for one sort of policy (replenishment, allocation, ...)."""

    def __init__(self, sort: str, base: str = "policies.custom.CustomPolicy") -> None:
        self.sort = sort
        self._base = base  # what a class from outside is derived from
        self._models: dict[str, type[Model]] = {}

    def register(self, kind: str) -> Callable[[M], M]:
        """A decorator that makes a model known as `kind`; the model has a field `kind: Literal[<kind>]`.

        Raises TypeError for a class that cannot be used, ValueError for a kind that is taken.
        """

        def add(model: M) -> M:
            _check(model, kind, self._base)
            known = self._models.get(kind)
            if known is not None and (known is model or _origin(known) != _origin(model)):
                raise ValueError(f"there are two {self.sort} policies of kind {kind!r}")
            self._models[kind] = model
            _registered.append(model)
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


def _check(model: type[Model], kind: str, base: str) -> None:
    """Raises TypeError if a class cannot be a policy of this kind."""
    if not (isinstance(model, type) and issubclass(model, Model)):
        name = getattr(model, "__name__", repr(model))
        raise TypeError(f"{name} is not a configuration model: derive it from {base}")
    field = model.model_fields.get("kind")
    if (
        field is None
        or field.default != kind
        or get_origin(field.annotation) is not Literal
        or get_args(field.annotation) != (kind,)
    ):
        raise TypeError(f"{model.__name__} needs a field `kind: Literal[{kind!r}] = {kind!r}`")
    missing = sorted(getattr(model, "__abstractmethods__", ()))
    if missing:
        raise TypeError(f"{model.__name__} needs a method `{missing[0]}`")


def _origin(model: type[Model]) -> tuple[str, str]:
    """Where a class is written; the same file may be run twice (as `__main__` and in a worker process)."""
    module = sys.modules.get(model.__module__)
    return str(getattr(module, "__file__", model.__module__)), model.__qualname__


_loaded: set[str] = set()
_registered: list[type[Model]] = []  # in order, again when a file is run again


def load_outside_policies() -> None:
    """Load the policies of installed packages and of the files named in the environment, each once.

    Raises PolicyFileError for one that cannot be loaded.
    """
    for path in filter(None, os.environ.get(FILES_VARIABLE, "").split(os.pathsep)):
        load_policy_file(Path(path))
    if ENTRY_POINTS in _loaded:
        return
    _loaded.add(ENTRY_POINTS)
    for entry in entry_points(group=ENTRY_POINTS):
        try:
            entry.load()
        except (Exception, SystemExit) as error:  # whatever a stranger's module does
            raise PolicyFileError(f"the policies of entry point `{entry.name}` cannot be loaded: {error}") from error


def load_policy_file(path: Path) -> None:
    """Run a Python file that registers policies, and let worker processes do the same.

    Raises PolicyFileError if there is no such file, it fails, or there is no policy in it.
    """
    path = path.resolve()
    if str(path) in _loaded:
        return
    if not path.is_file():
        raise PolicyFileError(f"there is no policy file {path}")
    name = f"mro_twin_policy_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise PolicyFileError(f"{path} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    before = len(_registered)
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        raise PolicyFileError(f"{path.name} cannot be loaded: {type(error).__name__}: {error}") from error
    if not _has_policies(module, _registered[before:]):
        del sys.modules[name]
        raise PolicyFileError(f"{path.name} defines no policy: decorate a class with @policy(...)")
    _loaded.add(str(path))
    files = [one for one in os.environ.get(FILES_VARIABLE, "").split(os.pathsep) if one and one != str(path)]
    os.environ[FILES_VARIABLE] = os.pathsep.join([*files, str(path)])


def _has_policies(module: ModuleType, new: list[type[Model]]) -> bool:
    """Whether running a module registered a policy, or it took over one from another module that ran before."""
    taken_over = (value for value in vars(module).values() if isinstance(value, type) and value in _registered)
    own_package = __name__.partition(".")[0]
    return any(model.__module__.partition(".")[0] != own_package for model in (*new, *taken_over))
