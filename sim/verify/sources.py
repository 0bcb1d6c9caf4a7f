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


VAN_T_HOFF = Source("van 't Hoff", 1884, "Études de dynamique chimique. Frederik Muller.")
ARRHENIUS = Source(
    "Arrhenius", 1889, "Über die Reaktionsgeschwindigkeit bei der Inversion von Rohrzucker durch Säuren. Zeitschrift "
    "für physikalische Chemie 4."
)  # fmt: skip
HARRIS = Source("Harris", 1913, "How many parts to make at once. Factory, The Magazine of Management 10.")
ERLANG = Source(
    "Erlang", 1917, "Solution of some problems in the theory of probabilities ... Elektroteknikeren 13; for any lead "
    "time: B. A. Sevastyanov (1957), Theory of Probability and its Applications 2."
)  # fmt: skip
CLOPPER_PEARSON = Source(
    "Clopper & Pearson", 1934, "The use of confidence or fiducial limits illustrated in the case of the binomial. "
    "Biometrika 26."
)  # fmt: skip
SHEWHART = Source("Shewhart", 1931, "Economic Control of Quality of Manufactured Product. Van Nostrand.")
PALM = Source(
    "Palm", 1938, "Analysis of the Erlang traffic formulae for busy-signal arrangements. Ericsson Technics 4."
)
FELLER = Source("Feller", 1950, "An Introduction to Probability Theory and Its Applications, chapter 17. Wiley.")
ARROW_HARRIS_MARSCHAK = Source("Arrow, Harris & Marschak", 1951, "Optimal inventory policy. Econometrica 19.")
TAYLOR_JACKSON = Source(
    "Taylor & Jackson", 1954, "An application of the birth and death process to the provision of spare machines. "
    "Operational Research Quarterly 5; for any lead time: F. Baskett, K. M. Chandy, R. R. Muntz and F. G. Palacios "
    "(1975), Journal of the ACM 22."
)  # fmt: skip
SMITH = Source("Smith", 1955, "Regenerative stochastic processes. Proceedings of the Royal Society of London A 232.")
BROWN = Source("Brown", 1956, "Exponential Smoothing for Predicting Demand. Arthur D. Little.")
CLARK_SCARF = Source(
    "Clark & Scarf", 1960, "Optimal policies for a multi-echelon inventory problem. Management Science 6; in "
    "continuous time: F. Chen and Y.-S. Zheng (1994), Management Science 40."
)  # fmt: skip
KEMENY_SNELL = Source("Kemeny & Snell", 1960, "Finite Markov Chains. Van Nostrand.")
LITTLE = Source("Little", 1961, "A proof for the queuing formula L = λW. Operations Research 9.")
COX = Source("Cox", 1962, "Renewal Theory. Methuen.")
HADLEY_WHITIN = Source("Hadley & Whitin", 1963, "Analysis of Inventory Systems. Prentice-Hall.")
SMITH_LEADBETTER = Source(
    "Smith & Leadbetter", 1963, "On the renewal function for the Weibull distribution. Technometrics 5; solved as in "
    "M. Xie (1989), Communications in Statistics: Simulation and Computation 18."
)  # fmt: skip
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
BARLOW_PROSCHAN = Source(
    "Barlow & Proschan", 1975, "Statistical Theory of Reliability and Life Testing, chapter 7. Holt, Rinehart and "
    "Winston."
)  # fmt: skip
MAISTER = Source(
    "Maister", 1976, "Centralisation of inventories and the \"square root law\". International Journal of Physical "
    "Distribution 6."
)  # fmt: skip
EPPEN = Source(
    "Eppen", 1979, "Effects of centralization on expected costs in a multi-location newsboy problem. Management "
    "Science 25."
)  # fmt: skip
WOLFF = Source("Wolff", 1982, "Poisson arrivals see time averages. Operations Research 30.")
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
KANG_GERSHWIN = Source(
    "Kang & Gershwin",
    2005,
    "Information inaccuracy in inventory systems: stock loss and stockout. IIE Transactions 37.",
)
JOHNSON_KEMP_KOTZ = Source("Johnson, Kemp & Kotz", 2005, "Univariate Discrete Distributions. Wiley.")
WIDROW_KOLLAR = Source("Widrow & Kollár", 2008, "Quantization Noise. Cambridge University Press.")
TEUNTER_SYNTETOS_BABAI = Source(
    "Teunter, Syntetos & Babai", 2011, "Intermittent demand: linking forecasting to inventory obsolescence. European "
    "Journal of Operational Research 214."
)  # fmt: skip
