"""Figures about persons that may be published: counts, shares, sums, means, medians, model figures.

The ``Release`` of a view (``view.release``) makes all of them. Mean spending of segments::

    view.release.means(spent, ["segment"], of={"net_minor": 1})

``EXACT`` makes figures without noise, for published data and for tests.
"""

from workbench.privacy.release.bins import (
    bin_counts,
    binned_delta,
    binned_median,
    binned_quantile,
)
from workbench.privacy.release.model_figures import (
    RoundedFigure,
    calibration_gap,
    model_origin,
    rounded_figure,
    rounding_step,
)
from workbench.privacy.release.noise import VARIANCE
from workbench.privacy.release.released_figures import EXACT, LARGEST_BOUND, Release, one_digit_up
from workbench.privacy.release.shares import (
    Shares,
    share_columns,
    share_difference,
    shares,
    shares_between,
)

__all__ = [
    "EXACT",
    "LARGEST_BOUND",
    "VARIANCE",
    "Release",
    "RoundedFigure",
    "Shares",
    "bin_counts",
    "binned_delta",
    "binned_median",
    "binned_quantile",
    "calibration_gap",
    "model_origin",
    "one_digit_up",
    "rounded_figure",
    "rounding_step",
    "share_columns",
    "share_difference",
    "shares",
    "shares_between",
]
