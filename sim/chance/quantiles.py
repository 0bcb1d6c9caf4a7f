"""Quantile functions, compiled: turn one uniform number into a normal, gamma or Poisson one.

Inversion is chosen over faster rejection because it takes exactly one number of the stream and is monotone in it,
so that two runs under common random numbers differ smoothly when a parameter differs slightly.
"""

import math

from sim.jit import compiled

_SERIES_LIMIT = 100_000  # terms; the series of a shape s needs about 10 sqrt(s)
_LARGE_SHAPE = 1e7  # from here on the Wilson-Hilferty start is itself good to 1e-9
_SMALL_MEAN = 16.0


@compiled
def normal_quantile(u: float) -> float:
    """Standard normal quantile of u in (0, 1), to about 1e-16 (Wichura 1988, algorithm AS 241, PPND16)."""
    q = u - 0.5
    if abs(q) <= 0.425:
        r = 0.180625 - q * q
        above = ((((((2509.0809287301226727 * r + 33430.575583588128105) * r + 67265.770927008700853) * r
                    + 45921.953931549871457) * r + 13731.693765509461125) * r + 1971.5909503065514427) * r
                 + 133.14166789178437745) * r + 3.3871328727963666080  # fmt: skip
        below = ((((((5226.4952788528545610 * r + 28729.085735721942674) * r + 39307.895800092710610) * r
                    + 21213.794301586595867) * r + 5394.1960214247511077) * r + 687.18700749205790830) * r
                 + 42.313330701600911252) * r + 1.0  # fmt: skip
        return q * above / below
    r = math.sqrt(-math.log(u if q < 0.0 else 1.0 - u))
    if r <= 5.0:
        r -= 1.6
        above = ((((((7.74545014278341407640e-4 * r + 0.0227238449892691845833) * r + 0.241780725177450611770) * r
                    + 1.27045825245236838258) * r + 3.64784832476320460504) * r + 5.76949722146069140550) * r
                 + 4.63033784615654529590) * r + 1.42343711074968357734  # fmt: skip
        below = ((((((1.05075007164441684324e-9 * r + 5.475938084995344946e-4) * r + 0.0151986665636164571966) * r
                    + 0.148103976427480074590) * r + 0.689767334985100004550) * r + 1.67638483018380384940) * r
                 + 2.05319162663775882187) * r + 1.0  # fmt: skip
    else:
        r -= 5.0
        above = ((((((2.01033439929228813265e-7 * r + 2.71155556874348757815e-5) * r + 0.00124266094738807843860) * r
                    + 0.0265321895265761230930) * r + 0.296560571828504891230) * r + 1.78482653991729133580) * r
                 + 5.46378491116411436990) * r + 6.65790464350110377720  # fmt: skip
        below = ((((((2.04426310338993978564e-15 * r + 1.42151175831644588870e-7) * r + 1.84631831751005468180e-5) * r
                    + 7.86869131145613259100e-4) * r + 0.0148753612908506148525) * r + 0.136929880922735805310) * r
                 + 0.599832206555887937690) * r + 1.0  # fmt: skip
    return -above / below if q < 0.0 else above / below


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
