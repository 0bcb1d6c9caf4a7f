"""Random streams, quantile functions and the durations and sizes made from them."""

import math
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special, stats

from sim import network as net
from sim.chance.distributions import draw_duration, duration_from_uniform, size_from_uniforms
from sim.chance.quantiles import gamma_quantile, normal_quantile, poisson_quantile
from sim.chance.streams import Stream, fill_uniforms, philox_block, stream_block, stream_key, stream_keys, uniform
from sim.chance.streams import word_to_uniform as to_uniform
from sim.network import Distribution

WORD = st.integers(0, 2**64 - 1)
NO_TABLE = np.zeros((0, 2))
TAILS = [2.0**-53, 1e-12, 1e-8, 1e-5, 1 - 1e-5, 1 - 1e-9, 1 - 2.0**-50]
UNIFORMS = np.sort(np.concatenate([TAILS, np.linspace(0.0005, 0.9995, 401)]))


def words(*values: int) -> np.ndarray:
    return np.array(values, dtype=np.uint64)


@pytest.mark.parametrize(
    ("counter", "key", "expected"),
    [
        (
            (0, 0, 0, 0),
            (0, 0),
            (0x16554D9ECA36314C, 0xDB20FE9D672D0FDC, 0xD7E772CEE186176B, 0x7E68B68AEC7BA23B),
        ),
        (
            (0x243F6A8885A308D3, 0x13198A2E03707344, 0xA4093822299F31D0, 0x082EFA98EC4E6C89),
            (0x452821E638D01377, 0xBE5466CF34E90C6C),
            (0xA528F45403E61D95, 0x38C72DBD566E9788, 0xA5A1610E72FD18B5, 0x57BD43B5E52B7FE6),
        ),
    ],
)
def test_philox_gives_the_published_answers(counter, key, expected):
    """Known-answer vectors of the Random123 library (kat_vectors, philox4x64 with 10 rounds)."""
    assert tuple(int(word) for word in philox_block(*words(*counter), *words(*key))) == expected


@given(key=st.tuples(WORD, WORD), seed=WORD, replication=WORD)
def test_a_stream_is_numpys_philox_bit_for_bit(key, seed, replication):
    generator = np.random.Philox(counter=words(0, 0, replication, seed), key=words(*key))
    expected = [int(word) for word in generator.random_raw(22)]
    ours = []
    for block in range(6):
        ours += [int(word) for word in stream_block(*words(*key, seed, replication), block)]
    assert ours[:22] == expected


def test_random_access_and_sequence_give_the_same_numbers():
    key = words(*stream_key("demand", "store-1", "part-7"))
    ahead = np.empty(101)
    fill_uniforms(ahead, key[0], key[1], np.uint64(7), np.uint64(3), 5)
    single = [uniform(key[0], key[1], np.uint64(7), np.uint64(3), 5 + row) for row in range(101)]
    assert ahead.tolist() == single
    raw = np.random.Philox(counter=words(0, 0, 3, 7), key=key).random_raw(106)[5:]
    assert ahead.tolist() == [((int(word) >> 12) + 0.5) / 2**52 for word in raw]


def test_a_uniform_is_never_zero_or_one():
    assert to_uniform(np.uint64(0)) == 2.0**-53
    assert to_uniform(np.uint64(2**64 - 1)) == 1.0 - 2.0**-53


def test_a_long_stretch_is_uniform():
    numbers = np.empty(1_000_000)
    key = words(*stream_key("uniform"))
    fill_uniforms(numbers, key[0], key[1], np.uint64(1), np.uint64(0), 0)
    assert stats.kstest(numbers, "uniform").pvalue > 0.001
    pairs = np.histogram2d(numbers[::2], numbers[1::2], bins=20)[0].ravel()
    assert stats.chisquare(pairs).pvalue > 0.001


def test_keys_of_many_pairs_equal_those_made_one_by_one():
    nodes, items = ["store-1", "store-2", "depot"], ["part-1", "part-2", "grease"]
    node_index, item_index = np.repeat(np.arange(3), 3), np.tile(np.arange(3), 3)
    keys = stream_keys("demand", nodes, items, node_index, item_index)
    expected = [stream_key("demand", node, item) for node in nodes for item in items]
    assert [tuple(int(word) for word in key) for key in keys] == expected


def test_a_key_depends_on_the_name_only_and_on_all_of_it():
    names = [("a", "bc"), ("ab", "c"), ("abc",), ("a", "b", "c"), ("", "abc"), ("abc", ""), ("bc", "a")]
    assert len({stream_key(*name) for name in names}) == len(names)
    # a fixed value: saved runs rely on names meaning the same streams in every version
    assert stream_key("demand", "a", "b") == (2235186304567739266, 17161542225260393561)


