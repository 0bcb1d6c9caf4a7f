"""What a relay writes down of passwords: nothing, and of everything else all."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.relays.record import Direction, Recorder
from hil.relays.secrets import Mask

PASSWORD = b"open sesame"


def field(data: bytes) -> bytes:
    return len(data).to_bytes(2, "big") + data


def connect(level: int = 4, *, will: bool = False, user: bool = True, password: bytes | None = PASSWORD) -> bytes:
    flags = 0x80 * user | 0x40 * (password is not None) | 0x04 * will
    body = field(b"MQTT") + bytes([level, flags, 0, 60])
    body += bytes([5, 0x11, 0, 0, 0, 9]) if level == 5 else b""
    body += field(b"gateway")
    if will:
        body += (b"\x00" if level == 5 else b"") + field(b"plant/status") + field(b"offline")
    body += field(b"rig") if user else b""
    body += field(password) if password is not None else b""
    length = len(body)
    header = bytes([length & 0x7F | 0x80, length >> 7]) if length > 127 else bytes([length])
    return b"\x10" + header + body


@pytest.mark.parametrize("level", [4, 5])
@pytest.mark.parametrize("will", [False, True])
def test_only_the_password_is_covered(level: int, will: bool) -> None:
    packet, more = connect(level, will=will), b"\x30\x03\x00\x01a"
    assert Mask()(packet + more) == packet.replace(PASSWORD, b"x" * len(PASSWORD)) + more
    long = connect(level, will=will, password=b"p" * 300)
    assert Mask()(long) == long.replace(b"p" * 300, b"x" * 300)


def test_without_a_password_nothing_is_covered() -> None:
    for packet in (
        connect(password=None),
        connect(user=False, password=None),
        b"\x10\x2a\x00\x00",
        b"\x10",
        b"\x10\xff",
    ):
        assert Mask()(packet) == packet


@given(st.lists(st.integers(1, 60), max_size=4), st.sampled_from([4, 5]), st.booleans())
def test_no_way_to_cut_it_shows_the_password(cuts: list[int], level: int, will: bool) -> None:
    packet, mask, shown, at = connect(level, will=will) + b"\x30\x03\x00\x01a", Mask(), b"", 0
    for cut in [*sorted(set(cuts)), len(packet)]:
        shown += mask(packet[at:cut])
        at = max(at, cut)
    assert len(shown) == len(packet)
    if not cuts or min(cuts) >= 8:  # a client that sends less than the name of the protocol at once is none we know
        assert PASSWORD not in shown
        assert shown.endswith(b"\x30\x03\x00\x01a")


@given(st.binary(max_size=200))
def test_nonsense_is_no_trouble(data: bytes) -> None:
    mask = Mask()
    assert len(mask(data)) == len(data)
    assert len(mask(data)) == len(data)


def test_authorization_of_posts_is_covered(tmp_path: Path) -> None:
    class Clock:
        def now_ms(self) -> int:
            return 5

    post = b"POST /up HTTP/1.1\r\nAuthorization: Basic cmlnOm9wZW4=\r\nHost: a\r\n\r\n{}"
    recorder = Recorder(Clock(), tmp_path / "record.jsonl")
    for data in (post, post):
        recorder.passed(1, Direction.UP, data)
    recorder.passed(1, Direction.DOWN, b"HTTP/1.1 204 No Content\r\n\r\n")
    recorder.close()
    lines = [json.loads(line) for line in (tmp_path / "record.jsonl").read_text().splitlines()]
    covered = post.replace(b"Basic cmlnOm9wZW4=", b"x" * 18)
    assert [bytes.fromhex(line["b"]) for line in lines[:2]] == [covered, covered]
    assert b"204" in bytes.fromhex(lines[2]["b"])
