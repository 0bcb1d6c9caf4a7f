"""Sparkplug B of senders that are not ours: aliases, types, devices in metric names, and bytes that are none."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device_emulators.faces.sparkplug_pb2 import Payload
from hil.accept.history import Report
from hil.accept.sparkplug import SparkplugExtractor, SparkplugLayout

START_MS = 1_700_000_000_000


def made(*metrics: dict[str, Any], seq: int | None = None) -> bytes:
    payload = Payload()
    if seq is not None:
        payload.seq = seq
    for fields in metrics:
        properties = fields.pop("properties", {})
        metric = payload.metrics.add(**fields)
        for name, number in properties.items():
            metric.properties.keys.append(name)
            metric.properties.values.add(long_value=number)
    return bytes(payload.SerializeToString())


def extractor(**layout: str) -> SparkplugExtractor:
    return SparkplugExtractor(SparkplugLayout(group="g", **layout), START_MS)


def test_a_reading_with_counter_epoch_and_stamp() -> None:
    metric = {"name": "level", "double_value": 1.5, "timestamp": START_MS + 42}
    payload = made({**metric, "properties": {"Number": 7, "Epoch": 2}}, seq=0)
    assert extractor().reports("spBv1.0/g/DDATA/n/tank", payload, 99) == [Report("tank", "level", 1.5, 7, 42, 99, 2)]


def test_an_alias_stands_for_the_name_that_a_birth_gave_it_with_its_type() -> None:
    own = extractor()
    birth = made({"name": "temp", "alias": 0, "datatype": 3, "int_value": 5}, {"name": "bdSeq", "long_value": 1})
    assert [one[:3] for one in own.reports("spBv1.0/g/DBIRTH/n/tank", birth, 1)] == [("tank", "temp", 5)]
    data = made({"alias": 0, "int_value": 2**32 - 4})
    assert [one[:3] for one in own.reports("spBv1.0/g/DDATA/n/tank", data, 2)] == [("tank", "temp", -4)]
    assert own.reports("spBv1.0/g/DDATA/n/other", data, 3) == []
    own.reports("spBv1.0/g/NBIRTH/n", made({"name": "Node Control/Rebirth", "boolean_value": False}), 4)
    assert own.reports("spBv1.0/g/DDATA/n/tank", data, 5) == []
    assert own.unread == 2


@pytest.mark.parametrize(
    ("datatype", "sent", "meant"),
    [
        (1, 0xFF, -1),
        (1, 0xFFFFFFFF, -1),
        (2, 0x8000, -32_768),
        (4, 2**64 - 9, -9),
        (5, 200, 200),
        (7, 2**32 - 1, 2**32 - 1),
    ],
)
def test_whole_numbers_of_every_width(datatype: int, sent: int, meant: int) -> None:
    payload = made({"name": "x", "datatype": datatype, "long_value": sent})
    assert extractor().reports("spBv1.0/g/DDATA/n/d", payload, 0)[0].value == meant


def test_metrics_of_the_node_name_their_device() -> None:
    payload = made({"name": "tank/inner/level", "boolean_value": True}, {"name": "uptime", "int_value": 3})
    assert [one[:3] for one in extractor().reports("spBv1.0/g/NDATA/n", payload, 0)] == [("tank", "inner/level", True)]


@pytest.mark.parametrize(
    "topic",
    [
        *("spBv1.0/g/DDATA/n", "spBv1.0/g/NDATA/n/d", "spBv1.0/other/DDATA/n/d", "spBv1.0/g/DCMD/n/d"),
        *("spBv1.0/g/DDATA/m/d", "spAv1.0/g/DDATA/n/d", "spBv1.0/STATE/x", "", "spBv1.0/g/DDATA/n/d/e"),
    ],
)
def test_topics_that_tell_nothing(topic: str) -> None:
    own = extractor(node="n")
    assert own.reports(topic, made({"name": "x", "int_value": 1}), 0) == []
    assert own.unread == 0
    assert own.filter == "spBv1.0/g/+/n/#"


def test_gaps_of_the_sequence_are_counted() -> None:
    own = extractor()
    for kind, seq in (("NBIRTH/n", 0), ("DBIRTH/n/d", 1), ("DDATA/n/d", 3), ("DDATA/n/d", 4), ("NBIRTH/n", 0)):
        own.reports(f"spBv1.0/g/{kind}", made({"name": "x/y", "int_value": 1}, seq=seq), 0)
    assert own.gaps == 1
    assert extractor().reports("spBv1.0/g/DDATA/n/d", made({"name": "x", "is_null": True}), 0) == []


def test_values_that_are_none_are_not_told() -> None:
    payload = made(
        {"name": "a", "double_value": float("nan")}, {"name": "b", "float_value": float("inf")}, {"name": "c"}
    )
    assert [one.value for one in extractor().reports("spBv1.0/g/DDATA/n/d", payload, 0)] == [None, None, None]


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200), st.sampled_from(["NBIRTH/n", "DBIRTH/n/d", "DDATA/n/d", "NDATA/n"]), st.integers(0, 80))
def test_whatever_bytes_come_nothing_breaks(noise: bytes, kind: str, cut: int) -> None:
    own = extractor()
    good = made(
        {"name": "x/y", "alias": 3, "datatype": 3, "int_value": 1, "timestamp": 2**63, "properties": {"Number": 1}}
    )
    for payload in (noise, good[:cut] + noise, noise + good, b"\x00" * 2_000_000):
        for one in own.reports(f"spBv1.0/g/{kind}", payload, 0):
            assert one.seen_ms == 0
    assert own.unread >= 1
