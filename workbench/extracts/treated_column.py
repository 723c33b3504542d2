"""What was done to one column of an extract."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class TreatedColumn:
    """What was done to one column.

    Attributes
    ----------
    table, column : str
        Names in the extract.
    treatment : str
        What was done, in words.
    suppressed : int
        Number of cells that are empty or ``*`` since the column was treated.
    loss : float or None
        Share of the column's information that is lost, 0 to 1; None where it is not measured.
    """

    table: str
    column: str
    treatment: str
    suppressed: int = 0
    loss: float | None = None
