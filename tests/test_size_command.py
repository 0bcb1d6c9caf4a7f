"""`mro-twin size` from the command line: what it prints and writes, and what it refuses."""

import json
from pathlib import Path

import openpyxl
import pytest
from click.testing import CliRunner, Result

from mro_twin.cli import cli

SCENARIO = """
name: small
start: 2026-01-05
horizon: 1 wk
sizing:
  usage: usage.csv
  stop_cost: 800 USD
  devices:
    shelf: {kind: shelf, slots: 2, slot_volume: 40 l, price: 1200 USD}
  service: {visit: 70 USD, emergency: 150 USD, emergency_time: 12 h, staff: 100 USD}
  promise: {availability: 97%, probability: 80%, confidence: 90%, window: 1 mo}
  tiers: {basic: {availability: 90%, probability: 80%, confidence: 90%}}
  visits: {intervals: [1 wk, 2 wk]}
  offer: {base_fee: 300 USD, margin: 10%}
  pilot: 2 mo
"""
USAGE = "item,use_per_month,variability,volume,critical,cost,price,stock_today,shortages_per_year\n"
GASKET = "gasket,20,0.4,1 l,yes,5,9,20,12\n"


def sized(folder: Path, usage: str, *options: str) -> Result:
    """`mro-twin size` of the small scenario with this table."""
    (folder / "small.yaml").write_text(SCENARIO, encoding="utf-8")
    (folder / "usage.csv").write_text(usage, encoding="utf-8")
    return CliRunner().invoke(cli, ["size", str(folder / "small.yaml"), "--quick", *options])


def test_it_prints_the_answer_and_writes_a_workbook(tmp_path: Path) -> None:
    book, offer = tmp_path / "tables.xlsx", tmp_path / "offer.html"
    result = sized(tmp_path, USAGE + GASKET, "--json", "--xlsx", str(book), "--proposal", str(offer), "--lang", "zh")
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)
    assert found["found"] is True
    assert found["currency"] == "USD"
    assert found["designs"][0]["design"] == "recommended"
    assert found["designs"][0]["P(kept)"] >= 0.8
    assert [one["item"] for one in found["slots_and_par_levels"]] == ["gasket"]
    assert {one["tier"] for one in found["tiers"]} == {"basic"}
    assert "simulating" in result.stderr
    sheets = openpyxl.load_workbook(book).sheetnames
    assert sheets[:3] == ["About", "designs", "slots and par levels"]
    page = offer.read_text(encoding="utf-8")
    assert '<html lang="zh-CN">' in page
    assert "300 美元" in page


def test_it_prints_tables_for_people(tmp_path: Path) -> None:
    result = sized(tmp_path, USAGE + GASKET)
    assert result.exit_code == 0
    assert result.stdout.startswith("Recommended: 1 shelf, visits every")
    for title in ("slots and par levels", "smaller designs", "cost against availability", "sensitivity", "tiers"):
        assert title in result.stdout


def test_exit_code_1_where_no_design_can(tmp_path: Path) -> None:
    offer = tmp_path / "offer.html"
    result = sized(tmp_path, USAGE + GASKET.replace("1 l", "60 l"), "--proposal", str(offer))
    assert result.exit_code == 1
    assert not offer.exists()
    assert "no offer was written" in result.stderr
    assert "No design of the catalogue" in result.stdout
    assert "goes into no slot of shelf" in result.stdout


def test_bad_tables_exit_with_2_and_say_everything_at_once(tmp_path: Path) -> None:
    rows = (
        GASKET
        + "gasket,5,,1 l,no,1,2,,\nseal,-3,,1 l,no,1,2,,\nfluid,5 parsecs,,1 l,no,1,2,,\npad,=2+2,,1 l,no,1,2,,\n"
    )
    result = sized(tmp_path, USAGE + rows)
    assert result.exit_code == 2
    for said in ("usage.csv:3", "usage.csv:4", "usage.csv:5", "usage.csv:6", "is there twice", "negative", "formula"):
        assert said in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize(
    ("written", "changed", "said"),
    [
        ("usage: usage.csv", "usage: ../usage.csv", "leads outside"),
        ("usage: usage.csv", "usage: missing.csv", "there is no file"),
        ("pilot: 2 mo", "pilot: 2 wk", "longer than the pilot"),
    ],
)
def test_bad_sections_exit_with_2(tmp_path: Path, written: str, changed: str, said: str) -> None:
    (tmp_path / "small.yaml").write_text(SCENARIO.replace(written, changed), encoding="utf-8")
    (tmp_path / "usage.csv").write_text(USAGE + GASKET, encoding="utf-8")
    result = CliRunner().invoke(cli, ["size", str(tmp_path / "small.yaml")])
    assert result.exit_code == 2
    assert said in result.stderr


def test_a_scenario_without_the_section_exits_with_2() -> None:
    result = CliRunner().invoke(cli, ["size", "one-store"])
    assert result.exit_code == 2
    assert "there is no section `sizing`" in result.stderr
