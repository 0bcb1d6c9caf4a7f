"""Modbus requests and answers as bytes: every function code, its limits and its exceptions."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device_emulators.faces.modbus_image import Identification
from device_emulators.faces.modbus_pdu import MAX_PDU, answer
from tests.modbus_samples import BITS, REFUSED, REGISTERS, SMALL, SampleImage, read_holding, read_inputs, registers


def words(function, *numbers):
    return struct.pack(f">B{len(numbers)}H", function, *numbers)


def test_registers_are_read_high_byte_first():
    assert answer(SampleImage(), read_inputs(258, 2)) == bytes((4, 4, 1, 2, 1, 3))
    assert answer(SampleImage(), read_holding(0, 1)) == bytes((3, 2, 0, 0))


def test_bits_are_packed_from_the_lowest_and_filled_with_zeros():
    image = SampleImage()
    assert answer(image, words(2, 0, 10)) == bytes((2, 2, 0b01001001, 0b10))
    image.coils[1] = True
    assert answer(image, words(1, 0, 2)) == bytes((1, 1, 0b10))


def test_the_longest_reads_fit():
    image = SampleImage()
    assert len(answer(image, words(1, 0, 2000))) == 252
    assert len(answer(image, words(3, 0, 125))) == 252


@pytest.mark.parametrize("function", [1, 2, 3, 4])
def test_reads_outside_the_limits_are_refused(function):
    limit = 2000 if function < 3 else 125
    size = BITS if function < 3 else REGISTERS
    image = SampleImage()
    for count in (0, limit + 1, 0xFFFF):
        assert answer(image, words(function, 0, count)) == bytes((function | 0x80, 3))
    for address in (size, size - 1, 0xFFFF):
        assert answer(image, words(function, address, 2)) == bytes((function | 0x80, 2))
    for body in (b"", b"\0", b"\0\0\0", b"\0\0\0\1\0"):
        assert answer(image, bytes((function,)) + body) == bytes((function | 0x80, 3))


def test_single_writes_are_echoed():
    image = SampleImage()
    assert answer(image, words(5, 7, 0xFF00)) == words(5, 7, 0xFF00)
    assert answer(image, words(6, 8, 1234)) == words(6, 8, 1234)
    assert image.coils[7] is True
    assert image.holding[8] == 1234
    assert answer(image, words(5, 7, 0)) == words(5, 7, 0)
    assert image.coils[7] is False


def test_a_coil_is_on_or_off_and_nothing_else():
    assert answer(SampleImage(), words(5, 7, 1)) == b"\x85\x03"


def test_several_coils_are_written():
    image = SampleImage()
    request = words(15, 4, 10) + bytes((2, 0b01010101, 0b11111110))
    assert answer(image, request) == words(15, 4, 10)
    assert image.coils[3:15] == [False, *[True, False] * 4, False, True, False]


def test_several_registers_are_written_up_to_the_limit():
    image = SampleImage()
    assert answer(image, words(16, 4, 123) + registers(*range(123))) == words(16, 4, 123)
    assert image.holding[4:127] == list(range(123))
    assert answer(image, words(16, 4, 124) + registers(*range(124))) == b"\x90\x03"
    full = words(15, 0, 1968) + bytes((246,)) + bytes(246)
    assert answer(image, full) == words(15, 0, 1968)
    assert answer(image, words(15, 0, 1969) + bytes((247,)) + bytes(247)) == b"\x8f\x03"


@pytest.mark.parametrize(
    "request_bytes",
    [
        words(16, 0, 2) + registers(1),
        words(16, 0, 1) + registers(1, 2),
        words(16, 0, 1) + b"\2\0",
        words(16, 0, 1) + b"\2\0\0\0",
        words(15, 0, 9) + b"\1\0",
        words(15, 0, 8) + b"\2\0",
        words(16, 0),
        words(22, 0, 1),
        words(23, 0, 1, 0, 1) + b"\4\0\0",
        words(23, 0, 126, 0, 1) + b"\2\0\0",
        words(23, 0, 1, 0, 122) + bytes((244,)) + bytes(244),
    ],
)
def test_counts_that_contradict_the_data_are_bad_values(request_bytes):
    image = SampleImage()
    assert answer(image, request_bytes) == bytes((request_bytes[0] | 0x80, 3))
    assert not image.writes


def test_masks_keep_and_add_bits():
    image = SampleImage()
    image.holding[4] = 0x12
    request = words(22, 4, 0xF2, 0x25)
    assert answer(image, request) == request
    assert image.holding[4] == 0x17  # the example of the specification


def test_write_and_read_writes_first():
    image = SampleImage()
    assert answer(image, words(23, 3, 4, 4, 2) + registers(7, 8)) == bytes((23, 8)) + bytes((0, 0, 0, 7, 0, 8, 0, 0))


def test_write_and_read_writes_nothing_when_it_cannot_read():
    image = SampleImage()
    assert answer(image, words(23, REGISTERS, 1, 4, 1) + registers(7)) == b"\x97\x02"
    assert not image.writes


def test_refusals_of_the_device_are_told_apart():
    image = SampleImage()
    assert answer(image, words(6, REFUSED, 1)) == b"\x86\x04"
    assert answer(image, words(6, SMALL, 11)) == b"\x86\x03"
    assert answer(image, words(6, SMALL, 10)) == words(6, SMALL, 10)


@pytest.mark.parametrize("function", [0, 7, 8, 11, 12, 17, 20, 21, 24, 65, 127, 128, 255])
def test_other_functions_are_unknown(function):
    assert answer(SampleImage(), bytes((function, 0, 0))) == bytes((function | 0x80, 1))


def identified(image, category, first=0):
    """All objects of a category, asked for until there are no more."""
    objects, rounds = {}, 0
    while True:
        reply = answer(image, bytes((43, 14, category, first)))
        assert len(reply) <= MAX_PDU
        assert reply[:3] == bytes((43, 14, category))
        level, more, following, count = reply[3:7]
        rest = reply[7:]
        for _ in range(count):
            number, size = rest[:2]
            objects[number], rest = rest[2 : 2 + size], rest[2 + size :]
        assert rest == b""
        rounds += 1
        if not more:
            return level, objects, rounds
        first = following


def test_a_device_says_who_it_is():
    image = SampleImage(Identification("maker", "code", "2", model_name="M"))
    assert identified(image, 1) == (0x82, {0: b"maker", 1: b"code", 2: b"2"}, 1)
    assert identified(image, 2) == (0x82, {0: b"maker", 1: b"code", 2: b"2", 5: b"M"}, 1)
    assert identified(image, 3) == identified(image, 2)
    assert identified(image, 4, 5) == (0x82, {5: b"M"}, 1)
    assert identified(image, 1, 9) == identified(image, 1)


def test_a_long_identification_comes_in_parts():
    long = {0x80 + place: chr(65 + place) * 150 for place in range(5)}
    level, objects, rounds = identified(SampleImage(Identification(extended=long)), 3)
    assert level == 0x83
    assert [objects[number] for number in long] == [text.encode() for text in long.values()]
    assert rounds == 5


def test_a_text_is_never_cut_within_a_character():
    _, objects, _ = identified(SampleImage(Identification(vendor_name="é" * 101 + "x")), 4, 0)
    assert objects[0].decode() == "é" * 100


@pytest.mark.parametrize(("body", "code"), [(b"\x0e\4\6", 2), (b"\x0e\0\0", 3), (b"\x0e\5\0", 3), (b"\x0e\1", 3)])
def test_bad_questions_for_the_identification(body, code):
    assert answer(SampleImage(), b"\x2b" + body) == bytes((0xAB, code))


def test_other_encapsulated_protocols_are_unknown():
    assert answer(SampleImage(), b"\x2b\x0d\0\0") == b"\xab\x01"
    assert answer(SampleImage(), b"\x2b") == b"\xab\x01"


@given(st.binary(min_size=1, max_size=300))
def test_any_bytes_are_answered(request_bytes):
    reply = answer(SampleImage(), request_bytes)
    assert len(reply) <= MAX_PDU
    assert reply[0] & 0x7F == request_bytes[0] & 0x7F


functions = st.sampled_from([1, 2, 3, 4, 5, 6, 15, 16, 22, 23, 43])
numbers = st.integers(0, 0xFFFF) | st.integers(0, 130)


@given(functions, st.lists(numbers, max_size=4), st.binary(max_size=20))
def test_requests_that_are_almost_right_are_answered(function, fields, rest):
    reply = answer(SampleImage(), words(function, *fields) + rest)
    assert 2 <= len(reply) <= MAX_PDU
    assert reply[0] in (function, function | 0x80)
