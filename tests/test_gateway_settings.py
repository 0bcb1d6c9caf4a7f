"""Settings of the gateways that come along: what is wrong is told, and secrets are not."""

import re
from pathlib import Path

import pytest

from device_emulators.faces.documents import FileError
from hil.gateways.settings import Settings, read_settings

GOOD = """mqtt_url: mqtt://127.0.0.1:1883
devices:
  - {name: tank, type: tank, unit: 1}
"""


def settings(folder: Path, text: str) -> Settings:
    file = folder / "gateway.yaml"
    file.write_text(text)
    return read_settings(file)


def test_a_login_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("open sesame\nmore\n")
    text = GOOD.replace("mqtt://", "mqtt://me@") + f"mqtt_password_file: {tmp_path / 'password'}\n"
    broker = settings(tmp_path, text).broker
    assert (broker.user, broker.password, broker.tls) == ("me", "open sesame", False)
    assert "sesame" not in repr(settings(tmp_path, text)) + str(broker) + repr(broker)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("mqtt://127.0.0.1:1883", "http://x", "begins with mqtt:// or mqtts://"),
        ("mqtt://127.0.0.1:1883", "mqtt://me:sesame@x", "a password does not belong into a URL"),
        (", unit: 1", "", "a device without `unit` needs `opcua_url`"),
        ("devices:", "mqtt_password_file: /none\ndevices:", "mqtt_password_file: No such file"),
        ("devices:", "opcua_url: http://x\ndevices:", "should match pattern"),
        ("type: tank", "type: tnk", "there is no type 'tnk'"),
    ],
)
def test_what_is_wrong_is_told(tmp_path: Path, old: str, new: str, message: str) -> None:
    with pytest.raises(FileError, match=re.escape(message)) as caught:
        settings(tmp_path, GOOD.replace(old, new))
    assert "sesame" not in str(caught.value)
