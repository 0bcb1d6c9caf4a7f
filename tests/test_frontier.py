"""The picture of a frontier, from comparison.json alone, whatever the labels are."""

import json
from pathlib import Path

import pytest

from reports.frontier import write_frontier
from reports.run_files import NoRunError

POINT = {
    "variant": "base", "factor": 0.6, "service": 0.9, "cost": 100.0, "service_half_width": None,
    "cost_half_width": 3.0, "cost_kpi": "holding_cost + ordering_cost", "unit": "USD",
}  # fmt: skip


def write(folder: Path, frontier: object) -> Path:
    (folder / "comparison.json").write_text(json.dumps({"frontier": frontier}))
    return folder


def test_the_same_points_give_the_same_picture_and_labels_are_text(tmp_path: Path) -> None:
    evil = "<script>alert(1)</script> $\\frac{1}{0}$"
    points = [POINT, POINT | {"factor": 1.6, "service": 0.99}, POINT | {"variant": evil}, POINT | {"variant": "_x"}]
    first = write_frontier(write(tmp_path, points)).read_text(encoding="utf-8")
    assert "<script" not in first
    assert "&lt;script&gt;" in first
    assert "holding, ordering cost, USD" in first
    assert "× 1.6" in first
    assert write_frontier(tmp_path, tmp_path / "again.svg").read_text(encoding="utf-8") == first


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"frontier": null}'])
def test_without_a_frontier_there_is_no_picture(content: str, tmp_path: Path) -> None:
    (tmp_path / "comparison.json").write_text(content)
    with pytest.raises(NoRunError, match=r"comparison\.json"):
        write_frontier(tmp_path)
    assert not (tmp_path / "frontier.svg").exists()
