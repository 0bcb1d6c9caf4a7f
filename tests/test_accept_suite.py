"""Suites: those that come along, and what is said of a wrong one. The page, and the observer of posts."""

import asyncio
import re
from pathlib import Path

import pytest

from device_emulators.faces.documents import FileError
from hil.accept.criteria import Criteria
from hil.accept.extract import Extractor, Layout
from hil.accept.judging import judge
from hil.accept.observers import HttpObserver
from hil.accept.page import render_page
from hil.accept.suite_file import read_suite
from hil.accept.verdict import conclude
from hil.faults.plan import make_plan
from hil.suites import suite_file, suite_names
from tests.accept_histories import FATES, RULES, Known


@pytest.mark.parametrize("name", suite_names())
def test_the_suites_that_come_along_are_good(name: str) -> None:
    suite = read_suite(suite_file(name))
    assert suite.name == name
    plan = make_plan(suite.faults, suite.duration)
    assert plan[-1].end_ms + suite.settle <= suite.duration or name == "soak"


def test_there_are_three_of_them() -> None:
    assert suite_names() == ("outages", "smoke", "soak")
    with pytest.raises(KeyError):
        suite_file("../smoke")


GOOD = """name: mine
duration: 1 min
devices:
  - {name: tank, type: tank}
"""


def findings(tmp_path: Path, text: str) -> list[str]:
    file = tmp_path / "suite.yaml"
    file.write_text(text)
    with pytest.raises(FileError) as caught:
        read_suite(file)
    return [re.sub(r".*suite\.yaml", "suite.yaml", str(finding)) for finding in caught.value.findings]


def test_a_small_suite_is_enough(tmp_path: Path) -> None:
    file = tmp_path / "suite.yaml"
    file.write_text(GOOD)
    suite = read_suite(file)
    assert suite.devices[0].names == ("tank",)
    assert suite.observer.extractor(0).filter == "plant/+/+"


@pytest.mark.parametrize(
    ("more", "line", "message"),
    [
        ("colour: red", 5, "colour: is not known here"),
        ("settle: 0 s", 5, "settle: the value is zero"),
        ("faults: {faults: [{at: 1 s, for: 1 s, link: up, fault: refuse}]}", 5, "there is no link 'up'"),
        ("faults: {faults: [{at: 1 s, for: 1 s, device: x, fault: silent}]}", 5, "there is no device 'x'"),
        ("faults: {faults: [{at: 2 min, for: 1 s, link: uplink, fault: refuse}]}", 5, "no fault begins before"),
        ("gateway: null\nfaults: {faults: [{at: 1 s, process: gateway, fault: kill}]}", 6, "does not run the gateway"),
        (
            (
                "  - {name: t, type: tank, protocol: opcua}\n"
                "faults: {faults: [{at: 1 s, for: 1 s, device: t, fault: stray}]}"
            ),
            6,
            "stray is a fault of answers over Modbus",
        ),
        ("broker: {kind: url}", 5, "`kind: url` needs the broker's `url`, such as"),
        ("broker: {url: 'mqtt://x'}", 5, "`url` belongs to `kind: url`"),
        ("criteria: {lots: 0}", 5, "criteria.lots: is not known here; there are lost, lost_between, not_readable"),
        ("observer: {mqtt: {topic: '{device}', vale: $.v}}", 5, "vale: is not known here; there are topic, each,"),
        ("gateway: {command: run}", 5, "gateway.command: expected a list of texts"),
        ("gateway: {command: [run, '{mqtt_ulr}']}", 5, "there is nothing to stand for {mqtt_ulr}; there are python"),
        ("gateway: {environment: {URL: '${HOME} {x}'}}", 5, "there is nothing to stand for {x}"),
        ("faults: {faults: [x]}", 5, "faults.faults.0: expected settings, KEY: VALUE"),
        ("seed: many", 5, "seed: expected a whole number"),
        ("scenario: {file: hil}", 1, "either `devices` or a `scenario`, and both"),
        ("observer: {}", 5, "say one of `mqtt`"),
        ("observer: {http: {topic: 'up/{device}', value: x}}", 5, "is no JSON path"),
        ("criteria: {lost: many}", 5, "expected a whole number"),
        ("  - {name: tank, type: tank}", 5, "the device 'tank' is given twice"),
        ("  - {name: tnk, type: tnk}", 5, "there is no type 'tnk'"),
        ("  - {name: t2, type: tank, signals: [colour]}", 5, "has no signal 'colour'"),
        ("  - {name: many, type: tank, count: 200}", 3, "201 devices are too many"),
        ("  - {name: a/b, type: tank}", 5, "should match pattern"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(tmp_path: Path, more: str, line: int, message: str) -> None:
    (found,) = findings(tmp_path, GOOD + more + "\n")
    assert message in found
    assert found.startswith(f"suite.yaml:{line}: ")


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="cannot be read"):
        read_suite(tmp_path / "none.yaml")


def test_the_page_shows_everything_and_trusts_nothing() -> None:
    known = Known(counters=True, names=True)
    for fate in FATES:
        known.episode("<script>alert(1)</script>", fate, 100)
    verdict = conclude("<b>suite", judge(known.history(), RULES), Criteria(), ["port & taken"], ["uplink.jsonl"])
    page = render_page(verdict)
    assert "<script" not in page
    assert "<b>suite" not in page
    assert "&lt;script&gt;" in page
    assert not re.search('(?:src|href)=(?!"data:)', page)
    for word in ("rig failed", "port &amp; taken", "lost by the gateway", "came back", "missed", "uplink.jsonl"):
        assert word in page
    assert page.count("<rect") < 20 * len(FATES)


def test_a_page_of_a_long_run_stays_small() -> None:
    known = Known(counters=True, names=True)
    for number in range(2000):
        known.episode(f"m-{number % 5}", "plain", 100)
    assert len(render_page(conclude("long", judge(known.history(), RULES), Criteria()))) < 1_000_000


# --- posts ---------------------------------------------------------------------------------------------------------


class Clock:
    def now_ms(self) -> int:
        return 42


LAYOUT = Layout(topic="up/{device}", signal="$.s", value="$.v", number="$.n")


def posted(*requests: bytes) -> tuple[list[tuple[object, ...]], bytes]:
    async def run() -> tuple[list[tuple[object, ...]], bytes]:
        observer = HttpObserver(Extractor(LAYOUT, 0), Clock())
        await observer.start()
        reader, writer = await asyncio.open_connection("127.0.0.1", observer.port)
        for request in requests:
            writer.write(request)
        writer.write_eof()
        answers = await asyncio.wait_for(reader.read(), 5)
        writer.close()
        await writer.wait_closed()
        await observer.stop()
        return [report[:4] for report in observer.reports], answers

    return asyncio.run(run())


def post(target: str, body: bytes, more: str = "") -> bytes:
    return f"POST {target} HTTP/1.1\r\nContent-Length: {len(body)}\r\n{more}\r\n".encode() + body


def test_posts_are_taken_one_after_the_other() -> None:
    body = b'{"s":"level","v":5,"n":1}'
    reports, answers = posted(post("/up/tank", body), post("/up/tank?x=1", body), b"GET / HTTP/1.1\r\n\r\n")
    assert reports == [("tank", "level", 5, 1)] * 2
    assert re.findall(rb"HTTP/1.1 (\d+)", answers) == [b"204", b"204", b"405"]


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (post("/up/tank", b"nonsense"), [b"422"]),
        (post("/elsewhere", b"{}"), [b"422"]),
        (b"POST /up/tank HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", [b"411"]),
        (b"POST /up/tank HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n", [b"411"]),
        (b"POST /up/tank HTTP/1.1\r\nContent-Length: -1\r\n\r\n", [b"411"]),
        (b"POST /up/tank HTTP/1.1\r\nContent-Length: x\r\n\r\n", []),
        (b"nonsense\r\n\r\n", []),
        (b"x" * 40_000, []),
        (post("/up/tank", b"{}", "Expect: 100-continue\r\n"), [b"100", b"204"]),
    ],
)
def test_posts_that_cannot_be_are_refused(request_bytes: bytes, status: list[bytes]) -> None:
    _, answers = posted(request_bytes)
    assert re.findall(rb"HTTP/1.1 (\d+)", answers) == status


