"""Count the rows of a load that contradict each other, by the rules of ``schema.consistency``.

Which of two rows is wrong is unknown, so none is refused: the load warns of them. Only rows that
are read together are compared, those of one file or of one batch of a large file; an order and its
lines always are.
"""

from collections import Counter
from collections.abc import Iterator, Mapping

import polars as pl

from workbench.foundation.counted_nouns import count_text
from workbench.schema.consistency import CHECKS


def count_contradictions(tables: Mapping[str, pl.DataFrame]) -> Counter[str]:
    """Return the number of rows that break each rule, by the name of the rule."""
    rows = {name: each.lazy() for name, each in tables.items()}
    return Counter(
        {
            name: check.find_broken(rows).select(pl.len()).collect().item()
            for name, check in CHECKS.items()
            if set(check.needs) <= set(rows)
        }
    )


def contradiction_warnings(counts: Mapping[str, int]) -> Iterator[str]:
    """Yield a sentence on each rule that rows break.

    >>> [warning] = contradiction_warnings({"refund": 1, "terms": 0})
    >>> warning.partition(": ")[0]
    '1 order is loaded as stated and breaks a rule'
    """
    for name, count in counts.items():
        if count:
            stated = count_text(count, CHECKS[name].table.removesuffix("s"), "are")
            breaks = "breaks" if count == 1 else "break"
            yield f"{stated} loaded as stated and {breaks} a rule: {CHECKS[name].rule.words}"
