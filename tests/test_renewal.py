"""What a customer is worth: renewal and lifetime value against closed forms."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.contracts.renewal import lifetime_value, renewal_probability, savings_to_paid

shares = st.floats(0, 1)


def test_renewal_by_hand() -> None:
    assert renewal_probability(1.0, 0.0) == 0.85
    # two of twelve months missed; saved a tenth of what was paid
    found = renewal_probability(10 / 12, 0.1, base=0.85, by_attainment=0.6, by_savings=0.2)
    assert found == pytest.approx(0.85 - 0.1 + 0.02)
    assert renewal_probability(0.0, 0.0, by_attainment=2.0) == 0.0
    assert renewal_probability(1.0, 3.0, by_savings=1.0) == 1.0


def test_savings_against_what_was_paid() -> None:
    assert savings_to_paid(12_500, 36_000) == pytest.approx(0.3472, abs=1e-4)
    assert savings_to_paid(-100, 400) == -0.25
    assert savings_to_paid(100, 0) == 0.0


@given(low=shares, high=shares, savings=st.floats(-5, 5), by_attainment=st.floats(0, 3), by_savings=st.floats(0, 3))
def test_a_better_service_is_never_renewed_less(
    low: float, high: float, savings: float, by_attainment: float, by_savings: float
) -> None:
    weights = {"by_attainment": by_attainment, "by_savings": by_savings}
    low, high = min(low, high), max(low, high)
    worse = renewal_probability(low, savings, **weights)
    assert 0 <= worse <= renewal_probability(high, savings, **weights) <= 1
    assert worse <= renewal_probability(low, savings + 1, **weights)


def test_lifetime_value_by_hand() -> None:
    # 18,000 a year, 85 %, 10 %: 18000 + 18000 x 0.85 / 1.1 + 18000 x 0.7225 / 1.21
    assert lifetime_value(18_000, 0.85, years=3, discount_per_year=0.1) == pytest.approx(42_657.02, abs=0.01)
    assert lifetime_value(18_000, 0.0, years=3, discount_per_year=0.1) == 18_000
    assert lifetime_value(-100, 1.0, years=4) == -400
    assert lifetime_value(100, 0.9, years=0) == 0


@given(margin=st.floats(-1e6, 1e6), stays=st.floats(0, 0.95), discount=st.floats(0, 0.5))
def test_lifetime_value_of_endless_years(margin: float, stays: float, discount: float) -> None:
    expected = margin * (1 + discount) / (1 + discount - stays)  # Gupta and Lehmann 2003
    assert lifetime_value(margin, stays, years=600, discount_per_year=discount) == pytest.approx(expected, abs=1e-6)
