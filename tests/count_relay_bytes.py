"""Counts what a gateway sent from the raw bytes of its uplink's relay alone. Uses nothing of this project.

`python count_relay_bytes.py uplink.jsonl` prints JSON: distinct readings, messages in all, repeats, and how many of the
repeats had been acknowledged before they were made.
"""

import json
import sys
from collections import defaultdict


def packets(data: bytearray):
    """Whole MQTT packets at the beginning of a buffer, taken out of it: (first byte, body)."""
    while len(data) >= 2:
        length, at = 0, 1
        while True:
            if at >= len(data):
                return
            length |= (data[at] & 127) << 7 * (at - 1)
            at += 1
            if data[at - 1] < 128:
                break
        if len(data) < at + length:
            return
        first, body = data[0], bytes(data[at : at + length])
        del data[: at + length]
        yield first, body


def count(lines) -> dict:
    buffers = defaultdict(bytearray)
    under_way = {}  # (connection, packet number) -> reading
    acknowledged, seen, gone, keys = set(), set(), set(), []
    repeats_acknowledged = messages = 0
    for line in lines:
        entry = json.loads(line)
        if entry["e"] == "end":
            gone.add(entry["c"])  # a client of MQTT that has ended its side listens no more
        if entry["e"] not in ("up", "down"):
            continue
        buffer = buffers[entry["c"], entry["e"]]
        buffer += bytes.fromhex(entry["b"])
        for first, body in packets(buffer):
            if entry["e"] == "down" and first >> 4 == 4 and entry["c"] not in gone:
                acknowledged.add(under_way.get((entry["c"], body[:2])))
            elif entry["e"] == "up" and first >> 4 == 3:
                size = int.from_bytes(body[:2], "big")
                rest, quality = body[2 + size :], first >> 1 & 3
                number, payload = (rest[:2], rest[2:]) if quality else (b"", rest)
                said = json.loads(payload)
                key = (said["device"], said["epoch"], said["number"], said["signal"])  # polls share a number
                messages += 1
                repeats_acknowledged += key in seen and key in acknowledged
                under_way[entry["c"], number] = key
                if key not in seen:
                    keys.append(key)
                seen.add(key)
    return {
        "readings": len(seen),
        "messages": messages,
        "repeats": messages - len(seen),
        "repeats_acknowledged": repeats_acknowledged,
        "keys": [list(key) for key in dict.fromkeys(key[:3] for key in keys)],
    }


if __name__ == "__main__":
    with open(sys.argv[1], encoding="ascii") as file:
        json.dump(count(file), sys.stdout)
