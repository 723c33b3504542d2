"""Estimates with their uncertainty, intervals, tests and verdicts.

An *estimate* is a number with its interval and the number of persons behind it. A *verdict* answers
a question in words by a rule: the effect is shown, it is shown that there is none, there are not
enough data (then the verdict gives the sample size that would do), or it cannot be said.

Methods are imported from their own modules (``intervals``, ``auc``, ``calibration``,
``comparisons``, ``ranges``, ``resampling``, ``unimodality``). They import scipy, which takes half a
second, and a command without figures should not wait for it.
"""

from workbench.statistics.estimates import Estimate, difference, ratio
from workbench.statistics.verdicts import Outcome, Verdict, judge

__all__ = ["Estimate", "Outcome", "Verdict", "difference", "judge", "ratio"]
