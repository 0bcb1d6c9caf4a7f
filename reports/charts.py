"""Turns a matplotlib figure into an SVG picture that may stand inside a page: inert, small, and in the page's colours.

The SVG is parsed and written anew: only elements that draw are kept, names of elements are numbered (several pictures
share one page), and the colours of text, axes and grid become the page's own, so that it can be shown on a dark screen.
"""

import io
import re
import warnings
import xml.etree.ElementTree as ET
from collections.abc import Callable
from typing import Any, Final

import matplotlib as mpl
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure

INK: Final = "#1c2733"
MUTED: Final = "#5a6674"
RULE: Final = "#d5dbe2"
LONGEST_NAME: Final = 32
"""Characters of a name in a picture."""

HALF_WIDTH: Final = 4.6
"""Inches, at which text stays readable on a phone."""

STYLE: Final[Any] = {
    "axes.edgecolor": MUTED,
    "axes.grid": False,
    "axes.labelcolor": MUTED,
    "axes.labelsize": 9,
    "axes.linewidth": 0.7,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "figure.constrained_layout.use": True,
    "font.size": 9,
    "grid.color": RULE,
    "grid.linewidth": 0.6,
    "legend.labelcolor": INK,
    "svg.fonttype": "none",  # text stays text: it can be read aloud, searched, copied
    "svg.hashsalt": "mro-twin",
    "text.color": INK,
    "text.parse_math": False,  # a name with dollar signs is a name
    "xtick.color": MUTED,
    "ytick.color": MUTED,
}
_COLOURS: Final = {INK: "var(--ink)", MUTED: "var(--muted)", RULE: "var(--rule)", "#000000": "var(--ink)"}
_SVG: Final = "http://www.w3.org/2000/svg"
_HREF: Final = "{http://www.w3.org/1999/xlink}href"
_DRAWN: Final = frozenset({"svg", "g", "defs", "path", "use", "text", "tspan", "clipPath", "rect", "circle", "image"})
_KEPT: Final = frozenset({"id", "style", "transform", "d", "x", "y", "r", "cx", "cy", "width", "height"}) | {
    "viewBox",
    "clip-path",
    "points",
    "preserveAspectRatio",
}
_REFERENCE: Final = re.compile(r"url\(#([^)]+)\)")
_FONT: Final = re.compile(r"font: ((?:\w+ )*?)([\d.]+)px [^;]*")
_LONG_NUMBER: Final = re.compile(r"(\d+\.\d{2})\d+")


def shorten(name: str) -> str:
    """A name short enough to stand in a picture."""
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"


def chart(name: str, title: str, draw: Callable[[Axes], None], size: tuple[float, float] = (HALF_WIDTH, 2.9)) -> Markup:
    """Draw onto one pair of axes and give the SVG for the page.

    Args:
        name: unique on the page; begins the names of the picture's elements.
        title: what the picture shows, for those who cannot see it.
        draw: draws onto the axes.
        size: width and height in inches.
    """
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=size)
        axes = figure.subplots()
        draw(axes)
        axes.set_title("")  # the page has headings of its own
        return as_svg(figure, name, title)


def as_svg(figure: Figure, name: str, title: str) -> Markup:
    """The figure as inline SVG; the same figure gives the same text."""
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        # the browser has the fonts that matter; matplotlib's only measures, and misses most of the world's letters
        warnings.filterwarnings("ignore", message=r"Glyph \d+|constrained_layout not applied", category=UserWarning)
        figure.savefig(buffer, format="svg", metadata={"Date": None}, transparent=True)
    root = ET.fromstring(buffer.getvalue())
    _strip(root)
    _rename(root, name)
    for element in root.iter():
        if element.tag == f"{{{_SVG}}}path" and "d" in element.attrib:
            element.set("d", " ".join(_LONG_NUMBER.sub(r"\1", element.get("d", "")).split()))
        if "style" in element.attrib:
            element.set("style", _style(element.get("style", "")))
    root.attrib.pop("width", None)
    root.attrib.pop("height", None)
    root.set("role", "img")
    root.set("aria-label", title)
    for element in root.iter():
        element.tag = element.tag.removeprefix(f"{{{_SVG}}}")
        if _HREF in element.attrib:
            element.set("href", element.attrib.pop(_HREF))
    return Markup(ET.tostring(root, encoding="unicode"))  # ElementTree has escaped every text


def _strip(element: ET.Element) -> None:
    """Remove what does not draw (metadata, style sheets) and attributes that are not needed."""
    for child in list(element):
        if not isinstance(child.tag, str) or child.tag.removeprefix(f"{{{_SVG}}}") not in _DRAWN:
            element.remove(child)
        else:
            _strip(child)
    for attribute in list(element.attrib):
        inside = attribute == _HREF and element.get(attribute, "").startswith(("#", "data:image/png;base64,"))
        if attribute not in _KEPT and not inside:
            del element.attrib[attribute]


def _rename(root: ET.Element, name: str) -> None:
    """Number the elements that others refer to; names of all others go."""
    wanted: dict[str, str] = {}
    for element in root.iter():
        references = [one for value in element.attrib.values() for one in _REFERENCE.findall(value)]
        if element.get(_HREF, "").startswith("#"):
            references.append(element.get(_HREF, "")[1:])
        for one in references:
            wanted.setdefault(one, f"{name}-{len(wanted)}")
    for element in root.iter():
        identity = element.attrib.pop("id", None)
        if identity in wanted:
            element.set("id", wanted[identity])
        for attribute, value in list(element.attrib.items()):
            if attribute == _HREF and value.startswith("#"):
                element.set(attribute, f"#{wanted[value[1:]]}")
            elif "url(#" in value:
                element.set(attribute, _REFERENCE.sub(lambda found: f"url(#{wanted[found[1]]})", value))


def _style(style: str) -> str:
    style = _FONT.sub(
        lambda found: f"font-size: {found[2]}px{'; font-weight: bold' if 'bold' in found[1] else ''}", style
    )
    for colour, variable in _COLOURS.items():
        style = style.replace(colour, variable)
    return style
