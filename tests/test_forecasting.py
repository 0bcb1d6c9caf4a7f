"""Forecast recurrences against statsforecast, demand classes, and the errors that are kept of a forecast."""

import json
import math
from collections.abc import Iterable
from typing import Any

import numpy as np
import pytest

from policies import forecasting as f
from sim.jit import compiled
from tests.forecast_series import FIGURES, SES_ALPHAS, TSB_WEIGHTS, series, statsforecast_figures

SERIES = series()


def observed(demand: Iterable[float], alpha: float = 0.1, beta: float = 0.1) -> f.Row:
    row = np.zeros(f.FORECAST_COLUMNS)
    for one in demand:
        f.observe(row, one, alpha, beta)
    return row


def our_figures(one: list[float]) -> dict[str, Any]:
    row = observed(one)
    return {
        "ses": [f.forecast(observed(one, alpha), f.SES, 0.1) for alpha in SES_ALPHAS],
        "croston": f.forecast(row, f.CROSTON, 0.1),
        "sba": f.forecast(row, f.SBA, 0.1),
        "tsb": [f.forecast(observed(one, alpha, beta), f.TSB, beta) for alpha, beta in TSB_WEIGHTS],
    }


def flat(figures: dict[str, Any]) -> list[float]:
    return [*figures["ses"], figures["croston"], figures["sba"], *figures["tsb"]]


def test_forecasts_are_statsforecasts() -> None:
    """Figures worked out with statsforecast 2.1.1, see tests/forecast_series.py."""
    kept = json.loads(FIGURES.read_text())
    assert len(kept["figures"]) == len(SERIES)
    for demand, expected in zip(SERIES, kept["figures"], strict=True):
        assert flat(our_figures(demand)) == pytest.approx(flat(expected), rel=1e-9, abs=1e-9)
    assert sum(max(flat(one)) > 0 for one in kept["figures"]) > 150


def test_the_figures_are_still_statsforecasts() -> None:
    pytest.importorskip("statsforecast", reason="needs the extra `check`")
    for demand, kept in zip(SERIES, json.loads(FIGURES.read_text())["figures"], strict=True):
        assert flat(kept) == pytest.approx(flat(statsforecast_figures(demand)), rel=1e-9, abs=1e-9)


@compiled
def _run_compiled(row: f.Row, demand: np.ndarray, alpha: float, beta: float, methods: np.ndarray) -> np.ndarray:
    for one in demand:
        f.judge(row, one, True, 0.05)
        f.observe(row, one, alpha, beta)
        row[f.F_FORECAST] = f.forecast(row, f.SBA, beta)
    return np.array([f.forecast(row, method, beta) for method in methods])


def test_compiled_recurrences_are_the_plain_ones() -> None:
    for demand in SERIES[:60]:
        row, plain = np.zeros(f.FORECAST_COLUMNS), np.zeros(f.FORECAST_COLUMNS)
        found = _run_compiled(row, np.array(demand, float), 0.2, 0.1, np.arange(4))
        for one in demand:
            f.judge(plain, one, True, 0.05)
            f.observe(plain, one, 0.2, 0.1)
            plain[f.F_FORECAST] = f.forecast(plain, f.SBA, 0.1)
        assert found == pytest.approx([f.forecast(plain, method, 0.1) for method in range(4)], rel=1e-12)
        assert row == pytest.approx(plain, rel=1e-12)


@pytest.mark.parametrize(
    ("demand", "expected"),
    [
        ([0, 0, 0], -1),
        ([5, 6, 5, 4, 5, 5], f.SMOOTH),
        ([1, 30, 1, 1, 2, 1], f.ERRATIC),
        ([0, 0, 5, 0, 0, 5, 0, 4], f.INTERMITTENT),
        ([0, 0, 1, 0, 0, 40, 0, 2], f.LUMPY),
        ([0, 3], f.INTERMITTENT),  # a single size varies by 0
    ],
)
def test_demand_classes(demand: list[float], expected: int) -> None:
    assert f.demand_class(observed(demand)) == expected


def test_class_limits_count_as_below() -> None:
    at_limit = observed([1.0] * 25 + [0.0] * 8)  # 33 / 25 = 1.32
    assert f.demand_class(at_limit) == f.SMOOTH
    f.observe(at_limit, 0.0, 0.1, 0.1)
    assert f.demand_class(at_limit) == f.INTERMITTENT


def test_bias_and_errors_count_measured_buckets_only() -> None:
    row = np.zeros(f.FORECAST_COLUMNS)
    row[f.F_FORECAST] = 4.0
    for demand, measured in ((6.0, True), (5.0, False), (2.0, True), (7.0, True)):
        f.judge(row, demand, measured, 0.01)
        f.observe(row, demand, 0.1, 0.1)
    # the first bucket has none before it, so that nothing can be said of the naive forecast
    assert row[f.F_MEASURED] == 2
    assert (row[f.F_DEMAND_SUM], row[f.F_FORECAST_SUM]) == (9.0, 8.0)
    assert row[f.F_ERROR_ABSOLUTE] == 2.0 + 3.0
    assert row[f.F_NAIVE_ABSOLUTE] == 3.0 + 5.0
    assert row[f.F_SQUARED_ERROR] == pytest.approx((4.0 + 1.0 + 4.0 + 9.0) / 4)


def test_old_errors_are_discounted_once_there_are_many() -> None:
    row = np.zeros(f.FORECAST_COLUMNS)
    for _ in range(50):
        f.judge(row, 1.0, True, 0.05)
        f.observe(row, 1.0, 0.1, 0.1)
    f.judge(row, 3.0, True, 0.05)
    assert row[f.F_SQUARED_ERROR] == pytest.approx(0.05 * 9.0 + 0.95)


def test_croston_is_biased_and_sba_is_not() -> None:
    """Poisson arrivals of size 1 in every fifth bucket on average: Croston's mean is above 0.2, SBA's close to it.

    Syntetos and Boylan (2001) give the bias of Croston as about alpha / (2 - alpha) x mean x (1 - 1 / interval).
    """
    generator = np.random.default_rng(5)
    croston, sba = [], []
    for _ in range(400):
        row = observed((generator.random(300) < 0.2).astype(float), 0.2, 0.2)
        croston.append(f.forecast(row, f.CROSTON, 0.2))
        sba.append(f.forecast(row, f.SBA, 0.2))
    half_width = 2.6 * np.std(croston, ddof=1) / math.sqrt(400)
    bias = 0.2 / (2 - 0.2) * 0.2 * (1 - 0.2)
    assert np.mean(croston) - 0.2 > half_width
    assert abs(np.mean(croston) - 0.2 - bias) < half_width + 0.1 * bias
    assert abs(np.mean(sba) - 0.2) < half_width
