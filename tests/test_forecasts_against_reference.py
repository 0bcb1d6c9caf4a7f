"""Forecasts and computed levels in the engine against the plain reference model, event for event."""

from dataclasses import replace

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from policies.computed import Computed, OrderOnForecast, WorkedOut
from sim import columns as c
from sim.build.forecasts import WorkedOutPoints, with_forecasts
from sim.network import Network
from tests.engine_log import run_engine
from tests.random_networks import drafts
from tests.reference_inputs import Draft, small_network
from tests.reference_model import simulate_reference
from tests.test_against_reference import assert_same

BUCKETS = ("6 h", "1 d", "36 h")


@st.composite
def forecasts(draw: st.DrawFn) -> dict[str, object]:
    return {
        "bucket": draw(st.sampled_from(BUCKETS)),
        "method": draw(st.sampled_from(["auto", "ses", "croston", "sba", "tsb"])),
        "alpha": draw(st.sampled_from([0.1, 0.3, 1.0])),
        "beta": draw(st.sampled_from([0.1, 0.2])),
        "history": draw(st.integers(2, 5)),
        "error_weight": draw(st.sampled_from([0.05, 0.5])),
        "variance_to_mean": draw(st.sampled_from([0.0, 1.0, 3.0])),
    }


@st.composite
def policies(draw: st.DrawFn) -> WorkedOut:
    forecast = draw(forecasts())
    every = {"6 h": "1 d", "1 d": "1 d", "36 h": "3 d"}[str(forecast["bucket"])]
    common = {"forecast": forecast, "recompute": draw(st.sampled_from(["once", every]))}
    if draw(st.integers(0, 3)) == 0:
        return OrderOnForecast(safety=draw(st.sampled_from(["0", "3", "1 d"])), **common)
    form = draw(st.sampled_from(["s_S", "r_nQ", "base_stock"]))
    pooled = draw(st.sampled_from([None, {"pool": "all"}, {"pool": "all", "correlation": 0.5}]))
    return Computed(
        form=form,
        target=draw(st.sampled_from([0.8, 0.95, 0.999])),
        measure=draw(st.sampled_from(["cycle_service", "fill_rate"])),
        distribution=draw(st.sampled_from(["poisson", "negative_binomial", "normal", "empirical"])),
        lot=draw(st.sampled_from(["eoq", "2 d", "4"])),
        window=draw(st.integers(8, 12)),
        pooled_safety=pooled,
        **common,
    )


def worked_out(network: Network, chosen: list[WorkedOut]) -> Network:
    """Let stock points that order by plain rules follow the policies in turn."""
    policy, flags = network.parameter[:, c.P_POLICY], network.parameter[:, c.P_FLAGS]
    plain = np.isin(policy, [c.POLICY_ORDER_UP_TO, c.POLICY_LOT]) & ((flags & c.SP_STOCKED) != 0)
    parameter = network.parameter.copy()
    entries = []
    for number, one in enumerate(chosen):
        points = np.flatnonzero(plain)[number :: len(chosen)]
        if len(points):
            stated = one.lot if isinstance(one, Computed) else one.safety  # type: ignore[attr-defined]
            units = np.full(len(points), int(getattr(stated, "amount", 0)))
            entries.append(WorkedOutPoints(one, points, units))
            parameter[points, c.P_POLICY] = one.rule()
    return with_forecasts(replace(network, parameter=parameter, holding_rate_per_year=0.2), entries, 1.25)


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(draft=drafts(), chosen=st.lists(policies(), min_size=1, max_size=3))
def test_same_log_with_computed_levels(draft: Draft, chosen: list[WorkedOut]) -> None:
    draft = replace(draft, points=[replace(point, decider=-1) for point in draft.points])
    network = worked_out(small_network(draft), chosen)
    assert_same(network, run_engine(network, 1, 0), simulate_reference(network))
