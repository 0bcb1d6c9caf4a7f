"""Counts what a gateway sent, and names what it never sent, from a run's evidence alone. Uses nothing of this project.

`python count_relay_bytes.py uplink.jsonl` prints JSON: distinct readings, messages in all, repeats, and how many of the
repeats had been acknowledged before they were made.

With `truth.jsonl` as second file, also the changes shown that no message which passed tells of, each as device, epoch
and number. With `verdict.json` as third, whether its losses are those: `not_named` passed nowhere and are in no loss,
`named_but_passed` are in a loss and passed, which is right of those alone that were lost behind the relay. Exit code 1
when they differ otherwise, 2 when the gateway's messages are not such as this reads: JSON objects with `device`,
`epoch`, `number` and `signal`.
"""

import json
import sys
from bisect import bisect_right
from collections import defaultdict

NAMES = ("device", "epoch", "number", "signal")
GRACE_MS = 50  # an acknowledgement that passed so shortly before its connection ended may have come to nobody


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


class OtherLayout(Exception):
    """The gateway's messages are not such as can be counted here."""


def reading(topic: bytes, payload: bytes) -> tuple:
    """Which reading a message is; polls share a number."""
    try:
        document = json.loads(payload)
        return tuple(document[name] for name in NAMES)
    except (ValueError, LookupError, TypeError):
        said = f"{topic.decode(errors='replace')!r}: {payload[:80]!r}"
        raise OtherLayout(f"only JSON objects with {', '.join(NAMES)} can be counted; this is none: {said}") from None


def count(lines) -> dict:
    """What passed: figures, and `said`, the readings as device, epoch, number and signal, in order, once each."""
    buffers = defaultdict(bytearray)
    under_way = {}  # (connection, packet number) -> reading
    acknowledged, said, gone = {}, {}, set()  # acknowledged: reading -> when, on which connection
    repeats_acknowledged = messages = 0
    for line in lines:
        entry = json.loads(line)
        if entry["e"] in ("end", "close"):
            gone.add(entry["c"])  # a client of MQTT that has ended its side listens no more
            for key, (time, connection) in list(acknowledged.items()):
                if connection == entry["c"] and time > entry["t"] - GRACE_MS:
                    del acknowledged[key]
        if entry["e"] not in ("up", "down"):
            continue
        buffer = buffers[entry["c"], entry["e"]]
        buffer += bytes.fromhex(entry["b"])
        for first, body in packets(buffer):
            if entry["e"] == "down" and first >> 4 == 4 and entry["c"] not in gone:
                acknowledged[under_way.get((entry["c"], body[:2]))] = (entry["t"], entry["c"])
            elif entry["e"] == "up" and first >> 4 == 3:
                size = int.from_bytes(body[:2], "big")
                rest, quality = body[2 + size :], first >> 1 & 3
                number, payload = (rest[:2], rest[2:]) if quality else (b"", rest)
                key = reading(body[2 : 2 + size], payload)
                messages += 1
                repeats_acknowledged += key in said and key in acknowledged
                under_way[entry["c"], number] = key
                said[key] = None
    return {
        "readings": len(said),
        "messages": messages,
        "repeats": messages - len(said),
        "repeats_acknowledged": repeats_acknowledged,
        "said": list(said),
    }


def never_said(truths, said) -> list:
    """Changes to be delivered that nobody told of. A reading with a counter of its device, which is another signal's,
    tells of its own signal's last change up to there."""
    numbers = defaultdict(list)
    for truth in truths:
        numbers[truth["device"], truth["epoch"], truth["signal"]].append(truth["number"])
    for listed in numbers.values():
        listed.sort()
    told = set()
    for device, epoch, number, signal in said:
        listed = numbers[device, epoch, signal]
        upto = bisect_right(listed, number)
        if upto:
            told.add((device, epoch, listed[upto - 1]))
    keys = [(truth["device"], truth["epoch"], truth["number"]) for truth in truths if truth["wanted"]]
    return [key for key in keys if key not in told]


def named(truths, losses) -> dict:
    """The changes that a verdict's losses name, with the reason of each."""
    found = {}
    for loss in losses:
        held = {
            (one["device"], one["epoch"], one["number"])
            for one in truths
            if one["wanted"]
            and (one["device"], one["epoch"]) == (loss["device"], loss["epoch"])
            and loss["from_number"] <= one["number"] <= loss["to_number"]
        }
        assert len(held) == loss["changes"], loss
        found.update(dict.fromkeys(held, loss["reason"]))
    return found


def main(uplink, truth_file=None, verdict_file=None) -> int:
    with open(uplink, encoding="ascii") as file:
        try:
            counts = count(file)
        except OtherLayout as why:
            print(why, file=sys.stderr)
            return 2
    said = counts.pop("said")
    differ = False
    if truth_file is not None:
        with open(truth_file, encoding="ascii") as file:
            truths = [json.loads(line) for line in file]
        missing = never_said(truths, said)
        counts["never_said"] = missing
        if verdict_file is not None:
            with open(verdict_file, encoding="utf-8") as file:
                reasons = named(truths, json.load(file)["losses"])
            passed = {key: reasons[key] for key in sorted(reasons.keys() - set(missing))}
            counts["not_named"] = sorted(set(missing) - reasons.keys())
            counts["named_but_passed"] = list(passed)
            counts["named"] = len(reasons)
            differ = bool(counts["not_named"]) or any("observer" not in reason for reason in passed.values())
    json.dump(counts, sys.stdout)
    return int(differ)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
