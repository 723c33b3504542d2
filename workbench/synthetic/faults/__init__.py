"""What is wrong with what was recorded: spoilt in the finished tables, and all of it known."""

from workbench.synthetic.faults.spoiling import spoil, untouched

__all__ = ["spoil", "untouched"]
