"""Generates sparkplug_pb2.py and .pyi from sparkplug.proto: `python -m device_emulators.faces.sparkplug_generate`.

Needs grpcio-tools, which nothing else here does.
"""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

HERE = Path(__file__).parent
_HEAD = "# ruff: noqa\n# fmt: off\n"


def generated() -> dict[str, str]:
    """File names and contents, as they should be. ImportError: there is no grpcio-tools."""
    from grpc_tools import protoc

    with TemporaryDirectory() as folder:
        code = protoc.main(
            ["protoc", f"-I{HERE}", f"--python_out={folder}", f"--pyi_out={folder}", str(HERE / "sparkplug.proto")]
        )
        if code:
            raise RuntimeError(f"protoc ended with exit code {code}")
        return {path.name: _HEAD + path.read_text(encoding="utf-8") for path in sorted(Path(folder).iterdir())}


def main() -> int:
    """Write them beside the definition."""
    for name, content in generated().items():
        (HERE / name).write_text(content, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
