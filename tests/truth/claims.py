"""Hold what verdicts and intervals claim against many seeded worlds.

    python -m tests.truth.claims [--worlds 100] [--only segments calibration audits intervals]
                                 [--out FILE]

A cell is a kind of world with a number of customers. The outcome on each of its worlds is taken
once, and each claim about the cell counts the worlds on which it came out in a certain way
(``claimed_rates``). Seeds are fixed. ``tests/truth/test_claims_on_worlds.py`` runs a short form.
With ``--only`` the other parts keep what was counted before, and all are judged together.
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.truth.audited_cells import audited_cells
from tests.truth.claimed_rates import Cell, Counted, claim_key, count, doubtful, judge, read, table
from tests.truth.figure_cells import figure_cells
from tests.truth.interval_cells import interval_cells
from tests.truth.verdict_cells import verdict_cells

RESULTS = Path(__file__).parents[1] / "bench" / "claims.md"
WORLDS = 100
_HEAD = """# Claims held against worlds

`make claims`: 100 worlds of each kind, or 1,000 to 2,000 draws of counts, seeds from 5,000. A
claim fails where the whole 99 % interval of its share lies outside the bounds, adjusted by Holm
over all claims: p is the adjusted p-value of the nearer bound, and a claim fails below .005. The
interval of the table is not adjusted. The median width is at most 1.15 times that of other
intervals where this is so in at least half of the draws; `tests/truth/interval_cells.py` names the
others.

"""


def cells() -> Iterator[Cell]:
    """Yield all cells."""
    yield from verdict_cells()
    yield from interval_cells()
    yield from audited_cells()
    yield from figure_cells()


def claims() -> list[tuple[str, ...]]:
    """Return what is claimed about all cells, in the order of the table."""
    return [claim_key(cell, claim) for cell in cells() for claim in cell.claims]


def in_order(counted: list[Counted]) -> list[Counted]:
    """Return counted claims in the order of the cells, without those that are claimed no more."""
    found = {each.key: each for each in counted}
    return [found[key] for key in claims() if key in found]


def page(judged: list[Counted]) -> str:
    """Return the page of all claims; those that hold by the adjustment alone are named."""
    failed = sum(not each.holds for each in judged)
    said = [f"{failed} of {len(judged)} claims fail."]
    for each in doubtful(judged):
        said.append(
            f"In doubt: {each.cell.part}, {each.cell.world}, {each.cell.customers:,}: "
            f'"{each.claim.says}" came out in {each.hits:,} of {each.worlds:,}, and only the '
            f"adjustment lets {each.claim.bounds} hold."
        )
    return "\n".join([_HEAD + said[0], *said[1:], "", table(judged)])


def main() -> int:
    """Count all claims, write the table, and return 1 where a claim fails."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--worlds", type=int, default=WORLDS)
    parser.add_argument("--only", nargs="*", help="parts to run; all by default")
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    chosen = [cell for cell in cells() if options.only is None or cell.part in options.only]
    before = read(options.out.read_text()) if options.only and options.out.exists() else []
    kept = [each for each in before if each.cell.part not in options.only]
    judged = judge(
        in_order([*kept, *(each for cell in chosen for each in count(cell, options.worlds))])
    )
    options.out.write_text(page(judged))
    failed = sum(not each.holds for each in judged)
    sys.stdout.write(f"{failed} of {len(judged)} claims fail: {options.out}\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
