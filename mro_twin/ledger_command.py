"""`mro-twin ledger`: invoices, the tamper-evident log of reported use they rest on, and proofs for single lines."""

import json
import sys
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from mro_twin.errors import errors_told
from mro_twin.invoices_command import command as invoices
from mro_twin.signing_keys import warn_of_shared_key

if TYPE_CHECKING:
    from sim.usage_log.check import Checked
    from sim.usage_log.checkpoints import Checkpoint
    from sim.usage_log.entries import Header
    from sim.usage_log.verify import Verification

_SHOWN: Final = 50
_LISTED: Final = 10
_EXISTING = click.Path(path_type=Path)


@click.group("ledger")
def command() -> None:
    """Invoices of a run's contracts, and the tamper-evident log of reported use that they rest on.

    Every report of use is an entry of a Merkle log (RFC 6962), signed (Ed25519) at the end of each month and of the
    run. `mro-twin run` signs replication 0 of a scenario with contracts. From there:

    \b
      mro-twin ledger invoices runs                          what was billed
      mro-twin ledger verify runs                            was anything changed since?
      mro-twin ledger proof runs --invoice-line 1 -o p.json  the entries behind one line, for the customer
      mro-twin ledger check p.json --key public_key.pem      the customer checks them, with nothing else

    What each of them proves, and what it cannot: docs/usage-log.md.
    """


command.add_command(invoices)


