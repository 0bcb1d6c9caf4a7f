"""Quantile functions, compiled: turn one uniform number into a normal, gamma or Poisson one.

Inversion is chosen over faster rejection because it takes exactly one number of the stream and is monotone in it,
so that two runs under common random numbers differ smoothly when a parameter differs slightly.
"""

import math

from policies.normal import normal_quantile as _normal_quantile
from sim.jit import compiled

_SERIES_LIMIT = 100_000  # terms; the series of a shape s needs about 10 sqrt(s)
_LARGE_SHAPE = 1e7  # from here on the Wilson-Hilferty start is itself good to 1e-9
_SMALL_MEAN = 16.0


normal_quantile = compiled(_normal_quantile)
"""See `policies.normal.normal_quantile`."""


@compiled
def gamma_tails(shape: float, x: float, log_gamma: float) -> tuple[float, float, float]:
    """(P, Q, density) of the gamma distribution with scale 1 at x > 0; `log_gamma` is lgamma(shape).

    P by its power series where x < shape + 1, Q by its continued fraction elsewhere (Abramowitz and Stegun 6.5.29,
    6.5.31), each the smaller or nearly the smaller tail there, so that its relative error stays small.
    """
    density = math.exp((shape - 1.0) * math.log(x) - x - log_gamma)
    if x < shape + 1.0:
        term = 1.0
        total = 1.0
        divisor = shape
        for _ in range(_SERIES_LIMIT):
            divisor += 1.0
            term *= x / divisor
            total += term
            if term < total * 1e-17:
                break
        lower = total * density * x / shape
        return lower, 1.0 - lower, density
    b = x + 1.0 - shape
    c = 1e300
    d = 1.0 / b
    fraction = d
    for i in range(1, _SERIES_LIMIT):
        a = -i * (i - shape)
        b += 2.0
        d = 1.0 / (a * d + b)
        c = b + a / c
        change = c * d
        fraction *= change
        if abs(change - 1.0) < 1e-16:
            break
    upper = fraction * density * x
    return 1.0 - upper, upper, density


@compiled
def gamma_quantile(shape: float, u: float) -> float:
    """Quantile of the gamma distribution with the given shape (> 0) and scale 1, to about 1e-12 relative.

    Starts from Wilson and Hilferty (1931), or from the first term of the series where that fails, and goes on with
    Halley's method on the smaller tail.
    """
    log_gamma = math.lgamma(shape)
    spread = 1.0 / (9.0 * shape)
    root = 1.0 - spread + normal_quantile(u) * math.sqrt(spread)
    if shape >= _LARGE_SHAPE:
        return shape * root * root * root
    x = shape * root * root * root
    if root <= 0.25 or shape < 0.3:
        x = math.exp((math.log(u) + log_gamma + math.log(shape)) / shape)
        if x > shape + 1.0:  # far in the upper tail of a small shape
            x = max(-math.log(1.0 - u) - log_gamma, shape)
        if x < 1e-12 * (1.0 + shape):
            return x  # the next term of the series is x / (shape + 1) relative
    tolerance = 1e-5 / (1.0 + math.sqrt(shape))
    for _ in range(64):
        lower, upper, density = gamma_tails(shape, x, log_gamma)
        if density == 0.0:
            return x
        step = (lower - u) / density if u < 0.5 else (1.0 - u - upper) / density
        bend = 0.5 * step * ((shape - 1.0) / x - 1.0)
        change = step / (1.0 - min(max(bend, -1.0), 0.5))
        new = x - change
        x = new if new > 0.0 else 0.5 * x
        if abs(step) <= tolerance * x:
            break
    return x


@compiled
def poisson_quantile(mean: float, u: float) -> int:
    """Smallest integer k with P(Poisson(mean) <= k) >= u; mean >= 0.

    Adds up probabilities from 0 for small means, else from a Cornish-Fisher guess whose distribution function
    comes from the gamma tail.
    """
    if mean < _SMALL_MEAN:
        k = 0
        probability = math.exp(-mean)
        total = probability
        while total < u and probability > 0.0:
            k += 1
            probability *= mean / k
            if total + probability == total and k > mean:
                break  # u lies beyond what the sum of floats can reach
            total += probability
        return k
    z = normal_quantile(u)
    k = max(int(math.floor(mean + math.sqrt(mean) * z + (z * z - 1.0) / 6.0)), 0)
    _, total, density = gamma_tails(k + 1.0, mean, math.lgamma(k + 1.0))  # density: P(X = k)
    probability = density
    if total < u:
        while total < u and total + probability > total:
            k += 1
            probability *= mean / k
            total += probability
        return k
    while k > 0 and total - probability >= u:
        total -= probability
        probability *= k / mean
        k -= 1
    return k
