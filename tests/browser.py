"""Drives a real Chromium over its debugging pipe (two file descriptors, no socket): opens a page, asks it questions."""

import base64
import json
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
TIMEOUT_SECONDS = 60.0


def find_browser() -> str | None:
    """The path of a browser on this machine; the environment variable CHROMIUM names another."""
    named = os.environ.get("CHROMIUM")
    return next((path for name in ([named] if named else NAMES) if (path := shutil.which(name))), None)


class Browser:
    """One running browser with one page. `messages` has everything that it reported by itself."""

    def __init__(self, commands: int, answers: int) -> None:
        self._commands, self._answers = commands, answers
        self._number = 0
        self._rest = b""
        self.messages: list[dict[str, Any]] = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.page(f"{domain}.enable")

    def call(self, method: str, session: str | None = None, **parameters: Any) -> dict[str, Any]:
        """A command of the DevTools protocol and its result."""
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        os.write(self._commands, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._read()
            if answer.get("id") == self._number:
                assert "error" not in answer, answer
                return dict(answer["result"])
            self.messages.append(answer)

    def page(self, method: str, **parameters: Any) -> dict[str, Any]:
        return self.call(method, self._session, **parameters)

    def open(self, url: str, width: int, height: int = 800, dark: bool = False, media: str = "") -> None:
        """Open a page in a window of the given size and wait until it is loaded."""
        self.messages.clear()
        self.page(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.page("Emulation.setEmulatedMedia", media=media, features=[scheme])
        self.page("Page.navigate", url=url)
        end = time.monotonic() + TIMEOUT_SECONDS
        while not any(one.get("method") == "Page.loadEventFired" for one in self.messages):
            assert time.monotonic() < end, "the page was not loaded in time"
            self.messages.append(self._read())

    def ask(self, expression: str) -> Any:
        """The value of a JavaScript expression in the page."""
        result = self.page("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def complaints(self) -> list[str]:
        """Errors and warnings that the page caused since it was opened."""
        self.ask("1")  # what was reported before the answer has been read then
        found = [json.dumps(one["params"]) for one in self.messages if one.get("method") == "Runtime.exceptionThrown"]
        entries = [one["params"]["entry"] for one in self.messages if one.get("method") == "Log.entryAdded"]
        found += [entry["text"] for entry in entries if entry["level"] in ("warning", "error")]
        calls = [one["params"] for one in self.messages if one.get("method") == "Runtime.consoleAPICalled"]
        return found + [json.dumps(call) for call in calls]

    def requests(self) -> list[str]:
        """Addresses that the page asked for since it was opened."""
        self.ask("1")
        sent = [one["params"] for one in self.messages if one.get("method") == "Network.requestWillBeSent"]
        return [one["request"]["url"] for one in sent]

    def screenshot(self, file: Path) -> None:
        """The whole page as a PNG."""
        data = self.page("Page.captureScreenshot", captureBeyondViewport=True)["data"]
        file.write_bytes(base64.b64decode(data))

    def _read(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            part = os.read(self._answers, 1 << 16)
            assert part, "the browser has gone"
            self._rest += part
        message, self._rest = self._rest.split(b"\0", 1)
        return dict(json.loads(message))


@contextmanager
def running(path: str) -> Iterator[Browser]:
    """A browser that is ended with the block; its profile goes with it."""
    to_read, commands = os.pipe()
    answers, to_write = os.pipe()
    profile = tempfile.mkdtemp(prefix="browser-")
    arguments = [path, "--headless=new", "--remote-debugging-pipe", f"--user-data-dir={profile}", "--disable-gpu"]
    arguments += ["--no-first-run", "--disable-extensions", "--disable-background-networking", "--hide-scrollbars"]
    arguments += ["--no-sandbox"] if os.geteuid() == 0 else []  # Chromium refuses root otherwise
    silent = os.open(os.devnull, os.O_WRONLY)
    # the browser reads commands from descriptor 3 and answers on 4; copies keep both free while they are moved there
    moved = [os.dup2(one, 100 + place, inheritable=True) for place, one in enumerate((to_read, to_write))]
    actions = [(os.POSIX_SPAWN_DUP2, silent, 1), (os.POSIX_SPAWN_DUP2, silent, 2)]
    actions += [(os.POSIX_SPAWN_DUP2, one, 3 + place) for place, one in enumerate(moved)]
    process = os.posix_spawn(path, arguments, os.environ, file_actions=actions, setpgroup=0)
    for one in (to_read, to_write, silent, *moved):
        os.close(one)
    signal.signal(signal.SIGALRM, _too_slow)
    signal.alarm(int(4 * TIMEOUT_SECONDS))
    try:
        yield Browser(commands, answers)
    finally:
        signal.alarm(0)
        with suppress(ProcessLookupError):
            os.killpg(process, signal.SIGKILL)
        os.waitpid(process, 0)
        os.close(commands)
        os.close(answers)
        shutil.rmtree(profile, ignore_errors=True)


def _too_slow(*_: object) -> None:
    raise TimeoutError("the browser did not answer in time")
