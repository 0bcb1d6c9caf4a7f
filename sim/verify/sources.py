"""Where the formulas come from."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Source:
    """A publication.

    Attributes:
        authors: surnames, as they are cited.
        year: of publication.
        reference: title and place, as in a list of references.
    """

    authors: str
    year: int
    reference: str

    def __str__(self) -> str:
        return f"{self.authors} ({self.year})"


HARRIS = Source("Harris", 1913, "How many parts to make at once. Factory, The Magazine of Management 10.")
ERLANG = Source(
    "Erlang", 1917, "Solution of some problems in the theory of probabilities ... Elektroteknikeren 13; for any lead "
    "time: B. A. Sevastyanov (1957), Theory of Probability and its Applications 2."
)  # fmt: skip
CLOPPER_PEARSON = Source(
    "Clopper & Pearson", 1934, "The use of confidence or fiducial limits illustrated in the case of the binomial. "
    "Biometrika 26."
)  # fmt: skip
PALM = Source(
    "Palm", 1938, "Analysis of the Erlang traffic formulae for busy-signal arrangements. Ericsson Technics 4."
)
ARROW_HARRIS_MARSCHAK = Source("Arrow, Harris & Marschak", 1951, "Optimal inventory policy. Econometrica 19.")
BROWN = Source("Brown", 1956, "Exponential Smoothing for Predicting Demand. Arthur D. Little.")
CLARK_SCARF = Source(
    "Clark & Scarf", 1960, "Optimal policies for a multi-echelon inventory problem. Management Science 6; in "
    "continuous time: F. Chen and Y.-S. Zheng (1994), Management Science 40."
)  # fmt: skip
HADLEY_WHITIN = Source("Hadley & Whitin", 1963, "Analysis of Inventory Systems. Prentice-Hall.")
FEENEY_SHERBROOKE = Source(
    "Feeney & Sherbrooke", 1966, "The (S-1, S) inventory policy under compound Poisson demand. Management Science 12."
)  # fmt: skip
ADELSON = Source("Adelson", 1966, "Compound Poisson distributions. Operational Research Quarterly 17.")
SHERBROOKE = Source(
    "Sherbrooke", 1968, "METRIC: a multi-echelon technique for recoverable item control. Operations Research 16."
)  # fmt: skip
SIMON = Source(
    "Simon", 1971, "Stationary properties of a two-echelon inventory model for low demand items. Operations Research "
    "19; as a binomial share: S. C. Graves (1985), Management Science 31."
)  # fmt: skip
CROSTON = Source(
    "Croston", 1972, "Forecasting and stock control for intermittent demands. Operational Research Quarterly 23."
)
MAISTER = Source(
    "Maister", 1976, "Centralisation of inventories and the \"square root law\". International Journal of Physical "
    "Distribution 6."
)  # fmt: skip
EPPEN = Source(
    "Eppen", 1979, "Effects of centralization on expected costs in a multi-location newsboy problem. Management "
    "Science 25."
)  # fmt: skip
AXSAETER = Source(
    "Axsäter", 1990, "Modelling emergency lateral transshipments in inventory systems. Management Science 36."
)  # fmt: skip
ZHENG_FEDERGRUEN = Source(
    "Zheng & Federgruen", 1991, "Finding optimal (s, S) policies is about as simple as evaluating a single policy. "
    "Operations Research 39."
)  # fmt: skip
ZIPKIN = Source("Zipkin", 2000, "Foundations of Inventory Management. McGraw-Hill.")
SHANG_SONG = Source(
    "Shang & Song", 2003, "Newsvendor bounds and heuristic for optimal policies in serial supply chains. Management "
    "Science 49."
)  # fmt: skip
SYNTETOS_BOYLAN = Source(
    "Syntetos & Boylan", 2005, "The accuracy of intermittent demand estimates. International Journal of Forecasting 21."
)  # fmt: skip
TEUNTER_SYNTETOS_BABAI = Source(
    "Teunter, Syntetos & Babai", 2011, "Intermittent demand: linking forecasting to inventory obsolescence. European "
    "Journal of Operational Research 214."
)  # fmt: skip
