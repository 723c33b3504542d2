"""Estimates with their uncertainty, intervals, tests and verdicts.

An *estimate* is a number with its interval and the number of persons behind it. A *verdict* answers
a question in words, in one of three ways: the effect is shown, it is shown that there is none, or
there are not enough data; then the verdict gives the sample size that would be needed.

Methods are imported from their own modules (``intervals``, ``auc``, ``calibration``,
``comparisons``, ``ranges``, ``resampling``, ``unimodality``). They import scipy, which takes half a
second, and a command without figures should not wait for it.
"""

from workbench.statistics.estimates import Estimate, difference, ratio
from workbench.statistics.verdicts import Outcome, Verdict

__all__ = ["Estimate", "Outcome", "Verdict", "difference", "ratio"]