# --- sign -------------------------------------------------------------------------------------------------------------
@command.command("sign", short_help="Sign the usage logs of a run's other replications, or anew.")
@click.argument("run", type=_EXISTING)
@click.option("--replication", type=click.IntRange(0), multiple=True, help="Only these; may be repeated.")
@click.option("--key", "key_file", type=_EXISTING, metavar="FILE", help="Ed25519 private key (PEM) to sign with.")
@click.option("--replace", is_flag=True, help="Write logs anew that are there already.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def sign(run: Path, replication: tuple[int, ...], key_file: Path | None, replace: bool, as_json: bool) -> None:
    """Write and sign the usage logs of RUN, a run directory or a folder of them, whose newest is taken.

    `mro-twin run` has signed replication 0 of a run of contracts already; this is for the other replications, and for
    runs that have devices but no contracts.

    Without --key a key is made for this call and forgotten afterwards: only its public half stays, beside the log. To
    keep one: `openssl genpkey -algorithm ed25519 -out key.pem; chmod 600 key.pem` makes it, and
    `openssl pkey -in key.pem -pubout` prints the public half that a customer should get.
    """
    with errors_told():
        from sim.usage_log.log import sign_run
        from sim.usage_log.signing import SigningKey, read_signing_key

        key = read_signing_key(key_file) if key_file is not None else SigningKey.generate()
        warn_of_shared_key(key_file)
        logs = sign_run(run, key, replication or None, replace)
    if as_json:
        found = {"key": key.public.fingerprint if logs else None, "logs": [one.as_dict() for one in logs]}
        click.echo(json.dumps(found, indent=1))
        return
    for one in logs:
        click.echo(f"replication {one.replication}: {one.entries:,} entries, {one.checkpoints} checkpoints  {one.path}")
    if logs:
        click.echo(f"signed with the key {key.public.fingerprint}")
    else:
        click.echo("nothing to do: the logs are there already (--replace writes and signs them anew)")


# --- verify -----------------------------------------------------------------------------------------------------------
@command.command("verify", short_help="Find what was changed in a run's usage logs since they were signed.")
@click.argument("run", type=_EXISTING)
@click.option("--replication", type=click.IntRange(0), multiple=True, help="Only these; may be repeated.")
@click.option("--key", "key_file", type=_EXISTING, metavar="PUBLIC", help="The public key (PEM) that you were given.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def verify(run: Path, replication: tuple[int, ...], key_file: Path | None, as_json: bool) -> None:
    """Verify the usage logs of RUN, a run directory or a folder of them: work out everything again from the entries.

    Entries that were edited, deleted, inserted or reordered, a tail that was cut off, and a table of reports that says
    something else than the log are named one by one as long as one of the log's copies is still what was signed; else
    the month is named. A log that was removed, or signed anew with another key, is told by the run's manifest, and if
    that was changed, too, by --key alone: so keep the public key somewhere else.

    Exit code 1: something does not fit; 2: there is no log.
    """
    with errors_told():
        from sim.explain.run_files import RunFiles
        from sim.usage_log.log import logged, no_log, reporting
        from sim.usage_log.signing import read_public_key
        from sim.usage_log.verify import verify_log

        key = read_public_key(key_file) if key_file is not None else None
        files = RunFiles.open(run)
        chosen = replication or tuple(logged(files))
        if not chosen:
            raise no_log(files, 0)
        without = [] if replication else sorted(set(reporting(files)) - set(chosen))
        found = [verify_log(files, number, key) for number in chosen]
    if as_json:
        _print_verified_json(files.path, found, key is not None)
    else:
        _print_verified(found, key is not None)
        if without:
            more = " ..." if len(without) > _LISTED else ""
            click.echo(f"without a log: replication {', '.join(map(str, without[:_LISTED]))}{more}")
    sys.exit(1 if any(one.mismatches for one in found) else 0)


def _print_verified_json(path: Path, found: Sequence["Verification"], trusted: bool) -> None:
    logs: list[dict[str, Any]] = [
        {"replication": one.replication, "fits": not one.mismatches, "entries": one.entries}
        | {"checkpoints": one.checkpoints, "key": one.key or None, "key_was_given": trusted}
        | {"mismatches": [mismatch.as_dict() for mismatch in one.mismatches]}
        for one in found
    ]
    click.echo(json.dumps({"run_directory": str(path), "logs": logs}, indent=1))


def _print_verified(found: Sequence["Verification"], trusted: bool) -> None:
    for one in found:
        if not one.mismatches:
            signed = f"{one.entries:,} entries are what was signed, in {one.checkpoints} checkpoints"
            click.echo(f"replication {one.replication}: {signed}")
            continue
        count = len(one.mismatches)
        click.echo(f"replication {one.replication} DOES NOT FIT, {count} finding{'s' if count > 1 else ''}:")
        for mismatch in one.mismatches[:_SHOWN]:
            click.echo(f"  {mismatch}")
        if count > _SHOWN:
            click.echo(f"  ... and {count - _SHOWN:,} more; --json prints them")
    for key in sorted({one.key for one in found if one.key}):
        whose = "the key that you gave" if trusted else "the key beside the log: compare it with the one you were given"
        click.echo(f"held against {key}, {whose}")


# --- proof ------------------------------------------------------------------------------------------------------------
@command.command("proof", short_help="Write the proof of an invoice line, or of single entries.")
@click.argument("run", type=_EXISTING)
@click.option("--entries", metavar="LIST", help="Numbers of entries, such as `5-9,12`: row of the table + 1.")
@click.option("--invoice-line", type=click.IntRange(0), metavar="N", help="The entries that this line rests on.")
@click.option("--replication", type=click.IntRange(0), default=0, show_default=True, help="Number of the replication.")
@click.option("--out", "-o", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Write it here.")
def proof(run: Path, entries: str | None, invoice_line: int | None, replication: int, out: Path | None) -> None:
    """Write a proof of entries of RUN's usage log, or of those that an invoice line rests on, as JSON.

    RUN is a run directory, or a folder of them, whose newest is taken. `mro-twin ledger invoices RUN --json` gives the
    numbers of the lines that can be proven; a base fee, a minimum or a delivery rests on no report of use.

    A proof holds the entries, their audit paths, the signed checkpoints and the public key, and nothing else of the
    run. `mro-twin ledger check` verifies it anywhere.

    Exit code 1: the log is not what was signed, so that nothing can be proven from it.
    """
    if (entries is None) == (invoice_line is None):
        raise click.UsageError("name --entries or --invoice-line, and not both")
    with errors_told():
        from sim.explain.run_files import RunFiles
        from sim.usage_log.proof import entry_numbers, invoice_entries, proof_text, prove_entries

        files = RunFiles.open(run)
        if invoice_line is not None:
            numbers = invoice_entries(files, replication, invoice_line)
        else:
            numbers = entry_numbers(entries or "")
        text = proof_text(prove_entries(files, replication, numbers, invoice_line))
    if out is None:
        click.echo(text, nl=False)
        return
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        click.echo(f"mro-twin: the proof could not be written to {out}: {error.strerror or error}", err=True)
        sys.exit(4)
    click.echo(out)


@command.command("check", short_help="Check a proof with nothing but the public key.")
@click.argument("proof_file", metavar="PROOF", type=_EXISTING)
@click.option("--key", "key_file", type=_EXISTING, metavar="PUBLIC", help="The public key (PEM) that you were given.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def check(proof_file: Path, key_file: Path | None, as_json: bool) -> None:
    """Check the file PROOF by itself, without the run it was made from, and say what it proves.

    Without --key it shows only that whoever holds the key in the file has signed. That the entries are all that the
    invoice line rests on is not proven: hold the amounts at the end against the quantity of the line.

    Exit code 1: it does not hold; 2: it is no proof.
    """
    with errors_told():
        from sim.usage_log.check import check_proof, read_proof
        from sim.usage_log.signing import read_public_key

        key = read_public_key(key_file) if key_file is not None else None
        found = check_proof(read_proof(proof_file), key)
    if as_json:
        _print_checked_json(found, key is not None)
    else:
        _print_checked(found, key is not None)
    sys.exit(1 if found.findings else 0)


def _print_checked_json(found: "Checked", trusted: bool) -> None:
    header = found.header
    document = {
        "holds": not found.findings,
        "findings": list(found.findings),
        "key": found.key.fingerprint,
        "key_was_given": trusted,
        "log": {"scenario": header.scenario, "variant": header.variant, "scenario_hash": header.scenario_hash}
        | {"seed": header.seed, "replication": header.replication},
        "signed": [
            {"reason": one.reason, "time_ms": one.time_ms, "size": one.size, "root": one.root.hex()}
            for one in dict.fromkeys((found.since, found.until))
        ],
        "entries": [{"entry": one.entry, "words": one.words} for one in found.entries],
        "totals": [{"place": place, "amount": amount} for place, amount in found.totals],
        "item_totals": [{"item": item, "amount": amount} for item, amount in found.item_totals],
        "invoice_line": found.invoice_line,
    }
    click.echo(json.dumps(document, indent=1))


def _print_checked(found: "Checked", trusted: bool) -> None:
    if found.findings:
        click.echo("the proof DOES NOT HOLD:")
        for finding in found.findings[:_SHOWN]:
            click.echo(f"  {finding}")
        if len(found.findings) > _SHOWN:
            click.echo(f"  ... and {len(found.findings) - _SHOWN:,} more; --json prints them")
        return
    for one in found.entries[:_SHOWN]:
        click.echo(f"entry {one.entry}  {one.words}")
    if len(found.entries) > _SHOWN:
        click.echo(f"... and {len(found.entries) - _SHOWN:,} more; --json prints them")
    for place, amount in found.totals:
        click.echo(f"in all {amount}, {place}")
    if len(found.totals) > len(found.item_totals):
        for item, amount in found.item_totals:
            click.echo(f"in all {amount}, {item} at all places together")
    for line in _meaning(found, trusted):
        click.echo(line)


def _meaning(found: "Checked", trusted: bool) -> Iterator[str]:
    """What a proof that holds proves, and what it does not."""
    from sim.usage_log.entries import printable

    count = f"{len(found.entries)} entries were" if len(found.entries) > 1 else "this entry was"
    header, since, until = found.header, found.since, found.until
    name = f"{header.scenario}@{header.variant}" if header.variant else header.scenario
    yield f"{count} in the usage log of {printable(name)} (seed {header.seed}, replication {header.replication}),"
    yield f"as signed at {_moment(header, since)} ({since.reason}, {since.size:,} entries with the header)"
    if until is not since:
        yield f"and unchanged at {_moment(header, until)} ({until.reason}, {until.size:,} entries)"
    whose = "the key that you gave" if trusted else "the key in the file: compare it with the one you were given"
    yield f"signed with {found.key.fingerprint}, {whose}"
    if found.invoice_line is not None:
        yield f"made for invoice line {found.invoice_line}: that it rests on these entries is said, and not proven"


def _moment(header: "Header", checkpoint: "Checkpoint") -> str:
    from sim.usage_log.entries import Words

    return Words(datetime.fromisoformat(header.start), {}).moment(checkpoint.time_ms)
