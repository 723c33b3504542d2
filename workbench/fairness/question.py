"""The question of an audit: attributes, metrics and tolerance."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from workbench.fairness.disparity import METRICS
from workbench.fairness.groups import MOST_VALUES, Bands
from workbench.foundation.errors import ParameterError, unknown_name

#: Equalized odds is judged by these two rates together.
ODDS = ("true_positive_rate", "false_positive_rate")


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """The question of an audit.

    Attributes
    ----------
    attributes : tuple of str
        Columns whose groups are compared.
    tolerance : float, optional
        Largest difference of rates, 0 to 1, that does not matter; .05 are 5 points.
    least_ratio : float, optional
        Smallest ratio of the lower to the higher rate, 0 to 1, that does not matter. At least one
        of the two tolerances is given. With both, both have to be kept.
    least : int
        Smallest denominator of a rate with which a group has to be shown within the tolerance. A
        smaller group is compared too, and a difference of it can be shown; where none is, the
        answer says which difference cannot be excluded.
    about : str
        What is audited, in words: "campaign retention-offer".
    metrics : tuple of str
        Names of ``METRICS``; empty for all that the data allow.
    judged : tuple of str
        Metrics that get a verdict: by default the selection rate and, with outcomes, equalized
        odds. The right metric depends on the decision: selection rate and true positive rate for a
        scarce benefit, false positive rate for a burden.
    are_crossed : bool
        Whether combinations of several attributes are compared too.
    references : mapping of str to str
        Group of each attribute that is the reference in its pairs; by default the larger one, but
        never "missing".
    bands, most_values
        Parameters of ``assign_groups``.
    """

    attributes: tuple[str, ...]
    tolerance: float | None = 0.05
    least_ratio: float | None = None
    least: int = 10
    about: str = ""
    metrics: tuple[str, ...] = ()
    judged: tuple[str, ...] = ("selection_rate", "equalized_odds")
    are_crossed: bool = False
    references: Mapping[str, str] = field(default_factory=dict)
    bands: Bands | None = None
    most_values: int = MOST_VALUES

    def __post_init__(self) -> None:
        """Refuse unknown metrics and numbers outside their range."""
        if self.tolerance is None and self.least_ratio is None:
            raise ParameterError("an audit needs a tolerance: tolerance, least_ratio or both")
        for name, value in (("tolerance", self.tolerance), ("least_ratio", self.least_ratio)):
            if value is not None and not 0 < value < 1:
                raise ParameterError(f"{name} is {value}: it must be between 0 and 1")
        if self.least < 1:
            raise ParameterError(f"least is {self.least}: it must be 1 or more")
        for name in self.metrics:
            if name not in METRICS:
                raise ParameterError(unknown_name("metric", name, METRICS))
        for name in self.judged:
            if name not in (*METRICS, "equalized_odds"):
                raise ParameterError(
                    unknown_name("judged metric", name, (*METRICS, "equalized_odds"))
                )

    @property
    def tolerance_words(self) -> str:
        """The tolerances in words: "by more than 5 points or by a ratio below 0.8"."""
        parts = []
        if self.tolerance is not None:
            parts.append(f"by more than {100 * self.tolerance:.3g} points")
        if self.least_ratio is not None:
            parts.append(f"by a ratio below {self.least_ratio:.3g}")
        return " or ".join(parts)


def judged_rates(judged: str) -> tuple[str, ...]:
    """Return the rates of a judged metric: two for equalized odds, otherwise the metric itself."""
    return ODDS if judged == "equalized_odds" else (judged,)
