"""From bytes to reports: topic patterns, JSON paths, layouts, and messages in what relays saw pass."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from hil.accept.extract import UNREADABLE, Extractor, Layout
from hil.accept.history import Report, Rules, Truth
from hil.accept.matching import Flag, Matcher, ReportClass
from hil.accept.observers import Answer
from hil.accept.paths import JsonPath, TopicPattern
from hil.accept.remarks import Unused
from hil.accept.streams import LARGEST_PACKET, HttpStream, MqttStream, passed_messages
from hil.accept.suite import ObserverEntry
from hil.relays.record import Direction, Piece

START_MS = 1_700_000_000_000


def extract(layout: dict[str, object], topic: str, payload: object) -> list[Report]:
    raw = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return Extractor(Layout.model_validate(layout), START_MS).reports(topic, raw, 77)


@pytest.mark.parametrize(
    ("pattern", "topic", "names"),
    [
        ("plant/{device}/{signal}", "plant/tank-1/level", {"device": "tank-1", "signal": "level"}),
        ("plant/{device}/{signal}", "plant/tank-1", None),
        ("plant/{device}/{signal}", "plant/tank-1/level/more", None),
        ("plant/+/{device}", "plant//tank", {"device": "tank"}),
        ("a.b/{device}", "axb/tank", None),
        ("plant/{device}/#", "plant/tank", {"device": "tank"}),
        ("plant/{device}/#", "plant/tank/a/b", {"device": "tank"}),
        ("v1/dev_{device}_up", "v1/dev_7_up", {"device": "7"}),
    ],
)
def test_topics(pattern: str, topic: str, names: dict[str, str] | None) -> None:
    assert TopicPattern(pattern).match(topic) == names


def test_the_filter_to_subscribe_to() -> None:
    assert TopicPattern("v1/dev_{device}/+/{signal}/#").filter == "v1/+/+/+/#"
    for wrong in ("", "a/#/b", "{device}/{device}"):
        with pytest.raises(ValueError, match="no topic pattern"):
            TopicPattern(wrong)


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("$", [{"a": {"b": [1, {"c d": 2}]}}]),
        ("$.a.b[0]", [1]),
        ('$.a.b[1]["c d"]', [2]),
        ("$.a.b[*]", [1, {"c d": 2}]),
        ("$.a[*]", [[1, {"c d": 2}]]),
        ("$.a.b[9]", []),
        ("$.a.b.c", []),
        ("$.x", []),
    ],
)
def test_json_paths(path: str, found: list[object]) -> None:
    assert list(JsonPath(path).find({"a": {"b": [1, {"c d": 2}]}})) == found


@pytest.mark.parametrize("text", ["", "a.b", "$a", "$.", "$.a[", "$.a[-1]", "$..a", "$.a b"])
def test_what_is_no_json_path_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no JSON path"):
        JsonPath(text)


PLAIN = {
    "topic": "plant/{device}/{signal}",
    "number": "$.number",
    "epoch": "$.epoch",
    "value": "$.value",
    "time": "$.time",
}


def test_a_reading_per_message() -> None:
    payload = {"number": 5, "epoch": 2, "value": 1.5, "time": "2023-11-14T22:13:21.500+00:00"}
    assert extract(PLAIN, "plant/tank/level", payload) == [Report("tank", "level", 1.5, 5, 1500, 77, 2)]
    assert extract(PLAIN, "other/tank/level", payload) == []
    assert extract(PLAIN, "plant/tank/level", {}) == [Report("tank", "level", UNREADABLE, None, None, 77, None)]
    without = {name: path for name, path in PLAIN.items() if name != "value"}
    assert extract(without, "plant/tank/level", {}) == [Report("tank", "level", None, None, None, 77, None)]


@pytest.mark.parametrize(
    ("time", "unit", "ms"),
    [
        (START_MS + 9, "ms", 9),
        (START_MS / 1000 + 1, "s", 1000),
        ((START_MS + 7) * 1_000_000, "ns", 7),
        ("2023-11-14T22:13:20", "ms", 0),
        ("2023-11-14T22:13:20Z", "ms", 0),
        ("yesterday", "ms", None),
        (True, "ms", None),
        (1e400, "ms", None),
        ([], "ms", None),
    ],
)
def test_stamps(time: object, unit: str, ms: int | None) -> None:
    (report,) = extract({**PLAIN, "time_unit": unit}, "plant/tank/level", {"time": time})
    assert report.time_ms == ms


@pytest.mark.parametrize("value", [None, [], {}, 1e400, float("nan")])
def test_a_value_that_cannot_be_is_not_the_true_one(value: object) -> None:
    truth = Truth("tank", 1, 1, "level", 5, 0, 0)
    for number, kind in ((1, ReportClass.DELIVERED), (None, ReportClass.INVENTED)):
        (report,) = extract(PLAIN, "plant/tank/level", {"number": number, "value": value})
        judged = Matcher([truth], Rules()).judge(report)
        assert judged.kind is kind
        assert (Flag.WRONG_VALUE in judged.flags) == (kind is ReportClass.DELIVERED)


def test_arrays_of_readings_and_objects_of_values() -> None:
    layout = {
        "topic": "up/{device}",
        "each": "$.readings[*]",
        "signal": "@.name",
        "number": "@.n",
        "value": "@.v",
        "time": "$.sent",
    }
    readings = {"sent": START_MS, "readings": [{"name": "a", "n": 1, "v": True}, {"name": "b", "n": "2", "v": "x"}]}
    assert extract(layout, "up/tank", readings) == [
        Report("tank", "a", True, 1, 0, 77),
        Report("tank", "b", "x", 2, 0, 77),
    ]
    layout = {"topic": "up", "device": "$.id", "number": "$.sequence", "values": "$.values"}
    message = {"id": "tank", "sequence": 9, "values": {"level": 3, "low": False, "odd": None}}
    assert [one[:4] for one in extract(layout, "up", message)] == [
        ("tank", "level", 3, 9),
        ("tank", "low", False, 9),
        ("tank", "odd", UNREADABLE, 9),
    ]
    assert extract(layout, "up", {"id": 5, "values": {"level": 3}}) == []


@pytest.mark.parametrize(
    "change",
    [
        {"topic": "plant/{signal}"},
        {"values": "$.values"},
        {"value": "@.value"},
        {"value": "value"},
        {"topic": "#/{device}"},
        {"unknown": "$.a"},
    ],
)
def test_layouts_that_cannot_be_are_refused(change: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Layout.model_validate({**PLAIN, **change})


@given(
    st.binary(max_size=200)
    | st.recursive(st.none() | st.integers() | st.floats() | st.text(), st.lists).map(
        lambda value: json.dumps({"value": value, "number": value, "time": value, "epoch": value}).encode()
    )
)
def test_any_payload_is_read_or_left(payload: bytes) -> None:
    extractor = Extractor(Layout.model_validate(PLAIN), START_MS)
    found = extractor.reports("plant/tank/level", payload, 1)
    assert len(found) + extractor.unread == 1


def test_depth_is_bounded() -> None:
    assert extract(PLAIN, "plant/tank/level", b"[" * 40 + b"]" * 40) == []
    assert extract(PLAIN, "plant/tank/level", b"[" * 100_000) == []


def test_what_a_gateway_waits_for_is_answered() -> None:
    answer = Answer(TopicPattern("ask/{device}/now"), TopicPattern("told/{device}"), '{"id":"${id}","n":${n},"x":${x}}')
    assert answer.reply_to("ask/tank/now", b'{"id":"a\\"b","n":[1]}') == (
        "told/tank",
        '{"id":"a\\"b","n":[1],"x":null}',
    )
    assert answer.reply_to("ask/tank/now", b"\xff") == ("told/tank", '{"id":"null","n":null,"x":null}')
    assert answer.reply_to("ask/tank", b"{}") is None


# --- what relays saw --------------------------------------------------------------------------------------------------


def packet(kind: int, body: bytes) -> bytes:
    length, out = len(body), bytearray([kind])
    while True:
        length, byte = divmod(length, 128)
        out.append(byte | (0x80 if length else 0))
        if not length:
            return bytes(out) + body


def text(value: str) -> bytes:
    raw = value.encode()
    return len(raw).to_bytes(2, "big") + raw


def connect(version: int) -> bytes:
    properties = b"\0" if version == 5 else b""
    return packet(0x10, text("MQTT") + bytes([version, 2, 0, 60]) + properties + text("client"))


topics = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20)
publishes = st.lists(st.tuples(topics, st.binary(max_size=300), st.sampled_from([0, 1])), max_size=6)


@given(publishes, st.sampled_from([4, 5]), st.integers(1, 50))
def test_publishes_are_found_however_the_bytes_are_cut(
    messages: list[tuple[str, bytes, int]], version: int, size: int
) -> None:
    stream = connect(version)
    for topic, payload, qos in messages:
        number = b"\0\7" if qos else b""
        properties = b"\0" if version == 5 else b""
        stream += packet(0x30 | qos << 1, text(topic) + number + properties + payload) + packet(0xC0, b"")
    pieces = [Piece(at, 1, Direction.UP, stream[at : at + size]) for at in range(0, len(stream), size)]
    found = [(message.topic, message.payload) for message in passed_messages(pieces, "mqtt")]
    assert found == [(topic, payload) for topic, payload, _ in messages]


def test_topics_that_are_numbers_are_resolved() -> None:
    alias = b"\x03\x23\0\1"
    data = connect(5) + packet(0x30, text("a/b") + alias + b"1") + packet(0x30, text("") + alias + b"2")
    assert [(one.topic, one.payload) for one in MqttStream(1).feed(0, data)] == [("a/b", b"1"), ("a/b", b"2")]


@pytest.mark.parametrize("size", [1 << 16, 1 << 30])
def test_a_packet_that_is_too_large_is_left_out_alone(size: int) -> None:
    large = packet(0x30, text("a") + bytes(LARGEST_PACKET + 1))
    stream = connect(4) + packet(0x30, text("b") + b"1") + large + packet(0x30, text("c") + b"2")
    pieces = [Piece(at, 1, Direction.UP, stream[at : at + size]) for at in range(0, len(stream), size)]
    assert [one.topic for one in passed_messages(pieces, "mqtt")] == ["b", "c"]


a_post = st.tuples(st.sampled_from(["/up/a", "/up/b?x=1"]), st.binary(max_size=100))


@given(st.lists(a_post, max_size=5), st.integers(1, 60))
def test_posts_are_found_however_the_bytes_are_cut(posts: list[tuple[str, bytes]], size: int) -> None:
    stream = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
    for target, body in posts:
        stream += f"POST {target} HTTP/1.1\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
    pieces = [Piece(at, 1, Direction.UP, stream[at : at + size]) for at in range(0, len(stream), size)]
    found = [(message.topic, message.payload) for message in passed_messages(pieces, "http")]
    assert found == [(target.split("?")[0][1:], body) for target, body in posts]


@given(st.lists(st.binary(max_size=50), max_size=10))
def test_any_bytes_are_survived(pieces: list[bytes]) -> None:
    for stream in (MqttStream(1), HttpStream(1)):
        for data in pieces:
            stream.feed(0, data)


def test_topics_that_the_layout_does_not_match_are_counted() -> None:
    suite = ObserverEntry.model_validate(
        {"mqtt": {"topic": "site/{device}"}, "answers": [{"topic": "ask/{device}", "reply_topic": "a", "reply": "{}"}]}
    )
    extractor = suite.extractor(0)
    for topic in ("site/a/b", "site/a/b", "ask/a", "site/1/x", "site/2/x", "site/3/x", "site/tank"):
        extractor.reports(topic, b"{}", 0)
    assert (extractor.strays.count, extractor.strays.topics) == (5, ["site/a/b", "site/1/x", "site/2/x"])
    assert Unused(76, 5, ("site/a/b",), ("a", "b")).remarks() == [
        "5 messages on topics that the layout does not match, such as site/a/b",
        "76 messages held no reading",
        "reports of 'a', 'b', which the suite does not have",
    ]


def test_what_is_no_message_of_the_group_is_a_stray_but_for_states_of_hosts() -> None:
    extractor = ObserverEntry.model_validate({"sparkplug": {"group": "plant", "node": "n"}}).extractor(0)
    for topic in ("spBv1.0/STATE/x", "spBv1.0/plant/NCMD/n", "spBv1.0/plant/NBIRTH/m", "spBv1.0/g/DDATA/n/d", "x"):
        extractor.reports(topic, b"", 0)
    assert extractor.strays.topics == ["spBv1.0/plant/NBIRTH/m", "spBv1.0/g/DDATA/n/d", "x"]