def test_no_two_of_many_keys_are_equal():
    names = [f"n{row}" for row in range(500)]
    index = np.arange(500)
    keys = stream_keys("demand", names, names, np.repeat(index, 500), np.tile(index, 500))
    assert len(np.unique(keys[:, 0])) == 250_000


@pytest.mark.parametrize(("node_index", "item_index"), [([0, 2], [0, 0]), ([0], [-1])])
def test_an_index_outside_the_names_is_refused(node_index, item_index):
    with pytest.raises(IndexError, match="holds a row outside 0"):
        stream_keys("demand", ["a", "b"], ["x"], node_index, item_index)


def test_a_stream_needs_a_name_and_whole_numbers():
    with pytest.raises(ValueError, match="at least one part"):
        stream_key()
    with pytest.raises(ValueError, match="must not be negative"):
        Stream("truck", seed=-1, replication=0)


def test_a_stream_continues_from_a_saved_position():
    whole = Stream("travel", "north", "0", seed=5, replication=2)
    numbers = [whole.uniform() for _ in range(11)]
    resumed = Stream("travel", "north", "0", seed=5, replication=2, position=6)
    assert [resumed.uniform() for _ in range(5)] == numbers[6:]
    assert resumed.position == whole.position == 11


def test_python_and_compiled_code_draw_the_same_duration():
    gamma = Distribution(net.DISTRIBUTION_GAMMA, 4.0, 3_600_000.0, offset_ms=60_000)
    stream = Stream("lead_time", "depot", "part", seed=9, replication=1)
    key = words(*stream_key("lead_time", "depot", "part"))
    compiled = [draw_duration(gamma.kind, 4.0, 3_600_000.0, 0.0, 60_000, key[0], key[1], 9, 1, n) for n in range(9)]
    assert [stream.draw(gamma) for _ in range(9)] == compiled
    assert stream.position == 9
    assert stream.draw(Distribution(net.DISTRIBUTION_CONSTANT, 5.0, offset_ms=2)) == 7
    assert stream.position == 9, "a constant takes nothing from the stream"


