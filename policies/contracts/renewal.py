"""What a customer is worth: the chance that it stays another year, and its lifetime value. Plain numbers."""


def savings_to_paid(savings: float, paid: float) -> float:
    """What the customer saved per amount that it paid, both over the same time; 0 if it paid nothing."""
    return savings / paid if paid > 0 else 0.0


def renewal_probability(
    sla_attainment: float,
    savings_per_paid: float,
    *,
    base: float = 0.85,
    by_attainment: float = 0.0,
    by_savings: float = 0.0,
) -> float:
    """The chance that a customer stays for another year, 0 .. 1.

    base + by_attainment x (SLA attainment - 1) + by_savings x (savings / paid), cut to 0 .. 1. `sla_attainment` is the
    share of windows in which every service level held (1 without any), `savings_per_paid` is negative where the service
    costs more than it saves. The weights are the contract's assumptions, not measurements.
    """
    chance = base + by_attainment * (sla_attainment - 1.0) + by_savings * savings_per_paid
    return min(max(chance, 0.0), 1.0)


def staying_probabilities(renewal_probability: float, years: int) -> tuple[float, ...]:
    """The chance that a customer of today is still one in its 1st, 2nd, ... year: 1, p, p^2, ..."""
    return tuple(renewal_probability**year for year in range(years))


def lifetime_value(
    margin_per_year: float, renewal_probability: float, *, years: int, discount_per_year: float = 0.0
) -> float:
    """What a customer earns over `years`, as of today: sum of margin x P(still a customer) / (1 + discount)^k.

    k counts from 0: the first year is certain and not discounted. For endless years it is
    margin x (1 + discount) / (1 + discount - p) (S. Gupta and D. R. Lehmann, Customers as assets, 2003). In the
    money of `margin_per_year`, which may be negative.
    """
    staying = staying_probabilities(renewal_probability, years)
    return sum(margin_per_year * chance / (1.0 + discount_per_year) ** year for year, chance in enumerate(staying))
