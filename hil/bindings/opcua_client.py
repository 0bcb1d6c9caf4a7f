"""OPC UA as a client: one connection to a server, kept up with back-off, and used by all devices behind it."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self, TypeVar

from asyncua import Client, ua
from asyncua.crypto.security_policies import SecurityPolicyBasic256Sha256

from hil.keys import CLIENT_URI

_logger = logging.getLogger(__name__)

T = TypeVar("T")


class OpcuaLinkError(Exception):
    """There is no connection, or no answer in time."""


class OpcuaAnswerError(Exception):
    """The server answers that it will not; `name` is that of the status code, as BadInvalidState."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(f"{message}: {name}")
        self.name = name


@dataclass(frozen=True)
class OpcuaLogin:
    """How to log in: signed and encrypted (Basic256Sha256) when there is a certificate."""

    certificate: Path | None = None  # of this client, .pem or .der
    private_key: Path | None = None
    server_certificate: Path | None = None  # the one that the server must have; none: whichever it shows
    user: str | None = None
    password: str | None = field(default=None, repr=False)


class OpcuaClient:
    """A connection from `start` to `close` (also `async with`), made anew whenever it is lost.

    What `on_connect` names is awaited after each connection, before `connected`: to find nodes, to subscribe. Waits
    double from `first_wait` to `longest_wait` seconds.
    """

    def __init__(
        self,
        url: str,
        login: OpcuaLogin | None = None,
        *,
        timeout_s: float = 4.0,
        first_wait_s: float = 0.2,
        longest_wait_s: float = 30.0,
        on_state: Callable[[bool], None] | None = None,
    ) -> None:
        self.url = url
        self.connections = 0
        self.on_connect: list[Callable[[Client], Awaitable[None]]] = []
        self._login = login or OpcuaLogin()
        self._timeout_s = timeout_s
        self._first_wait_s = first_wait_s
        self._longest_wait_s = longest_wait_s
        self._on_state = on_state or (lambda connected: None)
        self._client: Client | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._up = asyncio.Event()
        self._down = asyncio.Event()

    async def start(self) -> None:
        """Begin to connect; `wait_connected` says when it is done."""
        if self._keeper is None:
            self._keeper = asyncio.create_task(self._keep_connected())

    async def close(self) -> None:
        """Disconnect for good."""
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)
            self._keeper = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    @property
    def connected(self) -> bool:
        return self._up.is_set()

    async def wait_connected(self) -> None:
        """Return as soon as the connection is up."""
        await self._up.wait()

    async def ask(self, request: Callable[[Client], Awaitable[T]]) -> T:
        """Ask the server something. OpcuaLinkError; for a command: perhaps done, perhaps not. OpcuaAnswerError."""
        if self._client is None or not self.connected:
            raise OpcuaLinkError(f"not connected to {self.url}")
        try:
            return await asyncio.wait_for(request(self._client), self._timeout_s)
        except ua.UaStatusCodeError as error:
            name = ua.StatusCode(error.code).name
            if name.startswith(("BadConnection", "BadSecureChannel", "BadSession", "BadCommunication")):
                self._down.set()
                raise OpcuaLinkError(f"{self.url}: {name}") from error
            raise OpcuaAnswerError(name, self.url) from error
        except (OSError, TimeoutError, ua.UaError) as error:
            raise OpcuaLinkError(f"{self.url}: {error or type(error).__name__}") from error

    # --- the connection -----------------------------------------------------------------------------------------------

    async def _keep_connected(self) -> None:
        wait, told = self._first_wait_s, False
        while True:
            self._down.clear()
            try:
                await self._connect_once()
                wait, told = self._first_wait_s, False
            except (OSError, TimeoutError, ua.UaError, OpcuaAnswerError, OpcuaLinkError) as error:
                if not told:
                    _logger.warning("no connection to %s: %s", self.url, error or type(error).__name__)
                told = True
            await asyncio.sleep(wait)
            wait = min(2 * wait, self._longest_wait_s)

    async def _connect_once(self) -> None:
        """One connection, until it is lost."""
        client = await self._new_client()
        await client.connect()
        try:
            for prepare in self.on_connect:
                await prepare(client)
            self._client = client
            self.connections += 1
            self._up.set()
            self._on_state(True)
            await self._down.wait()
        finally:
            self._client = None
            if self._up.is_set():
                self._up.clear()
                self._on_state(False)
            with contextlib.suppress(OSError, TimeoutError, ua.UaError):
                await client.disconnect()

    async def _new_client(self) -> Client:
        client = Client(self.url, timeout=self._timeout_s)
        client.application_uri = CLIENT_URI
        client.connection_lost_callback = self._lost
        login = self._login
        if login.user is not None:
            client.set_user(login.user)
            client.set_password(login.password or "")
        if login.certificate is not None and login.private_key is not None:
            await client.set_security(
                SecurityPolicyBasic256Sha256,
                certificate=str(login.certificate),
                private_key=str(login.private_key),
                server_certificate=None if login.server_certificate is None else str(login.server_certificate),
                mode=ua.MessageSecurityMode.SignAndEncrypt,
            )
        return client

    async def _lost(self, _: Any) -> None:
        self._down.set()
