"""The script that counts a run's raw bytes, where it cannot."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("count_relay_bytes.py")


@pytest.mark.parametrize("payload", [b'{"name": 1}', b"nonsense", b"[]"])
def test_messages_of_another_layout_are_told(tmp_path: Path, payload: bytes) -> None:
    body = b"\0\6site/x" + payload
    packet = bytes([0x30, len(body)]) + body
    file = tmp_path / "uplink.jsonl"
    file.write_text(json.dumps({"t": 0, "c": 1, "e": "up", "b": packet.hex()}))
    done = subprocess.run([sys.executable, "-I", str(SCRIPT), str(file)], capture_output=True, timeout=60)
    assert done.returncode == 2
    assert b"can be counted; this is none: 'site/x'" in done.stderr
    assert b"Traceback" not in done.stderr
