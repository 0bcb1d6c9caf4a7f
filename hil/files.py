"""The files of hardware in the loop (faults, suites, gateways) are read as maps of devices are."""

from device_emulators.faces.documents import (
    Document,
    FileError,
    FileFinding,
    Path_,
    checked,
    parse_document,
    read_document,
)

__all__ = ["Document", "FileError", "FileFinding", "Path_", "checked", "parse_document", "read_document"]
