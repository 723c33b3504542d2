"""Figures that say how sure they are: estimates, intervals, tests and verdicts.

An *estimate* is a number with its interval and the number of persons behind it. A *verdict* answers
a question in words, in one of three ways: shown, shown not, or not enough data, with the sample
size that would be needed. A point estimate alone is neither.

Methods are imported from their own modules (``intervals``, ``auc``, ``calibration``,
``comparisons``, ``ranges``, ``resampling``, ``unimodality``): they need scipy, which takes half a
second that a command without figures need not pay.
"""

from workbench.statistics.estimates import Estimate, difference, ratio
from workbench.statistics.verdicts import Outcome, Verdict

__all__ = ["Estimate", "Outcome", "Verdict", "difference", "ratio"]
