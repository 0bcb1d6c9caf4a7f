"""Marks pure functions that the compiled flow also uses: Python calls them as they are, compiled code compiles them."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba.extending import register_jitable

F = TypeVar("F", bound=Callable[..., Any])


def compilable(function: F) -> F:
    """The same function, which compiled functions may call as well."""
    return cast(F, register_jitable(function))
