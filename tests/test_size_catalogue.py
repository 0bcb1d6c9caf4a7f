"""The section `sizing:`, the catalogue and the promise: what is taken and what is refused."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from ruamel.yaml import YAML

from sim.scenario.sizing import SizingSection
from sim.size.catalogue import DeviceKind, Visits

SHELF = {"kind": "shelf", "slots": 20, "slot_volume": "30 l", "price": "1200 USD", "life": "5 y", "running": "15 USD"}
SECTION = {
    "usage": "usage.csv",
    "devices": {"shelf": SHELF, "tank": {"kind": "tank", "slot_volume": "600 l", "price": "900 USD"}},
    "service": {"visit": "60 USD", "emergency": "250 USD"},
    "stop_cost": "3000 USD",
    "tiers": {"basic": {"availability": "97 %"}, "premium": {"availability": "99.5%", "probability": "99%"}},
}


def read(model: Any, data: dict[str, Any]) -> Any:
    return model.model_validate(data, context={"currency": "USD"})


def refused(model: Any, data: dict[str, Any]) -> str:
    with pytest.raises(ValidationError) as caught:
        read(model, data)
    return str(caught.value)


def test_a_device_costs_what_it_is_written_off_rented_and_run_for() -> None:
    assert read(DeviceKind, SHELF).cost_per_month == pytest.approx(1200 / 60 + 15)
    rented = {"kind": "cabinet", "slot_volume": "5 l", "price": 0, "rent": "40 USD"}
    assert read(DeviceKind, rented).cost_per_month == 40


def test_a_section_with_defaults() -> None:
    section = read(SizingSection, SECTION)
    assert section.promise.availability == 0.99
    assert section.tiers["premium"].probability == 0.99
    assert section.service.staff == Fraction(0)
    assert len(section.visits.intervals) == 3


def test_a_tank_has_one_slot() -> None:
    assert read(DeviceKind, SECTION["devices"]["tank"]).slots == 1  # type: ignore[index]
    assert "a tank with several slots" in refused(DeviceKind, SHELF | {"kind": "tank"})


def test_visits_are_different_and_not_longer_than_a_year() -> None:
    assert read(Visits, {"intervals": ["1 wk", "2 wk"]}).intervals == (604_800_000, 1_209_600_000)
    assert "there twice" in refused(Visits, {"intervals": ["1 wk", "7 d"]})
    assert "more than a year" in refused(Visits, {"intervals": ["2 y"]})
    assert "intervals" in refused(Visits, {"intervals": []})


def test_a_window_is_not_longer_than_the_pilot() -> None:
    assert read(SizingSection, SECTION | {"pilot": "1 mo"}).pilot
    assert "window of `promise`" in refused(SizingSection, SECTION | {"pilot": "2 wk"})
    tiers = {"gold": {"window": "7 mo"}}
    assert "window of `gold`" in refused(SizingSection, SECTION | {"tiers": tiers})


@pytest.mark.parametrize(
    ("key", "value"),
    [("slots", 0), ("slot_volume", "0 l"), ("kind", "drawer"), ("price", "3 EUR"), ("most", 0), ("colour", "red")],
)
def test_impossible_settings_of_a_device(key: str, value: object) -> None:
    assert key in refused(DeviceKind, SHELF | {key: value})


def test_the_example_of_the_manual_is_right() -> None:
    text = (Path(__file__).parent.parent / "docs" / "sizing.md").read_text(encoding="utf-8")
    block = text.split("```yaml\n", 1)[1].split("```", 1)[0]
    section = read(SizingSection, YAML(typ="safe").load(block)["sizing"])
    assert set(section.devices) == {"shelf", "vending", "tank"}
    assert section.tiers["basic"].availability == 0.97
