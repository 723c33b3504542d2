"""An anonymised extract before it is written: tables, what was done, and the risk that is left."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import polars as pl

from workbench.extracts.treated_column import TreatedColumn
from workbench.foundation.errors import PrivacyError
from workbench.privacy.risk.group_losses import EVERYBODY
from workbench.privacy.risk.risk_report import RiskReport
from workbench.statistics.verdicts import Outcome, Verdict
from workbench.studies import ExtractPolicy

if TYPE_CHECKING:
    from workbench.extracts.model_utility import ModelUtility  # scikit-learn takes a second

#: Number of characteristics that are named with their groups that lose most.
_NAMED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Extract:
    """An anonymised extract.

    Attributes
    ----------
    source : mapping
        What it was made from: ``file``, or ``dataset`` with its ``version``; content for JSON.
    policy : ExtractPolicy
        Policy by which it was made.
    tables : mapping of str to DataFrame
        Tables, their rows in an order drawn at random.
    columns : tuple of TreatedColumn
        Treatment of every column of the source, also of those that were dropped.
    persons, suppressed : int
        Number of persons of the source, and of those who were left out to reach the criteria.
    reached : mapping of str to float
        Criteria as measured on the extract, such as ``k`` and ``l of occupation``.
    utility : mapping of str to float
        Measures of what was lost, by name.
    models : ModelUtility or None
        How well a model still predicts, where that was measured.
    risk : RiskReport
        Risk that is left.
    further : mapping
        Figures of the kind of extract, as content for JSON.
    notes : tuple of str
        Assumptions and losses that its readers have to know.
    """

    source: Mapping[str, Any]
    policy: ExtractPolicy
    tables: Mapping[str, pl.DataFrame] = field(repr=False)
    columns: tuple[TreatedColumn, ...]
    persons: int
    suppressed: int
    reached: Mapping[str, float]
    utility: Mapping[str, float]
    models: "ModelUtility | None"
    risk: RiskReport
    further: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """Verdicts on the risks; on inference only if the extract has a sensitive column."""
        has_sensitive = bool(self.risk.question.sensitive)
        return tuple(
            each for each in self.risk.verdicts if has_sensitive or each.name != "inference_risk"
        )

    def faults(self) -> list[str]:
        """Return why the extract must not leave: what exceeds the policy's limits, in words."""
        return [
            f"{each.question} {each.answer}"
            for each in self.verdicts
            if each.outcome is Outcome.NOT_SHOWN
        ]

    def doubts(self) -> list[str]:
        """Return which risks are not known to be within the policy's limits, in words."""
        return [f"{each.question} {each.answer}" for each in self.verdicts if each.outcome.is_open]

    def who_loses(self) -> str:
        """Say which characteristics have the groups that lose most, with 95 % intervals.

        Groups are not named, as their names are values of the data. Empty if nothing was measured.
        """
        losses = self.risk.losses
        if losses is None:
            return ""
        everybody = losses.filter(pl.col("characteristic") == EVERYBODY)["loss"].item()
        groups = losses.filter(pl.col("characteristic") != EVERYBODY)
        worst = groups.sort(["loss", "characteristic"], descending=[True, False])
        named = worst.unique("characteristic", keep="first", maintain_order=True).head(_NAMED)
        parts = [
            f"a group of {row['characteristic'] if row['characteristic'].isprintable() else '?'} "
            f"{row['loss']:.0%} ({row['loss_low']:.0%} to {row['loss_high']:.0%})"
            for row in named.iter_rows(named=True)
        ]
        return f"Who loses most: {', '.join(parts)}; everybody {everybody:.0%}." if parts else ""

    def require_within_limits(self) -> None:
        """Refuse an extract whose risk is above the limits of its policy, or is not known.

        A risk that is not known is refused where the policy says so.

        Raises
        ------
        PrivacyError
            The extract must not leave; the message has every limit that is exceeded.
        """
        if self.suppressed == self.persons:
            raise PrivacyError(
                f"policy {self.policy.name} leaves nobody in the extract: take a smaller k or "
                "suppression_limit, or a larger table"
            )
        if faults := self.faults():
            raise PrivacyError(
                f"policy {self.policy.name} forbids this extract: {' '.join(faults)} Take a "
                "larger k, fewer columns or coarser hierarchies, drop columns that are kept, "
                "perturbed or pseudonymised, or leave rows of one person unlinked"
            )
        if self.policy.doubts == "refused" and (doubts := self.doubts()):
            raise PrivacyError(
                f"policy {self.policy.name} forbids an extract of which this is not known: "
                f"{' '.join(doubts)} An interval that is too wide needs more persons; otherwise "
                'take fewer columns or coarser hierarchies, or state doubts = "said" to hand it '
                "out with these words on its page"
            )