def test_normal_quantile():
    ours = np.array([normal_quantile(u) for u in UNIFORMS])
    np.testing.assert_allclose(ours, special.ndtri(UNIFORMS), rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("shape", [0.01, 0.1, 0.3, 0.5, 0.9, 1.0, 1.5, 2.0, 4.0, 11.1, 50.0, 100.0, 1e3, 1e4])
def test_gamma_quantile(shape):
    ours = np.array([gamma_quantile(shape, u) for u in UNIFORMS])
    expected = stats.gamma.ppf(UNIFORMS, shape)
    measurable = expected > 1e-290
    assert measurable.sum() > 100
    np.testing.assert_allclose(ours[measurable], expected[measurable], rtol=1e-9)


@pytest.mark.parametrize("shape", [1e6, 1e8])
def test_gamma_quantile_of_a_nearly_constant_duration(shape):
    """Against the Cornish-Fisher expansion, exact to better than 1e-10 here (scipy is not)."""
    for u in (1e-8, 0.01, 0.5, 0.99):
        z = special.ndtri(u)
        expected = shape + math.sqrt(shape) * z + (z * z - 1) / 3 + (z**3 - 7 * z) / (36 * math.sqrt(shape))
        assert gamma_quantile(shape, u) == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("mean", [0.0, 0.01, 0.5, 3.0, 15.9, 16.0, 17.0, 100.0, 1e4])
def test_poisson_quantile(mean):
    inner = UNIFORMS[:-2]  # at the last two the distribution function itself is at the limit of a float
    assert [poisson_quantile(mean, u) for u in inner] == stats.poisson.ppf(inner, mean).tolist()


@pytest.mark.parametrize(
    ("distribution", "reference"),
    [
        (Distribution(net.DISTRIBUTION_EXPONENTIAL, 86_400_000.0), stats.expon(scale=86_400_000.0)),
        (Distribution(net.DISTRIBUTION_GAMMA, 11.1, 5e7), stats.gamma(11.1, scale=5e7)),
        (Distribution(net.DISTRIBUTION_LOGNORMAL, 18.0, 0.4), stats.lognorm(0.4, scale=math.exp(18.0))),
        (Distribution(net.DISTRIBUTION_UNIFORM, 1e6, 5e6), stats.uniform(1e6, 4e6)),
        (Distribution(net.DISTRIBUTION_TRIANGULAR, 1e6, 2e6, 6e6), stats.triang(0.2, loc=1e6, scale=5e6)),
        (Distribution(net.DISTRIBUTION_NORMAL, 5e6, 1e6), stats.norm(5e6, 1e6)),
    ],
    ids=["exponential", "gamma", "lognormal", "uniform", "triangular", "normal"],
)
def test_a_duration_is_its_distributions_quantile_rounded(distribution, reference):
    d = distribution
    for u in UNIFORMS:
        ours = duration_from_uniform(d.kind, d.a, d.b, d.c, 1000, u) - 1000
        assert ours == pytest.approx(reference.ppf(u), rel=1e-9, abs=0.500001) or ours == 0 > reference.ppf(u)


@pytest.mark.parametrize(("a", "expected"), [(2.5, 3), (3.5, 4), (2.4, 2), (-5.0, 0)])
def test_a_duration_is_rounded_half_up_and_cut_at_zero(a, expected):
    assert duration_from_uniform(net.DISTRIBUTION_CONSTANT, a, 0.0, 0.0, 0, 0.5) == expected
    assert duration_from_uniform(net.DISTRIBUTION_CONSTANT, a, 0.0, 0.0, 7, 0.5) == expected + 7


def test_a_triangle_without_width_is_constant():
    assert duration_from_uniform(net.DISTRIBUTION_TRIANGULAR, 4.0, 4.0, 4.0, 0, 0.3) == 4


@pytest.mark.parametrize(
    ("kind", "a", "b", "reference"),
    [
        (net.SIZE_GEOMETRIC, 0.3, 0.0, stats.geom(0.3)),
        (net.SIZE_GEOMETRIC, 1.0, 0.0, stats.randint(1, 2)),
        (net.SIZE_LOGARITHMIC, 0.9, 0.0, stats.logser(0.9)),
        (net.SIZE_POISSON, 2.5, 0.0, stats.poisson(2.5)),
        (net.SIZE_UNIFORM, 2.0, 6.0, stats.randint(2, 7)),
    ],
)
def test_a_size_is_its_distributions_quantile(kind, a, b, reference):
    inner = UNIFORMS[4:-3]
    assert [size_from_uniforms(kind, a, b, NO_TABLE, u, 0.5) for u in inner] == reference.ppf(inner).tolist()


def test_sizes_of_a_table_and_of_a_normal():
    table = np.array([[1.0, 99.0], [0.5, 1.0], [0.8, 2.0], [1.0, 5.0]])
    sizes = [size_from_uniforms(net.SIZE_EMPIRICAL, 1.0, 3.0, table, u, 0.5) for u in (0.1, 0.5, 0.51, 0.8, 0.81, 0.99)]
    assert sizes == [1, 1, 2, 2, 5, 5]
    assert size_from_uniforms(net.SIZE_NORMAL, 10.0, 2.0, NO_TABLE, special.ndtr(1.26), 0.5) == 13
    assert size_from_uniforms(net.SIZE_NORMAL, 10.0, 9.0, NO_TABLE, special.ndtr(-2.0), 0.5) == 0


@pytest.mark.parametrize(("mean", "variance"), [(0.4, 0.9), (8.0, 30.0), (50.0, 60.0)])
def test_negative_binomial_sizes(mean, variance):
    numbers = np.random.default_rng(3).random((20_000, 2))
    sizes = np.array([size_from_uniforms(net.SIZE_NEGATIVE_BINOMIAL, mean, variance, NO_TABLE, *u) for u in numbers])
    reference = stats.nbinom(mean**2 / (variance - mean), mean / variance)
    edges = np.unique(reference.ppf([0.1, 0.25, 0.4, 0.55, 0.7, 0.85, 0.95]))
    shares = np.diff(np.concatenate([[0.0], reference.cdf(edges), [1.0]]))
    counts = np.bincount(np.searchsorted(edges, sizes), minlength=len(shares))
    assert stats.chisquare(counts, shares * len(sizes)).pvalue > 0.001


def test_plain_python_draws_the_same_numbers():
    """NUMBA_DISABLE_JIT=1 is for debugging and coverage: it must not be another model."""
    program = (
        "from sim.chance.streams import Stream, stream_key\n"
        "from sim.network import Distribution\n"
        "s = Stream('a', 'b', seed=2**63 + 5, replication=4)\n"
        "print([s.uniform() for _ in range(6)], [s.draw(Distribution(k, 3.0, 4e6, 8e6)) for k in (1, 2, 4, 5)])"
    )
    outputs = []
    for disabled in ("0", "1"):
        environment = os.environ | {"NUMBA_DISABLE_JIT": disabled}
        command = [sys.executable, "-W", "error", "-c", program]
        root = Path(__file__).resolve().parent.parent
        outputs.append(subprocess.run(command, env=environment, cwd=root, capture_output=True, text=True, check=True))
    assert outputs[0].stdout == outputs[1].stdout
    assert outputs[0].stdout.startswith("[0.")
