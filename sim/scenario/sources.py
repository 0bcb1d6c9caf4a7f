"""Reading the files of a scenario: bounded, inside its folder, decoded, hashed."""

import contextlib
import hashlib
import os
from difflib import get_close_matches
from pathlib import Path
from typing import Final

import scenarios
from sim.scenario.findings import Finding, Place, ScenarioError
from sim.scenario.merge import merge
from sim.scenario.ranges import expand_ranges
from sim.scenario.scenario import InputFile
from sim.scenario.tree import Tree, parse_yaml

LARGEST_SCENARIO_BYTES: Final = 2_000_000
LARGEST_TABLE_BYTES: Final = 1_000_000_000
TABLE_KEYS: Final = ("items_table", "stocking_table")
TABLES_WITHIN: Final = (("trace", "table"), ("sizing", "usage"))
"""Section and key of table paths that are not at the top."""

OF_THE_FILE: Final = ("name", "description", "notes", "base_variant", "variants", "comparison", "claims", "sizing")
"""What a variant that starts from another file has from its own: what it is called, and what it is compared with."""


class Sources:
    """The files one scenario is read from. Paths in it are relative to `folder` and may not lead out of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.inputs: dict[Path, InputFile] = {}

    def display(self, path: Path) -> str:
        """How messages name a file: relative to the current directory or the built-in scenarios when it lies below."""
        for folder in (Path.cwd(), Path(scenarios.__file__).parent):
            with contextlib.suppress(ValueError, OSError):
                return str(path.resolve().relative_to(folder.resolve()))
        return str(path)

    def inside(self, written: str, place: Place, setting: str) -> Path:
        """The path of a file named in the scenario; ScenarioError when it leads outside or there is no such file."""
        if not written.strip() or "\x00" in written:
            raise ScenarioError([Finding("this is not a file name", "", setting, place)])
        path = self.folder / written
        try:
            resolved = path.resolve()
            outside = not resolved.is_relative_to(self.folder.resolve())
        except (OSError, RuntimeError):
            raise ScenarioError([Finding(f"`{written}` cannot be resolved", "", setting, place)]) from None
        if outside or Path(written).is_absolute():
            hint = "put the file beside the scenario or in a folder below"
            raise ScenarioError([Finding(f"`{written}` leads outside the scenario's folder", hint, setting, place)])
        if not resolved.is_file():
            names = sorted(entry.name for entry in path.parent.iterdir()) if path.parent.is_dir() else []
            hint = f"there is {_nearest(path.name, names)}" if _nearest(path.name, names) else "check the name"
            raise ScenarioError([Finding(f"there is no file `{written}`", hint, setting, place)])
        return resolved

    def read(self, path: Path, limit: int, setting: str = "", place: Place | None = None) -> bytes:
        """The bytes of a file, noted as an input; ScenarioError when it cannot be read or is too large."""
        place = place or Place(self.display(path))
        try:
            if not path.is_file():
                kind = "a folder" if path.is_dir() else "no file"
                raise ScenarioError([Finding(f"this is {kind}", "give a scenario file", setting, place)])
            size = path.stat().st_size
            if size > limit:
                message = f"the file has {size / 1e6:,.1f} MB; at most {limit / 1e6:,.0f} MB are read"
                hint = "put large lists into a CSV or Parquet table" if limit == LARGEST_SCENARIO_BYTES else ""
                raise ScenarioError([Finding(message, hint, setting, Place(self.display(path)))])
            data = path.read_bytes()
        except OSError as error:
            reason = error.strerror or "unknown reason"
            raise ScenarioError([Finding(f"the file cannot be read: {reason.lower()}", "", setting, place)]) from None
        name = os.path.relpath(path, self.folder.resolve()).replace(os.sep, "/")
        self.inputs.setdefault(path, InputFile(name, path, hashlib.sha256(data).hexdigest()))
        return data

    def read_tree(self, path: Path, chain: tuple[Path, ...] = ()) -> Tree:
        """The tree of a scenario file, merged over the one it extends."""
        data = self.read(path, LARGEST_SCENARIO_BYTES)
        file = self.display(path)
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = data[: error.start].count(b"\n") + 1
            message, hint = "this is not YAML: it is not UTF-8 text", "save it with the encoding UTF-8"
            raise ScenarioError([Finding(message, hint, "", Place(file, line))]) from None
        tree = parse_yaml(text, file)
        if tree.value == {}:
            hint = "a scenario begins with `name: ...`; `mro-twin scenarios` lists some to start from"
            raise ScenarioError([Finding("the file is empty", hint, "", Place(file))])
        if not isinstance(tree.value, dict):
            raise ScenarioError([Finding("this is not a scenario", "it begins with `name: ...`", "", Place(file, 1))])
        tree = expand_ranges(self._with_own_tables(tree, path))
        extends = tree.child("extends")
        if extends is None or extends.value is None:
            return tree.with_child("extends", None)
        return self._extended(tree, extends, path, (*chain, path))

    def with_file_of_variant(self, tree: Tree, variant: str | None, path: Path | None) -> Tree:
        """What a variant starts from: the file that it extends, under this scenario's name and with its variants.

        Claims and how variants are compared are this scenario's, too. A variant that extends none starts from the tree.
        """
        variants = tree.child("variants")
        chosen = variants.child(variant) if variants is not None and variant is not None else None
        extends = chosen.child("extends") if chosen is not None else None
        if extends is None or extends.value is None or path is None:
            return tree
        setting = f"variants.{variant}.extends"
        if not isinstance(extends.value, str):
            raise ScenarioError([Finding("this is not a file name", "", setting, extends.place)])
        base = self.read_tree(self.inside(extends.value, extends.place, setting), (path.resolve(),))
        for name in OF_THE_FILE:
            base = base.with_child(name, tree.child(name))
        return base

    def _extended(self, tree: Tree, extends: Tree, path: Path, chain: tuple[Path, ...]) -> Tree:
        if not isinstance(extends.value, str):
            raise ScenarioError([Finding("this is not a file name", "", "extends", extends.place)])
        own_folder = os.path.relpath(path.parent, self.folder.resolve())
        base_path = self.inside(os.path.join(own_folder, extends.value), extends.place, "extends")
        if not base_path.is_relative_to(path.parent):
            hint = "extend a file in the same folder or below"
            raise ScenarioError(
                [Finding(f"`{extends.value}` leads outside its folder", hint, "extends", extends.place)]
            )
        if base_path in chain:
            names = " -> ".join(link.name for link in (*chain, base_path))
            raise ScenarioError(
                [Finding(f"files extend each other in a circle: {names}", "", "extends", extends.place)]
            )
        return merge(self.read_tree(base_path, chain), tree.with_child("extends", None))

    def _with_own_tables(self, tree: Tree, path: Path) -> Tree:
        """Table paths are relative to the file that names them; make them relative to the scenario's folder."""
        own_folder = os.path.relpath(path.parent, self.folder.resolve()).replace(os.sep, "/")
        return tree if own_folder == "." else _prefixed(tree, own_folder)


def _prefixed(tree: Tree, folder: str, key: str = "") -> Tree:
    if isinstance(tree.value, dict):
        children = {
            name: _moved(child, folder)
            if name in TABLE_KEYS or (key, name) in TABLES_WITHIN
            else _prefixed(child, folder, name)
            for name, child in tree.value.items()
        }
        return Tree(children, tree.place)
    if isinstance(tree.value, list):
        return Tree([_prefixed(child, folder) for child in tree.value], tree.place)
    return tree


def _moved(tree: Tree, folder: str) -> Tree:
    return Tree(f"{folder}/{tree.value}", tree.place) if isinstance(tree.value, str) else tree


def _nearest(name: str, names: list[str]) -> str:
    near = get_close_matches(name, names, n=1)
    return f"`{near[0]}`" if near else ""