def test_settings_of_a_suite_can_be_overridden() -> None:
    settings = ["duration=20min", "devices.0.count=3", "criteria={lost: 2}", "gateway.settings.poll_ms=200"]
    suite = read_suite(suite_file("soak"), settings)
    assert (suite.duration, suite.devices[0].names[-1], str(suite.criteria.lost)) == (1_200_000, "vending-3", "2")
    assert str(suite.criteria.invented) == "0"  # what is not named stays
    assert suite.gateway is not None
    assert suite.gateway.settings == {"poll_ms": 200}
    assert read_suite(suite_file("smoke"), ["gateway=", "faults={seed: 9, faults: []}"]).gateway is None


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("duration=long", "--set duration: 'long' is not a duration"),
        ("faults={colour: red}", "--set faults: faults.colour: is not known here"),
        ("devices.9.count=3", "--set devices.9.count: '9' is no place in a list of 4"),
        ("name.x=3", "--set name.x: there is nothing below name, which is 'soak'"),
        ("duration", "--set duration: this is not PATH=VALUE"),
        ("name={", "--set name:1: "),
    ],
)
def test_an_override_that_cannot_be_is_said(setting: str, message: str) -> None:
    with pytest.raises(FileError) as caught:
        read_suite(suite_file("soak"), [setting])
    assert str(caught.value.findings[0]).startswith(message)


@pytest.mark.parametrize(
    ("listen", "message"),
    [
        ("{host: 0.0.0.0}", "is every address; say the one"),
        ("{host: plant}", "is not an IPv4 address"),
        ("{device: 1502, uplink: 1502}", "two links cannot have the same port"),
        ("{device: 70000}", "less than or equal to 65535"),
    ],
)
def test_where_links_cannot_listen_is_told(tmp_path: Path, listen: str, message: str) -> None:
    (found,) = findings(tmp_path, GOOD + f"listen: {listen}\n")
    assert message in found


def test_the_gateway_may_lie_beside_its_suite(tmp_path: Path) -> None:
    file = tmp_path / "suite.yaml"
    file.write_text(GOOD + "gateway: {command: [bin/run, bin/run]}\n")
    gateway = read_suite(file).gateway
    assert gateway is not None
    assert gateway.command == ("bin/run", "bin/run")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "run").touch()
    gateway = read_suite(file).gateway
    assert gateway is not None
    assert gateway.command == (str(tmp_path / "bin" / "run"), "bin/run")
