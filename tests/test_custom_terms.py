"""Contract terms from outside: from a file, and what is refused of them."""

from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import pytest
from pydantic import Field

from policies.contracts import TERMS, Charges, Facts, Measures, Term, TermError, Usage, charges_of
from policies.contracts.charging import charge_once
from policies.contracts.term import contract_term
from policies.fields import Money
from policies.registry import load_policy_file
from tests.contract_facts import charged, facts, measures, term

THREE_PERIODS = (0, 30, 60, 90)
PIECES = measures("each", "each", "each")
NEW_FILE = """\
from typing import ClassVar, Literal
from pydantic import Field
from policies.contracts import Charges, Facts, Measures, Term, contract_term
from policies.contracts.charging import charge_once
from policies.fields import Money

@contract_term("test_set_up")
class SetUp(Term):
    kind: Literal["test_set_up"] = Field("test_set_up", description="name of the term")
    stream: ClassVar[str] = "set_up"
    amount: Money = Field(description="charged when the contract begins")

    def charges(self, facts: Facts, measures: Measures) -> Charges:
        return charge_once(facts.from_ms, measures.minor(self.amount))
"""


@pytest.fixture
def variable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leaves the environment as it was."""
    monkeypatch.setenv("MRO_TWIN_POLICIES", "")


def test_a_term_from_a_file(tmp_path: Path, variable: None) -> None:
    file = tmp_path / "own_terms.py"
    file.write_text(NEW_FILE)
    load_policy_file(file)
    assert charged("test_set_up", facts((5, 9)), amount="3 USD") == [(5, 300, -1, 0)]
    assert term("test_set_up", amount="3 USD").stream == "set_up"


class Scripted(Term):
    """Charges what it is told."""

    kind: str = "scripted"
    stream: ClassVar[str] = "scripted"
    columns: Any

    def charges(self, facts: Facts, measures: Measures) -> Charges:
        """As it was told."""
        return self.columns if isinstance(self.columns, (str, Charges)) else Charges(*self.columns)  # type: ignore[return-value]


GOOD = charge_once(50, 1)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"minor": np.array([1, 2])}, "returned columns of different lengths"),
        ({"minor": np.array([1.5])}, "returned `minor` that is no column of 64-bit integers"),
        ({"minor": [1]}, "returned `minor` that is no column of 64-bit integers"),
        ({"time_ms": np.array([90])}, "returned a charge outside the time in which it holds"),
        ({"time_ms": np.array([-1])}, "returned a charge outside the time in which it holds"),
        ({"table": np.array([5])}, r"returned a table that is none of 0 \.\. 4"),
        ({"first_row": np.array([3])}, "returned a charge whose last row comes before its first"),
    ],
)
def test_what_is_no_charge_is_refused(changed: dict[str, Any], message: str) -> None:
    known = facts(THREE_PERIODS)
    assert charges_of(Scripted(columns=GOOD), known, PIECES) is GOOD
    columns = [changed.get(name, getattr(GOOD, name)) for name in Charges.__dataclass_fields__]
    with pytest.raises(TermError, match=f"contract term `scripted` {message}"):
        charges_of(Scripted(columns=columns), known, PIECES)


def test_charges_out_of_order_and_other_things_are_refused() -> None:
    twice = [np.concatenate([getattr(GOOD, name)] * 2) for name in Charges.__dataclass_fields__]
    twice[0] = np.array([6, 5])
    with pytest.raises(TermError, match="not in order of time"):
        charges_of(Scripted(columns=twice), facts(THREE_PERIODS), PIECES)
    with pytest.raises(TermError, match="returned str, not Charges"):
        charges_of(Scripted(columns="nothing"), facts(THREE_PERIODS), PIECES)


def test_a_term_that_fails_is_named() -> None:
    with pytest.raises(TermError, match=r"contract term `scripted` failed: TypeError: .* argument after \* must be"):
        charges_of(Scripted(columns=None), facts(THREE_PERIODS), PIECES)


def test_classes_that_are_no_term_are_refused() -> None:
    class NoStream(Term):
        kind: Literal["test_no_stream"] = "test_no_stream"

        def charges(self, facts: Facts, measures: Measures) -> Charges:
            """Nothing."""
            return Charges.none()

    class Penalty(NoStream):
        kind: Literal["test_no_stream"] = "test_no_stream"
        stream: ClassVar[str] = "penalty"
        amount: Money = Field(description="none")

    class NoCharges(Term):
        kind: Literal["test_no_stream"] = "test_no_stream"
        stream: ClassVar[str] = "none"

    for model in (NoStream, Penalty):
        with pytest.raises(TypeError, match="needs a revenue stream of its own"):
            contract_term("test_no_stream")(model)
    with pytest.raises(TypeError, match="needs a method `charges`"):
        contract_term("test_no_stream")(NoCharges)
    with pytest.raises(TypeError, match=r"derive it from policies\.contracts\.Term"):
        TERMS.register("test_no_stream")(int)  # type: ignore[type-var]
    with pytest.raises(ValueError, match="two contract term policies of kind 'usage'"):
        contract_term("usage")(type("Usage", (Usage,), {"__module__": __name__}))
    assert "test_no_stream" not in TERMS.kinds
