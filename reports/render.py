"""Fills the page templates. Everything that comes from a run directory is text to them: it is escaped, never markup."""

from collections.abc import Mapping
from functools import lru_cache
from importlib import metadata, resources
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from reports.numbers import number, short


@lru_cache(maxsize=1)
def _environment() -> Environment:
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
    style = Markup(resources.files("reports").joinpath("templates/style.css").read_text(encoding="utf-8"))  # noqa: S704
    return _environment().get_template(template).render(style=style, version=metadata.version("mro-twin"), **content)
