"""Compiled ordering of a window's lines by (time, stock point, drawing order), and numbering of its jobs.

Lines spread over time almost evenly, so a counting sort on the upper bits of time leaves about one line per bucket
and one insertion pass finishes. A bucket with many lines (all sources of a per-period demand fire at once) is
merge-sorted first, lest that pass turn quadratic.
"""

import numpy as np
import numpy.typing as npt

from sim.demand.draw import R_QUANTITY, R_STOCK_POINT, R_TAG, R_TIME_MS
from sim.jit import compiled
from sim.network import Int32Array, Int64Array

LARGE_BUCKET = 48  # lines; above it merging beats insertion


@compiled
def merge_sort(keys: Int64Array, order: Int32Array) -> None:
    """Sort `keys` and `order` alike, in place, by key; equal keys keep their order."""
    other_keys = keys.copy()
    other_order = order.copy()
    width = 1
    while width < len(keys):
        for low in range(0, len(keys), 2 * width):
            middle = min(low + width, len(keys))
            high = min(low + 2 * width, len(keys))
            left = low
            right = middle
            for slot in range(low, high):
                if left < middle and (right >= high or keys[left] <= keys[right]):
                    other_keys[slot] = keys[left]
                    other_order[slot] = order[left]
                    left += 1
                else:
                    other_keys[slot] = keys[right]
                    other_order[slot] = order[right]
                    right += 1
        keys[:] = other_keys
        order[:] = other_order
        width *= 2


@compiled
def spread_lines(
    raw: Int64Array, lines: int, from_ms: int, shift: int, ends: Int32Array, times: Int64Array, order: Int32Array
) -> int:
    """Counting sort by bucket; returns the number of lines in the largest.

    Bucket b holds the times from `from_ms` + b * 2**shift up to the next. `ends` (one more than buckets) comes in as
    zeros and goes out holding where each bucket ends; `times` and `order` receive, bucket by bucket in drawing order,
    each line's time and its row in `raw`.
    """
    for line in range(lines):
        ends[((raw[line, R_TIME_MS] - from_ms) >> shift) + 1] += 1
    largest = 0
    for bucket in range(1, len(ends)):
        largest = max(largest, ends[bucket])
        ends[bucket] += ends[bucket - 1]
    for line in range(lines):
        time_ms = raw[line, R_TIME_MS]
        bucket = (time_ms - from_ms) >> shift
        slot = ends[bucket]
        ends[bucket] = slot + 1
        times[slot] = time_ms
        order[slot] = line
    return largest


@compiled
def sort_large_buckets(
    raw: Int64Array, from_ms: int, shift: int, point_bits: int, ends: Int32Array, times: Int64Array, order: Int32Array
) -> None:
    """Merge-sort, by (time, stock point), the buckets that hold more than LARGE_BUCKET lines and are out of order.

    `point_bits` is the width of the largest stock point number: time in the bucket and stock point make one key.
    """
    low = 0
    for bucket in range(len(ends) - 1):
        high = ends[bucket]
        if high - low > LARGE_BUCKET:
            base_ms = from_ms + (bucket << shift)
            keys = ((times[low:high] - base_ms) << point_bits) | raw[order[low:high], R_STOCK_POINT]
            if np.any(keys[1:] < keys[:-1]):
                merge_sort(keys, order[low:high])
                times[low:high] = base_ms + (keys >> point_bits)
        low = high


@compiled
def settle_lines(raw: Int64Array, times: Int64Array, order: Int32Array) -> None:
    """Insertion sort by (time, stock point) of lines that are nearly in order; stable."""
    for row in range(1, len(times)):
        time_ms = times[row]
        if time_ms > times[row - 1]:
            continue
        line = order[row]
        point = raw[line, R_STOCK_POINT]
        slot = row
        while slot > 0 and (
            times[slot - 1] > time_ms or (times[slot - 1] == time_ms and raw[order[slot - 1], R_STOCK_POINT] > point)
        ):
            times[slot] = times[slot - 1]
            order[slot] = order[slot - 1]
            slot -= 1
        times[slot] = time_ms
        order[slot] = line


@compiled
def gather_lines(
    raw: Int64Array,
    order: Int32Array,
    number: Int32Array,
    stock_point: Int32Array,
    quantity: Int64Array,
    flags: npt.NDArray[np.int8],
    job: Int32Array,
    job_lines: Int32Array,
) -> None:
    """Copy the lines in their final order; jobs are renumbered by their first line, and their lines counted.

    `number` and `job_lines` have one row for each job drawn, -1 and 0.
    """
    known = 0
    for row in range(len(order)):
        line = order[row]
        stock_point[row] = raw[line, R_STOCK_POINT]
        quantity[row] = raw[line, R_QUANTITY]
        flags[row] = raw[line, R_TAG] & 255
        drawn = (raw[line, R_TAG] >> 8) - 1
        if drawn < 0:
            job[row] = -1
            continue
        if number[drawn] < 0:
            number[drawn] = known
            known += 1
        job[row] = number[drawn]
        job_lines[number[drawn]] += 1
