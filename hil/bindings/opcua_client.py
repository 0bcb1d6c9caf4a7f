"""OPC UA as a client: one connection to a server, kept up with back-off, and used by all devices behind it."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from asyncua import Client, ua
from asyncua.crypto.security_policies import SecurityPolicyBasic256Sha256

from hil.bindings.connection import USUAL_BACK_OFF, AnswerError, BackOff, Connection, LinkError
from hil.keys import CLIENT_URI

# Its warnings would appear at every try, also where a program logs what it does; they come as errors, too.
for _name in ("asyncua", "asyncuagds"):
    logging.getLogger(_name).setLevel(logging.CRITICAL)

T = TypeVar("T")


@dataclass(frozen=True)
class OpcuaLogin:
    """How to log in: signed and encrypted (Basic256Sha256) when there is a certificate."""

    certificate: Path | None = None  # of this client, .pem or .der
    private_key: Path | None = None
    server_certificate: Path | None = None  # the one that the server must have; none: whichever it shows
    user: str | None = None
    password: str | None = field(default=None, repr=False)


class OpcuaClient(Connection):
    """What `on_connect` names is awaited after each connection, before `connected`: to find nodes, to subscribe."""

    def __init__(
        self,
        url: str,
        login: OpcuaLogin | None = None,
        *,
        timeout_s: float = 4.0,
        back_off: BackOff | None = None,
        on_state: Callable[[bool], None] | None = None,
    ) -> None:
        super().__init__(url, back_off or USUAL_BACK_OFF, on_state)
        self.url = url
        self.on_connect: list[Callable[[Client], Awaitable[None]]] = []
        self._login = login or OpcuaLogin()
        self._timeout_s = timeout_s
        self._client: Client | None = None

    async def ask(self, request: Callable[[Client], Awaitable[T]]) -> T:
        """Ask the server something. LinkError; for a command: perhaps done, perhaps not. AnswerError."""
        if self._client is None or not self.connected:
            raise LinkError(f"not connected to {self.url}")
        try:
            async with asyncio.timeout(self._timeout_s):
                return await request(self._client)
        except ua.UaStatusCodeError as error:
            name = ua.StatusCode(error.code).name
            if name.startswith(("BadConnection", "BadSecureChannel", "BadSession", "BadCommunication")):
                self._lost()
                raise LinkError(f"{self.url}: {name}") from error
            raise AnswerError(name, f"{self.url}: {name}") from error
        except Exception as error:  # of any kind: what a server sends can make asyncua fail in many ways
            raise LinkError(f"{self.url}: {str(error) or type(error).__name__}") from error

    # --- the connection -----------------------------------------------------------------------------------------------

    async def _open(self) -> None:
        try:
            self._client = await self._new_client()
            await self._client.connect()
            for prepare in self.on_connect:
                await prepare(self._client)
        except Exception as error:
            raise LinkError(str(error) or type(error).__name__) from error

    async def _shut(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            with contextlib.suppress(Exception):
                await client.disconnect()

    async def _new_client(self) -> Client:
        client = Client(self.url, timeout=self._timeout_s)
        client.application_uri = CLIENT_URI
        client.connection_lost_callback = self._connection_lost
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

    async def _connection_lost(self, _: Any) -> None:
        self._lost()
