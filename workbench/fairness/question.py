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
    tolerance : float
        Largest difference of rates, 0 to 1, that does not matter.
    least : int
        Smallest denominator of a rate with which a group is judged.
    metrics : tuple of str
        Names of ``METRICS``; empty for all that the data allow.
    judged : tuple of str
        Metrics that get a verdict: by default the selection rate and, with outcomes, equalized
        odds. The right metric depends on the decision: selection rate and true positive rate for a
        scarce benefit, false positive rate for a burden.
    are_crossed : bool
        Whether combinations of several attributes are compared too.
    references : mapping of str to str
        Reference group of each attribute; the largest group by default.
    bands, most_values
        Parameters of ``assign_groups``.
    """

    attributes: tuple[str, ...]
    tolerance: float = 0.05
    least: int = 10
    metrics: tuple[str, ...] = ()
    judged: tuple[str, ...] = ("selection_rate", "equalized_odds")
    are_crossed: bool = False
    references: Mapping[str, str] = field(default_factory=dict)
    bands: Bands | None = None
    most_values: int = MOST_VALUES

    def __post_init__(self) -> None:
        """Refuse unknown metrics and numbers outside their range."""
        if not 0 < self.tolerance < 1:
            raise ParameterError(f"tolerance is {self.tolerance}: it must be between 0 and 1")
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


def judged_rates(judged: str) -> tuple[str, ...]:
    """Return the rates of a judged metric: two for equalized odds, otherwise the metric itself."""
    return ODDS if judged == "equalized_odds" else (judged,)
