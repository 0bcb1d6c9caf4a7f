"""Who may connect to the OPC UA server, and under which policies."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from asyncua import Server, ua
from asyncua.crypto.permission_rules import User, UserRole
from asyncua.crypto.uacrypto import load_certificate
from asyncua.server.user_managers import UserManager
from asyncua.ua.uaerrors import BadCertificateUntrusted
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import Certificate

from device_emulators.faces.addresses import AddressError, is_loopback
from device_emulators.faces.users import may_log_in


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
        allowed = may_log_in(self._users, username or "", password or "")
        return User(role=UserRole.User, name=username) if allowed else None


async def secure(server: Server, security: OpcuaSecurity, host: str) -> None:
    """Set policies, users and trust of a server that is not started yet. AddressError as of `OpcuaSecurity.check`."""
    security.check(host)
    server.iserver.set_user_manager(_Users(security.users))
    policies = []
    if security.certificate is not None and security.private_key is not None:
        server.iserver.certificate = await _certificate(security.certificate)
        try:
            content = security.private_key.read_bytes()
            await server.load_private_key(content, format=_format(content))
        except ValueError:
            raise AddressError(f"{security.private_key} is no private key without a password, PEM or DER") from None
        policies.append(ua.SecurityPolicyType.Basic256Sha256_SignAndEncrypt)
    if security.insecure or is_loopback(host):
        policies.append(ua.SecurityPolicyType.NoSecurity)
    server.set_security_policy(policies)
    server.set_identity_tokens([ua.UserNameIdentityToken] if security.users else [ua.AnonymousIdentityToken])
    if security.trusted:
        trusted = frozenset([(await _certificate(path)).public_bytes(Encoding.DER) for path in security.trusted])

        async def validate(certificate: Any, _: Any) -> None:
            if certificate.public_bytes(Encoding.DER) not in trusted:
                raise BadCertificateUntrusted

        server.iserver.certificate_validator = validate


async def _certificate(path: Path) -> Certificate:
    content = path.read_bytes()
    try:
        certificate: Certificate = await load_certificate(content, _format(content))
    except ValueError:
        raise AddressError(f"{path} is no certificate, PEM or DER") from None
    return certificate


def _format(content: bytes) -> str:
    return "pem" if content.lstrip().startswith(b"-----") else "der"
