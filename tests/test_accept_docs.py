"""What docs/acceptance.md shows is true: its suite is good, its test runs, every entry of a verdict is explained."""

import json
import re
import textwrap
from pathlib import Path

import pytest

from device_emulators.faces.documents import checked, parse_document
from hil.accept.criteria import Criteria
from hil.accept.judging import judge
from hil.accept.reference import example, lines
from hil.accept.suite_file import read_suite
from hil.accept.verdict import conclude
from hil.faults.kinds import KINDS, Fault
from hil.faults.model import FaultFile
from tests.accept_histories import RULES, Known

pytest_plugins = ["pytester"]
ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "acceptance.md").read_text(encoding="utf-8")


def block(beginning: str) -> str:
    """The indented block that begins so."""
    found = re.search(rf"^    {re.escape(beginning)}.*\n(?:(?:    .*)?\n)*", PAGE, re.MULTILINE)
    assert found is not None
    return textwrap.dedent(found[0])


def test_its_suite_is_good(tmp_path: Path) -> None:
    file = tmp_path / "suite.yaml"
    file.write_text(block("name: my-gateway"), encoding="utf-8")
    assert [name for entry in read_suite(file).devices for name in entry.names] == [
        *("vending-1", "vending-2", "tank", "shelf"),
    ]


def test_every_entry_of_a_verdict_is_explained() -> None:
    entries = conclude("suite", judge(Known(counters=True, names=True).history(), RULES), Criteria()).as_dict()
    section = PAGE.split("## What a verdict holds")[1].split("## ")[0]
    told = {name for line in section.splitlines() if line.startswith("| `") for name in re.findall(r"`(\w+)`", line)}
    assert set(entries) <= told


def test_the_reference_is_that_of_the_models() -> None:
    page = (ROOT / "docs" / "acceptance-reference.md").read_text(encoding="utf-8")
    assert page.splitlines() == list(lines()), "run: python -m hil.accept.reference > docs/acceptance-reference.md"


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_its_faults_can_be_played(kind: type[Fault]) -> None:
    (entry,) = checked(FaultFile, parse_document(f"faults: [{example(kind)}]")).faults
    assert isinstance(entry.fault, kind)


@pytest.mark.slow
def test_its_test_runs(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    pytester.makeini("[pytest]\nfilterwarnings = error\naddopts = -p hil.pytest_plugin --strict-markers")
    suite = parse_document(block("name: my-gateway")).data
    # the page's gateway is the reader's own; the one that comes along sends in the layout that is the default
    suite = {key: value for key, value in suite.items() if key not in ("gateway", "observer")}
    pytester.makefile(".yaml", **{"my-gateway": json.dumps(suite)})
    pytester.makepyfile("import pytest\n\n" + block("@pytest.fixture"))
    pytester.runpytest_subprocess("-q").assert_outcomes(passed=1)
