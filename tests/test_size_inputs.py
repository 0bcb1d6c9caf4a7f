"""The usage table as an input: what is wrong is said at once, it lies in the folder, it is part of the scenario."""

import io
from pathlib import Path

import openpyxl
import pytest
from click.testing import CliRunner

from mro_twin.cli import cli
from sim.scenario import load_scenario
from tests.test_size_command import GASKET, SCENARIO, USAGE, sized

GOOD = USAGE + GASKET
BAD_ROWS = (
    "gasket,5,,1 l,no,1,2,,",
    "seal,-3,,1 l,no,1,2,,",
    "fluid,5 parsecs,,1 l,no,1,2,,",
    "pad,=2+2,,1 l,no,1,2,,",
    "rope,many,,1 l,no,1,2,,",
    "wire,3,lumpy,1 l,no,cheap,2,,often",
    "cord,3,,1 kg,perhaps,1 EUR,2,,-1",
)
SAID = (
    ("usage.csv:3", "the item `gasket` is there twice"),
    ("usage.csv:4", "'-3' is negative"),
    ("usage.csv:5", "unknown unit of quantity `parsecs`"),
    ("usage.csv:6", "begins like a formula"),
    ("usage.csv:7", "'many' is not a quantity"),
    ("usage.csv:8", "'lumpy' is not a variability"),
    ("usage.csv:8", "'cheap' is not an amount of money"),
    ("usage.csv:8", "'often' is not a number"),
    ("usage.csv:9", "is not a volume"),
    ("usage.csv:9", "neither yes nor no"),
    ("usage.csv:9", "not in the scenario's currency"),
    ("usage.csv:9", "-1 is negative"),
)


def size(folder: Path, usage: bytes, name: str = "usage.csv", *options: str) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of the small scenario with a table of these bytes."""
    (folder / name).write_bytes(usage)
    (folder / "small.yaml").write_text(SCENARIO.replace("usage.csv", name), encoding="utf-8")
    result = CliRunner().invoke(cli, ["size", str(folder / "small.yaml"), "--quick", *options])
    return result.exit_code, result.stdout, result.stderr


def test_everything_that_is_wrong_with_a_table_is_said_at_once(tmp_path: Path) -> None:
    code, out, said = size(tmp_path, (GOOD + "\n".join(BAD_ROWS) + "\n").encode())
    assert (code, out) == (2, "")
    for place, message in SAID:
        assert any(place in line and message in line for line in said.splitlines()), (place, message, said)


def test_formula_cells_of_a_workbook_are_named_with_the_rest(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    assert book.active is not None
    for row in (["item", "use_per_month", "cost"], ["seal", "=1+1", 2.5], ["seal", "many", 1], ["bolt", -4, "=A1"]):
        book.active.append(row)
    buffer = io.BytesIO()
    book.save(buffer)
    code, out, said = size(tmp_path, buffer.getvalue(), "usage.xlsx")
    assert (code, out) == (2, "")
    for part in (
        "B2",
        "the cell holds a formula",
        "A3",
        "is there twice",
        "B3",
        "'many' is not",
        "B4",
        "negative",
        "C4",
    ):
        assert part in said, (part, said)


@pytest.mark.parametrize(("encoding", "called"), [("gbk", "UTF-8"), ("utf-16", "UTF-16")])
def test_a_wrong_encoding_is_said_to_be_one(tmp_path: Path, encoding: str, called: str) -> None:
    code, out, said = size(tmp_path, GOOD.replace("gasket", "密封垫圈").encode(encoding))
    assert (code, out) == (2, "")
    assert "usage.csv" in said
    assert called in said


def test_findings_write_neither_offer_nor_workbook(tmp_path: Path) -> None:
    offer, book = tmp_path / "offer.html", tmp_path / "book.xlsx"
    code, _, _ = size(
        tmp_path, b"item,use_per_month,cost\nx,-1,1\n", "usage.csv", "--proposal", str(offer), "--xlsx", str(book)
    )
    assert code == 2
    assert not offer.exists()
    assert not book.exists()


def test_a_table_outside_the_folder_is_not_read(tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    (tmp_path / "usage.csv").write_text(GOOD, encoding="utf-8")
    (inner / "linked.csv").symlink_to(tmp_path / "usage.csv")
    for written in ("../usage.csv", str(tmp_path / "usage.csv"), "linked.csv"):
        (inner / "small.yaml").write_text(SCENARIO.replace("usage.csv", written), encoding="utf-8")
        result = CliRunner().invoke(cli, ["size", str(inner / "small.yaml")])
        assert result.exit_code == 2
        assert "leads outside the scenario's folder" in result.stderr


def test_the_table_is_part_of_the_scenario(tmp_path: Path) -> None:
    (tmp_path / "small.yaml").write_text(SCENARIO, encoding="utf-8")
    (tmp_path / "usage.csv").write_text(GOOD, encoding="utf-8")
    before = load_scenario(tmp_path / "small.yaml")
    assert [one.name for one in before.inputs] == ["small.yaml", "usage.csv"]
    (tmp_path / "usage.csv").write_text(GOOD.replace("20,0.4", "21,0.4"), encoding="utf-8")
    after = load_scenario(tmp_path / "small.yaml")
    assert before.inputs[1].sha256 != after.inputs[1].sha256
    assert before.fingerprint != after.fingerprint


def test_a_scenario_that_extends_one_in_a_folder_below_finds_its_table(tmp_path: Path) -> None:
    below = tmp_path / "below"
    below.mkdir()
    (below / "small.yaml").write_text(SCENARIO, encoding="utf-8")
    (below / "usage.csv").write_text(GOOD, encoding="utf-8")
    (tmp_path / "mine.yaml").write_text("extends: below/small.yaml\nname: mine\n", encoding="utf-8")
    scenario = load_scenario(tmp_path / "mine.yaml")
    assert scenario.usage is not None
    assert [one.item for one in scenario.usage] == ["gasket"]
    assert "below/usage.csv" in {one.name for one in scenario.inputs}


@pytest.mark.parametrize(
    ("option", "name", "said"),
    [("--proposal", "offer.txt", "must end in .html"), ("--xlsx", "book.csv", "must end in .xlsx"),
     ("--proposal", "nowhere/offer.html", "there is no folder"), ("--xlsx", "nowhere/book.xlsx", "there is no folder")],
)  # fmt: skip
def test_where_nothing_can_be_written_is_said_before_anything_is_simulated(
    tmp_path: Path, option: str, name: str, said: str
) -> None:
    result = sized(tmp_path, GOOD, option, str(tmp_path / name))
    assert result.exit_code == 2
    assert said in result.stderr.replace("\n", " ")
    assert "simulating" not in result.stderr
