"""Ranges in names: `store-{01..60}` stands for sixty names."""

import math
import re

_RANGE = re.compile(r"\{(\d{1,6})\.\.(\d{1,6})\}")
_MOST_NAMES = 100_000


def expand_range(text: str) -> list[str]:
    """`store-{01..60}` as sixty names, padded with zeros as the first number is; any other text as itself.

    ValueError when a range runs backwards or all ranges together stand for more than 100,000 names.
    """
    return [name for name, _ in numbered_names(text)]


def numbered_names(text: str) -> list[tuple[str, tuple[str, ...]]]:
    """The names that `expand_range` gives, each with the numbers that stand for its ranges, as they are written."""
    sizes = [int(match[2]) - int(match[1]) + 1 for match in _RANGE.finditer(text)]
    if any(size < 1 for size in sizes):
        raise ValueError(f"a range in `{text}` runs backwards")
    if math.prod(sizes) > _MOST_NAMES:
        raise ValueError(f"`{text}` stands for more than {_MOST_NAMES:,} names")
    return _expanded(text)


def count_ranges(text: str) -> int:
    """How many ranges a text has."""
    return len(_RANGE.findall(text))


def _expanded(text: str) -> list[tuple[str, tuple[str, ...]]]:
    match = _RANGE.search(text)
    if match is None:
        return [(text, ())]
    width = len(match[1]) if match[1].startswith("0") else 0
    before, after = text[: match.start()], _expanded(text[match.end() :])
    numbers = (f"{number:0{width}d}" for number in range(int(match[1]), int(match[2]) + 1))
    return [(f"{before}{number}{rest}", (number, *more)) for number in numbers for rest, more in after]
