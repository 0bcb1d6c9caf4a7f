"""Fills the page templates. Everything that comes from a run directory is text to them: it is escaped, never markup."""

from collections.abc import Callable, Mapping
from functools import lru_cache
from importlib import metadata, resources
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from reports.numbers import number, short

Progress = Callable[[int, int], None]
"""Called with the parts of a page that are made, and how many there are."""


def no_progress(done: int, total: int) -> None:
    """Nobody is watching."""


def make_parts(parts: Mapping[str, Callable[[], Any]], progress: Progress) -> dict[str, Any]:
    """The parts of a page by name, each made by its function, one after the other."""
    made: dict[str, Any] = {}
    for name, make in parts.items():
        made[name] = make()
        progress(len(made), len(parts))
    return made


@lru_cache(maxsize=1)
def environment() -> Environment:
    """Where the templates are; what they show is escaped."""
    environment = Environment(
        loader=PackageLoader("reports", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(number=number, short=short)
    return environment


def render(template: str, content: Mapping[str, Any]) -> str:
    """A whole page: the template with its style sheet inside, so that it needs no other file."""
    style = Markup(resources.files("reports").joinpath("templates/style.css").read_text(encoding="utf-8"))
    return environment().get_template(template).render(style=style, version=metadata.version("mro-twin"), **content)
