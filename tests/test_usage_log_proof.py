"""Proofs of entries: they hold alone, say what they prove, grow with the log's logarithm, and no bit can change."""

import copy
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from policies.contracts.term import REPORTS as REPORTS_CODE
from policies.contracts.term import TABLES
from sim.columns import R_SHORT
from sim.errors import RunDirectoryError
from sim.explain.run_files import RunFiles
from sim.usage_log.check import Checked, check_proof, read_proof
from sim.usage_log.errors import ProofRefusedError, UsageLogError
from sim.usage_log.log import sign_run
from sim.usage_log.proof import entry_numbers, invoice_entries, proof_text, prove_entries
from sim.usage_log.signing import PublicKey, SigningKey, read_public_key, read_signing_key
from tests.usage_log_samples import ROWS, SignedCopy, sample_rows, sample_run

KEY = SigningKey.generate()
Document = dict[str, Any]


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = sample_run(tmp_path_factory.mktemp("usage-proof") / "run")
    sign_run(run, KEY)
    return run


@pytest.fixture(scope="module")
def proof(signed: Path) -> Document:
    return prove_entries(RunFiles.open(signed), 0, [5, 6, 7, 20])


# --- proofs that hold -------------------------------------------------------------------------------------------------
def test_a_proof_holds_and_says_what_the_rows_say(proof: Document) -> None:
    found = check_proof(json.loads(proof_text(proof)), KEY.public)
    assert found.findings == []
    assert [one.entry for one in found.entries] == [5, 6, 7, 20]
    rows = sample_rows()[[4, 5, 6, 19]]
    assert [(one.stock_point, one.units, one.kind) for one in found.entries] == [tuple(row[2:5]) for row in rows]
    used = rows[(rows[:, 2] == 1) & (rows[:, 4] != R_SHORT), 3].sum() * 0.5
    totals = dict(found.totals)
    assert totals.get("grease at works/shelf", "0.0 kg") == f"{used:.1f} kg"
    assert (found.since.reason, found.until.reason) == ("end of the month", "end of the run")
    assert (found.since.time_ms, found.until.size) == (55 * 86_400_000, ROWS + 1)
    assert check_proof(proof).findings == [], "without a key of one's own it holds as well"


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sets(st.integers(1, ROWS), min_size=1, max_size=12))
def test_any_entries_can_be_proven(signed: Path, entries: set[int]) -> None:
    found = check_proof(prove_entries(RunFiles.open(signed), 0, list(entries)), KEY.public)
    assert found.findings == []
    assert [one.entry for one in found.entries] == sorted(entries)


def test_a_proof_grows_with_the_logarithm_of_the_log(tmp_path: Path) -> None:
    hashes = {}
    for count in (1_000, 30_000):
        run = sample_run(tmp_path / str(count), sample_rows(count))
        sign_run(run)
        one = prove_entries(RunFiles.open(run), 0, [count // 2])
        assert len(one["entries"][0]["path"]) <= (count - 1).bit_length()
        hashes[count] = len(one["hashes"])
        neighbours = prove_entries(RunFiles.open(run), 0, list(range(101, 201)))
        assert len(neighbours["hashes"]) < 2 * 100 + 4 * count.bit_length()
    assert hashes[30_000] - hashes[1_000] <= 4 * 5


# --- proofs that do not -----------------------------------------------------------------------------------------------
def changed(proof: Document, change: Callable[[Document], object]) -> Checked:
    other = copy.deepcopy(proof)
    change(other)
    return check_proof(other, KEY.public)


def flip(document: Document, name: str, at: int, key: str | None = None) -> None:
    """Change a letter of a base64 text in a list."""
    holder, place = (document[name], at) if key is None else (document[name][at], key)
    text = holder[place]
    middle = len(text) // 2
    holder[place] = text[:middle] + ("A" if text[middle] != "A" else "B") + text[middle + 1 :]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda p: flip(p, "entries", 1, "bytes"), "entry 6 is not in the log"),
        (lambda p: p["entries"][1].update(entry=8), "entry 8 is not in the log"),
        (lambda p: p["entries"][1].update(path=[]), "entry 6 is not in the log"),
        (lambda p: p["entries"][1].update(words="9 kg used"), "not what the proof says beside it"),
        (lambda p: p["entries"].append(p["entries"][0]), "shown twice"),
        (lambda p: p["stock_points"].pop(0), "whose name the proof leaves out"),
        (lambda p: p["stock_points"][0].update(index=1), "the name of stock point 1 is not the log's"),
        (
            lambda p: p["stock_points"][0].update(line=p["stock_points"][0]["line"].replace("grease", "gold")),
            "the name of stock point 1 is not the log's",
        ),
        (lambda p: p.update(header=p["header"].replace('"seed":7', '"seed":8')), "the header is not the log's"),
        (lambda p: flip(p, "checkpoints", 0, "signature"), "the signature of the checkpoint of size 25"),
        (lambda p: p["checkpoints"][1].update(size=62), "the signature of the checkpoint of size 62"),
        (lambda p: p["checkpoints"].pop(1), "they are of two different logs"),
        (lambda p: p.update(consistency=[]), "they are of two different logs"),
        (lambda p: p.update(public_key="A" * 43 + "="), "the key in the proof is not yours"),
    ],
)
def test_a_proof_that_was_changed_does_not_hold(
    proof: Document, change: Callable[[Document], object], said: str
) -> None:
    assert any(said in finding for finding in changed(proof, change).findings)


