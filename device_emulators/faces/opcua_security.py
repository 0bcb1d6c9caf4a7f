"""Who may connect to the OPC UA server, and under which policies."""

import hashlib
import hmac
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from asyncua import Server, ua
from asyncua.crypto.permission_rules import User, UserRole
from asyncua.crypto.uacrypto import load_certificate
from asyncua.server.user_managers import UserManager
from asyncua.ua.uaerrors import BadCertificateUntrusted
from cryptography.hazmat.primitives.serialization import Encoding

from device_emulators.faces.addresses import AddressError, is_loopback

_COST: Final = {"n": 2**11, "r": 8, "p": 1}  # about 5 ms: a login must not hold up the loop for longer


def hashed_password(password: str, salt: bytes | None = None) -> str:
    """A password as a users file keeps it: `salt$hash`, both hexadecimal (scrypt, RFC 7914)."""
    salt = os.urandom(16) if salt is None else salt
    return f"{salt.hex()}${hashlib.scrypt(password.encode(), salt=salt, **_COST).hex()}"


def read_users(path: Path) -> dict[str, str]:
    """Names and hashed passwords of a users file, lines of `name:salt$hash`. AddressError: it is none."""
    users = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        name, _, kept = line.partition(":")
        salt, _, digest = kept.partition("$")
        try:
            whole = bool(name) and len(bytes.fromhex(salt)) >= 16 and len(bytes.fromhex(digest)) == 64
        except ValueError:
            whole = False
        if not whole:
            raise AddressError(f"{path}:{number}: expected name:salt$hash, as `mro-twin hil keys --user` writes it")
        users[name] = kept
    return users


@dataclass(frozen=True)
class OpcuaSecurity:
    """How a server protects itself. Without a certificate it offers no security, which is for loopback only."""

    certificate: Path | None = None  # of the server, PEM or DER
    private_key: Path | None = None
    users: Mapping[str, str] = field(default_factory=dict, repr=False)  # name -> hashed password; none: anybody
    trusted: tuple[Path, ...] = ()  # client certificates that are let in; none: any
    insecure: bool = False  # offer no security on any address

    @property
    def protected(self) -> bool:
        """There is a certificate, so that what passes can be signed and encrypted."""
        return self.certificate is not None and self.private_key is not None

    def check(self, host: str) -> None:
        """AddressError unless listening at `host` is all right."""
        if (self.certificate is None) != (self.private_key is None):
            raise AddressError("a certificate needs its private key and the other way round")
        if is_loopback(host) or self.insecure:
            return
        if not self.protected:
            raise AddressError(
                f"OPC UA without security would be open to the network at {host}: give a certificate "
                "(`mro-twin hil keys`), listen at 127.0.0.1, or say --insecure"
            )
        if not self.users:
            raise AddressError(f"OPC UA at {host} needs user names (`mro-twin hil keys --user NAME`), or --insecure")


class _Users(UserManager):
    """Lets in whom the settings name, never as an administrator of the server."""

    def __init__(self, users: Mapping[str, str]) -> None:
        self._users = users

    def get_user(
        self, iserver: Any, username: str | None = None, password: str | None = None, certificate: Any = None
    ) -> User | None:
        if not self._users:
            return User(role=UserRole.User, name=username)
        kept = self._users.get(username or "", f"{'00' * 16}$")
        given = hashed_password(password or "", bytes.fromhex(kept.partition("$")[0]))
        return User(role=UserRole.User, name=username) if hmac.compare_digest(given, kept) else None


async def secure(server: Server, security: OpcuaSecurity, host: str) -> None:
    """Set policies, users and trust of a server that is not started yet. AddressError as of `OpcuaSecurity.check`."""
    security.check(host)
    server.iserver.set_user_manager(_Users(security.users))
    policies = []
    if security.certificate is not None and security.private_key is not None:
        await server.load_certificate(security.certificate)
        await server.load_private_key(security.private_key)
        policies.append(ua.SecurityPolicyType.Basic256Sha256_SignAndEncrypt)
    if security.insecure or is_loopback(host):
        policies.append(ua.SecurityPolicyType.NoSecurity)
    server.set_security_policy(policies)
    server.set_identity_tokens([ua.UserNameIdentityToken] if security.users else [ua.AnonymousIdentityToken])
    if security.trusted:
        trusted = frozenset([(await load_certificate(path)).public_bytes(Encoding.DER) for path in security.trusted])

        async def validate(certificate: Any, _: Any) -> None:
            if certificate.public_bytes(Encoding.DER) not in trusted:
                raise BadCertificateUntrusted

        server.iserver.certificate_validator = validate
