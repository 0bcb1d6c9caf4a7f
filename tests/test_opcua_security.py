"""Keys made by `mro-twin hil keys`, and who gets in with them."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from asyncua import Client, ua
from asyncua.crypto.security_policies import SecurityPolicyBasic256Sha256
from click.testing import CliRunner
from cryptography import x509

from device_emulators.faces.addresses import AddressError
from device_emulators.faces.host import Host
from device_emulators.faces.opcua_nodes import plain_nodes
from device_emulators.faces.opcua_security import OpcuaSecurity
from device_emulators.faces.opcua_server import OpcuaServer
from device_emulators.faces.users import hashed_password, read_users
from hil.keys import CLIENT_URI, KeysError, make_keys, set_user
from mro_twin.cli import cli
from tests.device_samples import all_devices
from tests.opcua_rig import ORIGIN

PASSWORD = "three brown foxes"


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bench") / "keys"
    result = CliRunner().invoke(cli, ["hil", "keys", str(folder)])
    assert result.exit_code == 0, result.output
    assert len(result.output.splitlines()) == 8
    result = CliRunner().invoke(
        cli, ["hil", "keys", str(folder), "--user", "operator"], env={"MRO_TWIN_PASSWORD": PASSWORD}
    )
    assert result.exit_code == 0, result.output
    return folder


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture(scope="module")
def server(runner: asyncio.Runner, keys: Path) -> Iterator[OpcuaServer]:
    security = OpcuaSecurity(
        certificate=keys / "opcua-server.pem",
        private_key=keys / "opcua-server-key.pem",
        users=read_users(keys / "users"),
        trusted=(keys / "opcua-client.pem",),
    )

    async def start() -> OpcuaServer:
        server = OpcuaServer("opc.tcp://127.0.0.1:0", ORIGIN, security=security)
        host = Host("tank", all_devices()["tank"])
        await server.add(host, plain_nodes(host.signals))
        await server.start()
        return server

    made = runner.run(start())
    yield made
    runner.run(made.stop())


async def sequence(server: OpcuaServer, keys: Path | None, user: str = "", password: str = "") -> int:
    client = Client(server.url, timeout=10)
    client.application_uri = CLIENT_URI
    if user:
        client.set_user(user)
        client.set_password(password)
    if keys is not None:
        await client.set_security(
            SecurityPolicyBasic256Sha256,
            certificate=str(keys / "opcua-client.pem"),
            private_key=str(keys / "opcua-client-key.pem"),
            server_certificate=str(keys.parent / "keys" / "opcua-server.pem"),
            mode=ua.MessageSecurityMode.SignAndEncrypt,
        )
    async with client:
        value = await client.get_node("ns=2;s=tank/Sequence").read_value()
        assert isinstance(value, int)
        return value


def test_the_right_certificate_and_password_get_in(runner: asyncio.Runner, server: OpcuaServer, keys: Path) -> None:
    assert runner.run(sequence(server, keys, "operator", PASSWORD)) > 0


@pytest.mark.parametrize(("user", "password"), [("operator", "wrong"), ("nobody", PASSWORD), ("admin", ""), ("", "")])
def test_others_do_not(runner: asyncio.Runner, server: OpcuaServer, keys: Path, user: str, password: str) -> None:
    with pytest.raises(ua.UaError):
        runner.run(sequence(server, keys, user, password))


def test_an_unknown_certificate_does_not(
    runner: asyncio.Runner, server: OpcuaServer, keys: Path, tmp_path: Path
) -> None:
    make_keys(tmp_path)
    (tmp_path.parent / "keys").mkdir(exist_ok=True)
    (tmp_path.parent / "keys" / "opcua-server.pem").write_bytes((keys / "opcua-server.pem").read_bytes())
    with pytest.raises((ua.UaError, ConnectionError)):
        runner.run(sequence(server, tmp_path, "operator", PASSWORD))


def test_private_keys_and_users_are_for_their_owner_only(keys: Path) -> None:
    private = [*keys.glob("*-key.pem"), keys / "users"]
    assert len(private) == 5
    assert {path.stat().st_mode & 0o777 for path in private} == {0o600}
    assert PASSWORD not in (keys / "users").read_text()


def test_certificates_name_their_application_and_hosts(tmp_path: Path) -> None:
    make_keys(tmp_path, ["plant-7.example", "10.0.0.7", "::1"], days=30)
    certificate = x509.load_pem_x509_certificate((tmp_path / "opcua-server.pem").read_bytes())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.UniformResourceIdentifier) == ["urn:mro-twin:server"]
    assert names.get_values_for_type(x509.DNSName) == ["plant-7.example"]
    assert [str(address) for address in names.get_values_for_type(x509.IPAddress)] == ["10.0.0.7", "::1"]
    broker = x509.load_pem_x509_certificate((tmp_path / "broker.pem").read_bytes())
    broker.verify_directly_issued_by(x509.load_pem_x509_certificate((tmp_path / "ca.pem").read_bytes()))


def test_keys_are_never_overwritten(keys: Path) -> None:
    before = (keys / "ca-key.pem").read_bytes()
    result = CliRunner().invoke(cli, ["hil", "keys", str(keys)])
    assert result.exit_code == 2
    assert "already" in result.output
    assert (keys / "ca-key.pem").read_bytes() == before


@pytest.mark.parametrize("host", ["", "two words", "http://x", "user@host"])
def test_what_is_no_host(tmp_path: Path, host: str) -> None:
    with pytest.raises(KeysError, match="neither"):
        make_keys(tmp_path, [host])
    assert not list(tmp_path.iterdir())


def test_a_user_can_be_changed_and_a_broken_file_is_named(tmp_path: Path) -> None:
    users = tmp_path / "users"
    set_user(users, "a", "one")
    set_user(users, "b", "two")
    first = read_users(users)
    set_user(users, "a", "three")
    second = read_users(users)
    assert first["b"] == second["b"]
    assert first["a"] != second["a"]
    users.write_text("a:plain text password\n")
    with pytest.raises(AddressError, match="users:1: expected"):
        read_users(users)
    with pytest.raises(KeysError, match="colon"):
        set_user(tmp_path / "other", "a:b", "x")


def test_hashes_are_salted() -> None:
    assert hashed_password("x") != hashed_password("x")
    assert hashed_password("x", b"0" * 16) == hashed_password("x", b"0" * 16)


def test_off_loopback_security_must_be_whole(keys: Path) -> None:
    pair = {"certificate": keys / "opcua-server.pem", "private_key": keys / "opcua-server-key.pem"}
    OpcuaSecurity(**pair, users={"a": hashed_password("x")}).check("0.0.0.0")
    OpcuaSecurity(insecure=True).check("0.0.0.0")
    OpcuaSecurity().check("::1")
    with pytest.raises(AddressError, match="user names"):
        OpcuaSecurity(**pair).check("0.0.0.0")
    with pytest.raises(AddressError, match="private key"):
        OpcuaSecurity(certificate=pair["certificate"]).check("127.0.0.1")
