"""The README: its commands run as they stand, in order, and what it names exists."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from mro_twin.cli import COMMANDS
from sim.scenario.locate import built_in_names

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
FILE_ENDINGS = (".py", ".yaml", ".md", ".txt", ".toml", "/")
SOON: set[str] = set()


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, flags=re.MULTILINE | re.DOTALL)


def section(title: str) -> str:
    return README.split(f"\n## {title}\n")[1].split("\n## ")[0]


def test_every_command_of_the_readme_runs(tmp_path: Path) -> None:
    """In an empty folder, as a newcomer would: what a shell block needs stands in the README before it."""
    command = tmp_path / "bin" / "mro-twin"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m mro_twin "$@"\n')
    command.chmod(0o755)
    work = tmp_path / "work"
    work.mkdir()
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PATH": f"{command.parent}{os.pathsep}{os.environ['PATH']}"}

    def run(*arguments: str) -> None:
        done = subprocess.run(
            arguments, cwd=work, env=environment, capture_output=True, text=True, check=False, timeout=300
        )
        assert done.returncode == 0, f"{arguments[-1]}\n{done.stdout}\n{done.stderr}"

    (scenario,) = blocks("yaml")
    (work / "shop.yaml").write_text(scenario)
    for name, text in re.findall(r"^```python file=(\S+)\n(.*?)^```$", README, flags=re.MULTILINE | re.DOTALL):
        (work / name).write_text(text)
    shell = blocks("sh")
    assert sum(text.count("mro-twin run") for text in shell) >= 6
    for text in shell:
        run("sh", "-e", "-c", text)
    for text in blocks("python"):
        run(sys.executable, "-W", "error", "-c", text)
    runs = sorted(path.parent for path in (work / "runs").glob("*/manifest.json"))
    assert [path.name.split("-", 2)[2].rsplit("-", 1)[0] for path in runs][:2] == ["one-store", "one-store"]
    assert (runs[1] / "report.html").is_file()


def test_the_first_lines_are_the_two_commands() -> None:
    lines = README.splitlines()
    targets = re.findall(r"^([a-z]+):.*##", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)
    assert [line.split()[:2] for line in lines[:2]] == [["make", "run"], ["make", "test"]]
    assert set(re.findall(r"\bmake ([a-z]+)\b(?=`| +#)", README)) <= set(targets)


def test_every_file_that_the_readme_names_exists() -> None:
    links = [link for link in re.findall(r"\]\(([^)]+)\)", README) if "://" not in link]
    words = [word for word in re.findall(r"`([^`\s]+)`", README) if "/" in word and word.endswith(FILE_ENDINGS)]
    named = [*links, *(word for word in words if "<" not in word)]
    assert len(named) > 20
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_the_main_path_names_files_that_exist() -> None:
    listed = re.findall(r"^    (\S.*?)  ", section("How it works"), flags=re.MULTILINE)
    assert len(listed) > 10
    for entry in listed:
        first, *more = entry.split(", ")
        for name in (first, *(str(Path(first).parent / one) for one in more)):
            assert (ROOT / name).exists(), name


def test_commands_are_there_or_said_to_be_planned() -> None:
    named = set(re.findall(r"`?mro-twin ([a-z]+)\b(?! command)", README.replace("`mro-twin` command", "")))
    assert named - SOON <= set(COMMANDS)
    for name in SOON & named:
        assert re.search(rf"planned: [^|]*`mro-twin {name}`", README)
    assert not SOON & set(COMMANDS)


@pytest.mark.parametrize("name", built_in_names())
def test_every_scenario_is_in_the_readme(name: str) -> None:
    assert f"| [{name}](scenarios/{name}.yaml) |" in README
