"""The page about emulated devices names options that exist, in commands that are understood."""

import re
import shlex
from pathlib import Path

import pytest

from device_emulators.catalog import KINDS
from mro_twin.emulate_command import command

PAGE = (Path(__file__).resolve().parent.parent / "docs" / "emulators.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^    mro-twin emulate (.*?)(?:  +#.*)?$", PAGE, flags=re.MULTILINE)


@pytest.mark.parametrize("arguments", COMMANDS)
def test_commands_of_the_page_are_understood(arguments):
    parsed = command.make_context("emulate", shlex.split(arguments)).params
    assert parsed["kind"] in KINDS


def test_options_of_the_page_exist():
    known = {name for parameter in command.params for name in parameter.opts}
    assert set(re.findall(r"`(--[a-z-]+)", PAGE)) <= known
    assert len(COMMANDS) == 8


def test_the_types_of_the_page_are_those_of_the_catalogue():
    rows = re.findall(r"^\| `(\w+)` \| (\d+) \| (.*?) \|", PAGE, flags=re.MULTILINE)
    assert rows == [(name, str(kind.number), kind.description) for name, kind in KINDS.items()]
