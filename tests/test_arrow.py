"""Arrow arrays from numpy's memory and back, against what pyarrow itself makes of them."""

import numpy as np
import pyarrow as pa
import pytest

from sim.record.arrow import number_table, numbers, texts, values_of


@pytest.mark.parametrize("dtype", [np.int8, np.int32, np.int64, np.float64])
def test_numbers_are_what_pyarrow_makes_of_them(dtype: type) -> None:
    values = np.array([3, 1, 2], dtype=dtype)
    assert numbers(values).equals(pa.array(values))
    assert numbers(values[::2]).to_pylist() == [3, 2]
    assert numbers(values[:0]).to_pylist() == []


def test_truth_values_become_numbers() -> None:
    assert numbers(np.array([True, False])).to_pylist() == [1, 0]


def test_texts() -> None:
    words = ["", "a", "größer", "日本", "a"]
    assert texts(words).equals(pa.array(words))
    assert texts([]).equals(pa.array([], pa.string()))


def test_values_come_back_from_pieces_and_slices() -> None:
    whole = numbers(np.arange(10))
    assert values_of(whole, np.int64).tolist() == list(range(10))
    assert values_of(whole.slice(3, 4), np.int64).tolist() == [3, 4, 5, 6]
    pieces = pa.chunked_array([whole.slice(8), whole.slice(0, 0), whole.slice(2, 2)])
    assert values_of(pieces, np.int64).tolist() == [8, 9, 2, 3]
    assert values_of(pa.chunked_array([], pa.int64()), np.int64).tolist() == []


def test_table() -> None:
    table = number_table({"a": np.arange(2), "b": [0.5, 1.5]})
    assert table.to_pydict() == {"a": [0, 1], "b": [0.5, 1.5]}
