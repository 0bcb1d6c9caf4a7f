"""Demand series for tests of forecasts, and what statsforecast says of them.

`python -m tests.forecast_series` works the figures out anew with an installed statsforecast and writes FIGURES.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np

FIGURES = Path(__file__).parent / "data" / "statsforecast.json"
SES_ALPHAS = (0.05, 0.1, 0.3, 0.9)
TSB_WEIGHTS = ((0.1, 0.1), (0.3, 0.05), (0.05, 0.4))


def series() -> list[list[float]]:
    """Special cases, then 200 random ones of all classes: whole numbers, most of them with zeros."""
    special: list[list[float]] = [
        [0],
        [7],
        [0, 0, 0, 0],
        [0, 0, 5],
        [4, 0, 0],
        [0, 0, 0, 3, 0, 0],
        [1] * 30,
        [0, 1] * 20,
    ]
    generator = np.random.default_rng(20260105)
    for _ in range(200):
        length = int(generator.integers(2, 160))
        occurs = generator.random(length) < generator.choice([0.02, 0.1, 0.3, 0.7, 1.0])
        sizes = 1 + generator.negative_binomial(generator.choice([0.3, 2.0, 50.0]), 0.1, length)
        leading = int(generator.integers(0, length)) if generator.random() < 0.3 else 0
        demand = np.where(occurs, sizes, 0)
        demand[:leading] = 0
        special.append(demand.astype(float).tolist())
    return special


def statsforecast_figures(one: list[float]) -> dict[str, Any]:
    """Forecasts of statsforecast for the bucket after the series."""
    from statsforecast.models import TSB, CrostonClassic, CrostonSBA, SimpleExponentialSmoothing

    y = np.array(one)

    def after(model: Any) -> float:
        return float(model.forecast(y, 1)["mean"][0])

    return {
        "ses": [after(SimpleExponentialSmoothing(alpha)) for alpha in SES_ALPHAS],
        "croston": after(CrostonClassic()),
        "sba": after(CrostonSBA()),
        "tsb": [after(TSB(alpha_d=alpha, alpha_p=beta)) for alpha, beta in TSB_WEIGHTS],
    }


if __name__ == "__main__":
    from importlib.metadata import version

    figures = [statsforecast_figures(one) for one in series()]
    FIGURES.parent.mkdir(exist_ok=True)
    FIGURES.write_text(json.dumps({"statsforecast": version("statsforecast"), "figures": figures}) + "\n")
