"""Contract terms: what a contract charges, one file per kind. The rules are in docs/contracts.md.

A term is a frozen configuration with a `kind` and a pure function of `Facts`, what the records say of the contract's
stock points. A kind of one's own is a class in a policy file, as in `policies.contracts.term`.
"""

from policies.contracts.buy_back import BuyBack
from policies.contracts.checked import TermError, charges_of
from policies.contracts.data_service import DataService
from policies.contracts.emergency import Emergency
from policies.contracts.fee import Fee
from policies.contracts.return_credit import ReturnCredit
from policies.contracts.running_hours import RunningHours
from policies.contracts.sale import Sale
from policies.contracts.savings_share import SavingsShare
from policies.contracts.subscription import Subscription
from policies.contracts.term import TABLES, TERMS, Charges, Facts, Measures, Rows, Term, contract_term
from policies.contracts.tiers import Tier
from policies.contracts.usage import Usage

__all__ = [
    "TABLES",
    "TERMS",
    "BuyBack",
    "Charges",
    "DataService",
    "Emergency",
    "Facts",
    "Fee",
    "Measures",
    "ReturnCredit",
    "Rows",
    "RunningHours",
    "Sale",
    "SavingsShare",
    "Subscription",
    "Term",
    "TermError",
    "Tier",
    "Usage",
    "charges_of",
    "contract_term",
]
