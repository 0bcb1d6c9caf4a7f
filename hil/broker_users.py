"""Lets users of a file log in to the embedded broker. Only the broker's own process imports this."""

from dataclasses import dataclass
from pathlib import Path

from amqtt.contexts import BaseContext
from amqtt.plugins.base import BaseAuthPlugin
from amqtt.session import Session

from device_emulators.faces.users import may_log_in, read_users


class UsersPlugin(BaseAuthPlugin):  # type: ignore[misc]  # amqtt has no types
    """Who names a user of the file, with the password, is let in."""

    def __init__(self, context: BaseContext) -> None:
        """AddressError: the file is none of users."""
        super().__init__(context)
        self._users = read_users(Path(self.config.file))

    async def authenticate(self, *, session: Session) -> bool:
        allowed: bool = may_log_in(self._users, session.username or "", session.password or "")
        return allowed

    @dataclass
    class Config:
        """How the broker's configuration names the file."""

        file: str = ""
