"""Every reader of YAML against files that are made to hurt: refused with a finding, and soon."""

import time
from itertools import pairwise
from pathlib import Path

import pytest

from device_emulators.faces.documents import MOST_BYTES, FileError, parse_document, read_document
from device_emulators.faces.map_file import load_map, parse_map
from sim.scenario.findings import ScenarioError
from sim.scenario.tree import parse_yaml

READERS = {"documents": parse_document, "maps": parse_map, "scenarios": parse_yaml}
LETTERS = "abcdefghij"
BILLIONS = "a: &a [x]\n" + "".join(
    f"{one}: &{one} [{', '.join(['*' + before] * 9)}]\n" for before, one in pairwise(LETTERS)
)
NESTED = {
    "brackets": "[" * 100_000,
    "braces": "{a: " * 30_000,
    "mixed": "[{a: " * 20_000,
    "dashes": "- " * 50_000 + "x",
    "questions": "? " * 50_000,
    "lines": "\n".join(" " * depth + "k:" for depth in range(500)),
    "itself": "&a [*a]",
}
REFUSED = NESTED | {
    "references": BILLIONS,
    "zero": "a: \0\n",
    "zeros": "\0" * 1_000,
    "endless number": "a: " + "9" * 20_000,
    "tag": "a: !!python/object/apply:os.system ['true']",
    "tag of a mapping": "a: !!python/object:os.x {b: 1}",
    "tag without end": "!" * 100_000,
    "version": "%YAML " + "1" * 100_000,
    "merge": "a: &a {b: 1}\nc: {<<: *a}",
    "key twice": "a: 1\na: 2",
    "key of values": "? [a]\n: b",
    "half a text": "a: '" + "b\n" * 10_000,
}


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED)
def test_what_is_made_to_hurt_is_refused_soon(reader, text):
    begun = time.process_time()
    with pytest.raises((FileError, ScenarioError)) as caught:
        READERS[reader](text, "file.yaml")
    assert time.process_time() - begun < 10.0
    assert all(str(finding).startswith("file.yaml") for finding in caught.value.findings)
    assert len(str(caught.value)) < 5_000


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("text", NESTED.values(), ids=NESTED)
def test_depth_is_named(reader, text):
    with pytest.raises((FileError, ScenarioError), match="nested too deeply"):
        READERS[reader](text, "file.yaml")


@pytest.mark.parametrize("read", [read_document, load_map])
def test_files_that_are_no_documents(read, tmp_path):
    file = tmp_path / "file.yaml"
    for content, message in (
        (b"#" * (MOST_BYTES + 1), "larger than 200,000 bytes"),
        (b"a: \xff", "not a text in UTF-8"),
        (b"\x00\x00\x00", "not YAML"),
    ):
        file.write_bytes(content)
        with pytest.raises(FileError, match=message):
            read(file)
    for path, message in (
        (tmp_path, "cannot be read: Is a directory"),
        (tmp_path / "no.yaml", "cannot be read: No such file"),
        (tmp_path / "a\0b", "cannot be read: embedded null"),
    ):
        with pytest.raises(FileError, match=message):
            read(path)


def test_an_endless_file_is_not_read_to_its_end():
    with pytest.raises(FileError, match="larger than"):
        read_document(Path("/dev/zero"))


def test_an_anchor_that_is_used_again_is_legal():
    assert parse_document("a: &x 1\nb: *x\nc: &x 2\nd: *x").data == {"a": 1, "b": 1, "c": 2, "d": 2}


def test_lines_are_those_of_keys():
    document = parse_document("# a comment\na:\n\n  - b: 1\n  - c:\n      - 2\n", "f")
    assert document.lines == {
        (): 2,
        ("a",): 2,
        ("a", 0): 4,
        ("a", 0, "b"): 4,
        ("a", 1): 5,
        ("a", 1, "c"): 5,
        ("a", 1, "c", 0): 6,
    }
    assert str(document.finding("is wrong", ("a", 1, "c", "d", "e"))) == "f:5: a.1.c.d.e: is wrong"
