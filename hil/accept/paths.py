"""Patterns by which a suite says where a message holds what: topics and JSON paths."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

_NAME: Final = re.compile(r"\{([a-z_]+)\}")
_STEP: Final = re.compile(r"\.([A-Za-z_][\w-]*)|\[(\d{1,6})\]|(\[\*\])|\[\"([^\"]*)\"\]")
_MISSING: Final = object()


class TopicPattern:
    """A topic (or path) by levels: `plant/{device}/+/{signal}/#`; a name in braces takes one level, or a part of it."""

    def __init__(self, text: str) -> None:
        """ValueError when it cannot be a pattern."""
        levels = text.split("/")
        if "#" in levels[:-1] or not text:
            raise ValueError(f"{text!r} is no topic pattern: # may only be its last level")
        names = _NAME.findall(text)
        if len(set(names)) != len(names):
            raise ValueError(f"{text!r} is no topic pattern: a name stands in it twice")
        self.text = text
        self.names = frozenset(names)
        self._regex = re.compile("".join(_level(level, at) for at, level in enumerate(levels)))

    @property
    def filter(self) -> str:
        """The filter to subscribe to."""
        return "/".join("+" if _NAME.search(level) else level for level in self.text.split("/"))

    def match(self, topic: str) -> dict[str, str] | None:
        """What stands for the names; None when the topic is another."""
        found = self._regex.fullmatch(topic)
        return None if found is None else found.groupdict()

    def fill(self, values: Mapping[str, str]) -> str:
        """The topic with values for its names."""
        return _NAME.sub(lambda name: values[name[1]], self.text)


def _level(level: str, at: int) -> str:
    slash = "/" if at else ""
    if level == "#":
        return f"(?:{slash}.*)?"
    if level == "+":
        return f"{slash}[^/]*"
    parts = _NAME.split(level)
    return slash + "".join(f"(?P<{part}>[^/]+)" if odd % 2 else re.escape(part) for odd, part in enumerate(parts))


class JsonPath:
    """A place in JSON: `$.readings[*].value`, `$["odd name"][0]`; `@` instead of `$` begins at a reading of `each`."""

    def __init__(self, text: str) -> None:
        """ValueError when it is no such path."""
        self.text = text
        self.from_reading = text.startswith("@")
        steps: list[str | int | None] = []
        at = 1 if text[:1] in ("$", "@") else -1
        while 0 <= at < len(text):
            step = _STEP.match(text, at)
            if step is None:
                at = -1
                break
            name, index, every, quoted = step.groups()
            steps.append(None if every else int(index) if index is not None else name if name is not None else quoted)
            at = step.end()
        if at < 0:
            raise ValueError(f"{text!r} is no JSON path; write one such as $.readings[*].value or @.number")
        self._steps = tuple(steps)

    def find(self, document: Any) -> Iterator[Any]:
        """All values there, in order."""
        yield from _walk(document, self._steps)

    def first(self, document: Any) -> Any:
        """The first value there, None if there is none."""
        return next(self.find(document), None)


def _walk(value: Any, steps: tuple[str | int | None, ...]) -> Iterator[Any]:
    if not steps:
        yield value
        return
    step, rest = steps[0], steps[1:]
    if step is None:
        for child in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
            yield from _walk(child, rest)
    elif isinstance(step, int):
        if isinstance(value, list) and step < len(value):
            yield from _walk(value[step], rest)
    elif isinstance(value, dict) and (child := value.get(step, _MISSING)) is not _MISSING:
        yield from _walk(child, rest)
