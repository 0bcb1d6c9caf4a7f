"""The independent count itself, on records made by hand."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.count_relay_bytes import count, main


def line(time_ms: int, event: str, data: bytes = b"", connection: int = 1) -> str:
    return json.dumps({"t": time_ms, "c": connection, "e": event, "b": data.hex()})


def publish(number: int, packet: int = 1) -> bytes:
    said = {"device": "tank", "epoch": 1, "number": number, "signal": "level"}
    body = b"\0\1t" + packet.to_bytes(2, "big") + json.dumps(said).encode()
    return bytes([0x32, len(body)]) + body


ACKNOWLEDGED = b"\x40\2\0\1"


@pytest.mark.parametrize(
    ("between", "acknowledged"),
    [
        ([], 0),
        ([line(10, "down", ACKNOWLEDGED)], 1),
        ([line(10, "down", ACKNOWLEDGED), line(100, "end")], 1),
        ([line(10, "down", ACKNOWLEDGED), line(20, "end")], 0),  # perhaps nobody heard it
        ([line(5, "end"), line(10, "down", ACKNOWLEDGED)], 0),
        ([line(10, "down", ACKNOWLEDGED[:2]), line(11, "down", ACKNOWLEDGED[2:])], 1),
        ([line(10, "down", ACKNOWLEDGED, connection=2)], 0),
    ],
)
def test_a_repeat_is_one_after_an_acknowledgement_or_not(between: list[str], acknowledged: int) -> None:
    found = count([line(0, "up", publish(7)), *between, line(200, "up", publish(7), connection=3)])
    assert (found["readings"], found["messages"], found["repeats"]) == (1, 2, 1)
    assert found["repeats_acknowledged"] == acknowledged


def losses(*spans: tuple[int, int, int, str]) -> dict[str, Any]:
    names = ("from_number", "to_number", "changes", "reason")
    return {"losses": [{"device": "tank", "epoch": 1, **dict(zip(names, span, strict=True))} for span in spans]}


@pytest.mark.parametrize(
    ("verdict", "code", "not_named", "passed"),
    [
        (losses((2, 3, 2, "lost by the gateway")), 0, [], []),
        (losses((2, 2, 1, "lost by the gateway")), 1, [3], []),
        (losses((2, 4, 3, "lost by the gateway")), 1, [], [4]),
        (losses((2, 3, 2, "lost by the gateway"), (4, 4, 1, "lost between gateway and observer")), 0, [], [4]),
    ],
)
def test_losses_are_compared_event_by_event(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    verdict: dict[str, Any],
    code: int,
    not_named: list[int],
    passed: list[int],
) -> None:
    shown = {"device": "tank", "epoch": 1, "signal": "level", "wanted": True}
    files = [tmp_path / name for name in ("uplink.jsonl", "truth.jsonl", "verdict.json")]
    files[0].write_text("\n".join([line(0, "up", publish(1)), line(1, "up", publish(4))]))
    files[1].write_text("\n".join(json.dumps({**shown, "number": number}) for number in range(1, 5)))
    files[2].write_text(json.dumps(verdict))
    assert main(*map(str, files)) == code
    found = json.loads(capsys.readouterr().out)
    assert [key[2] for key in found["never_said"]] == [2, 3]
    assert [key[2] for key in found["not_named"]] == not_named
    assert [key[2] for key in found["named_but_passed"]] == passed
