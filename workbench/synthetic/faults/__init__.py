"""Faults of the recorded data, planted in the finished tables and listed in the truth."""

from workbench.synthetic.faults.spoiling import spans_without_faults, spoil

__all__ = ["spans_without_faults", "spoil"]