@given(st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_hash_can_change(proof: Document, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(proof["hashes"]) - 1))
    assert changed(proof, lambda other: flip(other, "hashes", at)).findings


def leaves(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The paths of everything in a proof that is no list and no object."""
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else None
    if children is None:
        yield path
        return
    for key, one in children:
        yield from leaves(one, (*path, key))


def refused(document: Document) -> str:
    """What is said of a proof that does not hold, or is none; any other error is one of the test. Empty: it holds."""
    try:
        return "; ".join(check_proof(document, KEY.public).findings)
    except UsageLogError as error:
        return str(error)


ODD = st.one_of(
    *(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=90), st.binary(max_size=70)),
    st.sampled_from([10**4000, -(1 << 63), "\ud800", "=" * 44, "A" * 1_000_000, [], {}, [[]], {"entry": 1}]),
)


@given(st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)
def test_no_field_can_change(proof: Document, data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(list(leaves(proof))))
    other = copy.deepcopy(proof)
    holder: Any = other
    for key in path[:-1]:
        holder = holder[key]
    before = holder[path[-1]]
    nearly = [before + 1, before - 1, before << 40] if isinstance(before, int) else [before[:-1], before + "=", ""]
    if isinstance(before, str):
        at = data.draw(st.integers(0, len(before) - 1))
        nearly.append(before[:at] + data.draw(st.sampled_from("AbZz019 =\n")) + before[at + 1 :])
        nearly.append(before.swapcase())
    holder[path[-1]] = data.draw(st.sampled_from(nearly) | ODD)
    assume((type(holder[path[-1]]), holder[path[-1]]) != (type(before), before))
    assert refused(other), path


@given(st.recursive(ODD, lambda one: st.lists(one) | st.dictionaries(st.text(max_size=9), one), max_leaves=20))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_anything_in_the_place_of_a_part_is_refused(proof: Document, value: Any) -> None:
    for name in proof:
        if value != proof[name]:
            assert refused(proof | {name: value}), name


def test_a_proof_of_somebody_else_is_found_by_the_key(signed: Path, proof: Document, tmp_path: Path) -> None:
    forged = sample_run(tmp_path / "run")
    sign_run(forged, SigningKey.generate())
    found = check_proof(prove_entries(RunFiles.open(forged), 0, [5]), KEY.public)
    assert {"the key in the proof is not yours"} < set(found.findings)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda p: p.pop("hashes"), "hashes"),
        (lambda p: p.update(extra=1), "unknown key 'extra'"),
        (lambda p: p.update(entries={}), "`entries` is of the wrong type"),
        (lambda p: p.update(entries=[]), "too many or too few"),
        (lambda p: p.update(entries=[3]), "no whole proof"),
        (lambda p: p.update(header="[]\n"), "no JSON object"),
        (lambda p: p.update(header="é\n"), "ascii"),
        (lambda p: p.update(header="[" * 60_000 + "\n"), "nested too deeply"),
        (lambda p: p.update(header="x" * 70_000), "not one line"),
        (lambda p: p["hashes"].append("AAAA"), "base64 of 32 bytes"),
        (lambda p: p["hashes"].append("?" * 44), "no whole proof"),
        (lambda p: p["hashes"].append("A" * 10**6), "base64 of 32 bytes"),
        (lambda p: p["entries"][0].update(entry=True), "a number is missing, negative or too large"),
        (lambda p: p["entries"][0].update(entry=10**25), "a number is missing, negative or too large"),
        (lambda p: p["entries"][0].update(path=[10**6]), "names a hash that is not there"),
        (lambda p: p["entries"][0].update(path=[0] * 65), "at most 64"),
        (lambda p: p["checkpoints"][0].update(time_ms=10**18, at=""), "beyond any calendar"),
        (lambda p: p["checkpoints"][0].update(root="zz"), "no whole proof"),
        (lambda p: p["stock_points"][0].update(line="{}\n"), "no line of stock_points.jsonl"),
        (lambda p: p["stock_points"][0].update(line=5), "no whole proof"),
        (lambda p: p["stock_points"].append(None), "no whole proof"),
        (lambda p: p.update(invoice_line=-1), "negative"),
    ],
)
def test_what_is_no_proof_is_refused(proof: Document, change: Callable[[Document], object], said: str) -> None:
    with pytest.raises(UsageLogError, match="no whole proof") as refused:
        changed(proof, change)
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("content", "said"),
    [("", "is no proof"), ("[" * 100_000, "nested too deeply"), ("{}", "ledger proof"), ("\xff", "is no proof")],
)
def test_a_file_that_is_no_proof(tmp_path: Path, content: str, said: str) -> None:
    file = tmp_path / "proof.json"
    file.write_text(content, encoding="latin-1")
    with pytest.raises(UsageLogError, match=said):
        read_proof(file)
    with pytest.raises(UsageLogError, match="cannot be read"):
        read_proof(tmp_path / "none.json")


def test_a_time_beyond_any_calendar_and_an_unknown_kind_are_told(tmp_path: Path) -> None:
    rows = sample_rows(2)
    rows[1, [0, 1, 4]] = [1 << 60, 1 << 60, 77]
    run = sample_run(tmp_path / "run", rows)
    sign_run(run, KEY)
    (entry,) = check_proof(prove_entries(RunFiles.open(run), 0, [2]), KEY.public).entries
    assert f"{1 << 60} ms" in entry.words
    assert "kind 77" in entry.words


# --- which entries ----------------------------------------------------------------------------------------------------
def test_numbers_of_entries() -> None:
    assert entry_numbers("5-9,12") == [5, 6, 7, 8, 9, 12]
    assert entry_numbers(" 3 , 1 - 2, 2") == [1, 2, 3]
    for text, said in (
        ("", "names no entries"),
        ("5-", "names no entries"),
        ("1-2-3", "names no entries"),
        ("-4", "names no entries"),
        ("a", "names no entries"),
        ("9-5", "write 5-9"),
        ("1-100001", "at most 100,000"),
    ):
        with pytest.raises(UsageLogError, match=said):
            entry_numbers(text)


def test_entries_that_are_not_there(signed: Path) -> None:
    run = RunFiles.open(signed)
    for numbers, said in (([0], "entry 0 is the header"), ([ROWS + 1], f"entries 1 to {ROWS}"), ([], "name the")):
        with pytest.raises(UsageLogError, match=said):
            prove_entries(run, 0, numbers)


def test_nothing_is_proven_from_a_log_that_does_not_fit(signed: Path, tmp_path: Path) -> None:
    log = SignedCopy(Path(shutil.copytree(signed, tmp_path / "run")))
    run = RunFiles.open(log.run)
    rows = log.rows.copy()
    rows[3, 3] += 1
    for spoil, said in (
        (lambda: log.write(rows, "entries"), "are not what was signed"),
        (lambda: (log.log / "stock_points.jsonl").write_bytes(b"{}\n"), "names of the stock points"),
        (lambda: (log.log / "stock_points.jsonl").unlink(), "stock_points.jsonl cannot be read"),
        (lambda: (log.log / "public_key.pem").unlink(), "not signed as it should be"),
        (lambda: (log.log / "entries.bin").write_bytes(b"{}\n"), "header cannot be read"),
    ):
        log.write(log.rows, "entries")
        spoil()
        with pytest.raises(ProofRefusedError, match=said):
            prove_entries(run, 0, [2])
        shutil.copytree(signed, log.run, dirs_exist_ok=True)


# --- invoice lines ----------------------------------------------------------------------------------------------------
def write_books(folder: Path) -> None:
    lines = {"line": pa.array([0, 1, 2], pa.int64())}
    rows = [(0, REPORTS_CODE, 3, 3), (0, REPORTS_CODE, 5, 6), (0, 3, 9, 9), (1, 0, -1, -1), (2, REPORTS_CODE, 0, 59)]
    names = ("line", "table", "first_row", "last_row")
    charges = {name: pa.array([row[at] for row in rows], pa.int64()) for at, name in enumerate(names)}
    pq.write_table(pa.table(lines), folder / "invoice_lines.parquet")
    pq.write_table(pa.table(charges), folder / "charges.parquet")


def test_the_entries_of_an_invoice_line(signed: Path, tmp_path: Path) -> None:
    path = Path(shutil.copytree(signed, tmp_path / "run"))
    folder, run = path / "replications" / "0000", RunFiles.open(path)
    with pytest.raises(UsageLogError, match="only runs of a scenario with `contracts`"):
        invoice_entries(run, 0, 0)
    write_books(folder)
    assert invoice_entries(run, 0, 0) == [4, 6, 7]
    assert invoice_entries(run, 0, 2) == list(range(1, ROWS + 1))
    found = check_proof(prove_entries(run, 0, invoice_entries(run, 0, 0), 0), KEY.public)
    assert (found.findings, found.invoice_line) == ([], 0)
    named = pq.ParquetFile(folder / "charges.parquet").read().to_pydict()
    named["table"] = [TABLES[code] for code in named["table"]]
    pq.write_table(pa.table(named), folder / "charges.parquet")
    pq.write_table(pa.table({"minor": [5, 6, 7]}), folder / "invoice_lines.parquet")
    assert invoice_entries(run, 0, 0) == [4, 6, 7], "tables by name, lines by their row"
    for line, said in ((7, "numbered 0 to 2"), (1, "rests on no reported use")):
        with pytest.raises(UsageLogError, match=said):
            invoice_entries(run, 0, line)
    pq.write_table(pa.table({"line": np.zeros(1, np.int64)}), folder / "charges.parquet")
    with pytest.raises(RunDirectoryError, match="no column table, first_row, last_row"):
        invoice_entries(run, 0, 0)


# --- keys -------------------------------------------------------------------------------------------------------------
def test_signatures_are_those_of_signed_notes() -> None:
    # the example of golang.org/x/mod/sumdb/note: verifier key PeterNeumann+c74f20a3+ARpc2Qc...
    import base64

    raw = base64.b64decode("ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")[1:]
    key = PublicKey(raw, "PeterNeumann")
    text = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
    signature = "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="
    assert key.key_id.hex() == "c74f20a3"
    assert key.verifies(text, signature)
    assert not key.verifies(text.replace("cryptography", "typography"), signature)
    assert not PublicKey(raw, "PeterNewman").verifies(text, signature)
    for broken in ("", "AAAA", "?" * 92, signature[:-4], signature.swapcase()):
        assert not key.verifies(text, broken)


def test_keys_in_files(tmp_path: Path) -> None:
    from cryptography.hazmat.primitives import serialization as s
    from cryptography.hazmat.primitives.asymmetric import ed25519, x25519

    def pem(key: Any, password: bytes | None = None) -> bytes:
        lock = s.BestAvailableEncryption(password) if password else s.NoEncryption()
        data: bytes = key.private_bytes(s.Encoding.PEM, s.PrivateFormat.PKCS8, lock)
        return data

    private = ed25519.Ed25519PrivateKey.generate()
    file = tmp_path / "key.pem"
    file.write_bytes(pem(private))
    key = read_signing_key(file)
    assert pem(private).splitlines()[1].decode() not in repr(key)
    public = tmp_path / "public.pem"
    public.write_bytes(key.public.to_pem())
    assert read_public_key(public) == key.public
    assert key.public.verifies("a", key.sign("a"))
    for content, said in (
        (pem(private, b"secret"), "protected with a password"),
        (pem(x25519.X25519PrivateKey.generate()), "not one of Ed25519"),
        (key.public.to_pem(), "this is a public key"),
        (b"nothing", "openssl genpkey"),
    ):
        file.write_bytes(content)
        with pytest.raises(UsageLogError, match=said):
            read_signing_key(file)
    for content, said in ((pem(private), "keep this one secret"), (b"nothing", "no public key")):
        public.write_bytes(content)
        with pytest.raises(UsageLogError, match=said):
            read_public_key(public)
    with pytest.raises(UsageLogError, match="cannot be read"):
        read_public_key(tmp_path)
