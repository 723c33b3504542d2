"""Claims about how often an outcome comes out over seeded worlds, counted and judged.

A claim gives the least and the largest share of worlds on which its outcomes may come out. It fails
where the whole exact 99 % interval of the measured share lies outside these bounds, adjusted by
Holm over all claims that are judged together.
"""

import sys
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np
from scipy import stats

from workbench.statistics.comparisons import adjust_p_values

FIRST_SEED = 5_000  # no constant was chosen on a world of these seeds
#: A claim fails where its adjusted one-sided p-value is below half of 1 %.
LEVEL = 0.005


@dataclass(frozen=True)
class Claim:
    """The least and the largest share of worlds on which some outcomes come out."""

    says: str
    outcomes: tuple[str, ...]
    least: float = 0.0
    most: float = 1.0

    @property
    def bounds(self) -> str:
        """The bounds in words."""
        if self.least and self.most < 1:
            return f"{self.least:.0%} to {self.most:.0%}"
        return f"at least {self.least:.0%}" if self.least else f"at most {self.most:.0%}"


@dataclass(frozen=True)
class Cell:
    """Worlds of one kind, the outcome on each by its seed, and what is claimed about them."""

    part: str
    world: str
    customers: int
    outcome: Callable[[int], str]
    claims: tuple[Claim, ...]
    draws: int = 1  # worlds for each one that is asked for, where they are drawn in no time


@dataclass(frozen=True)
class Counted:
    """How often a claim's outcomes came out in a cell, and whether the claim holds."""

    cell: Cell
    claim: Claim
    hits: int
    worlds: int
    p_value: float = 1.0  # of a share within the bounds, adjusted by Holm where judged

    @property
    def key(self) -> tuple[str, ...]:
        """What is claimed about which worlds."""
        return claim_key(self.cell, self.claim)

    @property
    def holds(self) -> bool:
        """Whether the measured share is compatible with the bounds."""
        return self.p_value >= LEVEL


def claim_key(cell: Cell, claim: Claim) -> tuple[str, ...]:
    """Return the words by which a table tells a claim about a cell from all others."""
    return cell.part, cell.world, f"{cell.customers:,}", claim.says, claim.bounds


def wrongly(says: str, *outcomes: str) -> Claim:
    """Return the claim that something false is said in at most 5 of 100."""
    return Claim(says, outcomes, most=0.05)


def rightly(says: str, *outcomes: str, bound: float = 0.8) -> Claim:
    """Return the claim that something true is said often enough."""
    return Claim(says, outcomes, least=bound)


def count(cell: Cell, worlds: int) -> list[Counted]:
    """Return how often each claim's outcomes came out, and the p-value before the adjustment."""
    worlds = worlds * cell.draws
    found = Counter(str(cell.outcome(seed)) for seed in range(FIRST_SEED, FIRST_SEED + worlds))
    sys.stderr.write(f"{cell.part}: {cell.world}, {cell.customers:,}: {dict(found)}\n")
    return [
        tested(cell, claim, sum(found[str(outcome)] for outcome in claim.outcomes), worlds)
        for claim in cell.claims
    ]


def tested(cell: Cell, claim: Claim, hits: int, worlds: int) -> Counted:
    """Return a counted claim with the p-value of the nearer bound, not adjusted."""
    p_value = min(
        stats.binomtest(hits, worlds, claim.least, alternative="less").pvalue,
        stats.binomtest(hits, worlds, claim.most, alternative="greater").pvalue,
    )
    return Counted(cell, claim, hits, worlds, float(p_value))


def judge(counted: Iterable[Counted]) -> list[Counted]:
    """Return the claims with p-values adjusted by Holm over all of them."""
    rows = list(counted)
    adjusted = adjust_p_values(np.array([each.p_value for each in rows]))
    return [replace(each, p_value=float(p)) for each, p in zip(rows, adjusted, strict=True)]


def read(text: str) -> list[Counted]:
    """Return the claims of a table in Markdown that ``table`` made, as they were counted."""
    found = []
    for line in text.splitlines():
        cells = [each.strip() for each in line.strip("|").split(" | ")]
        if len(cells) != 9 or not cells[2][:1].isdigit():
            continue
        part, world, customers, says, bounds, measured = cells[:6]
        shares = [float(each.rstrip("%")) / 100 for each in bounds.split() if each[0].isdigit()]
        claim = Claim(
            says,
            (),
            least=0.0 if bounds.startswith("at most") else shares[0],
            most=1.0 if bounds.startswith("at least") else shares[-1],
        )
        hits, worlds = (int(each.replace(",", "")) for each in measured.split(" of "))
        cell = Cell(part, world, int(customers.replace(",", "")), str, (claim,))
        found.append(tested(cell, claim, hits, worlds))
    return found


def table(judged: list[Counted]) -> str:
    """Return the claims as a table in Markdown."""
    lines = [
        "| part | worlds | customers | said | bounds | measured | 99 % interval | p | claim |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for each in judged:
        low, high = _limits(each)
        lines.append(
            f"| {each.cell.part} | {each.cell.world} | {each.cell.customers:,} | "
            f"{each.claim.says} | {each.claim.bounds} | {each.hits:,} of {each.worlds:,} | "
            f"{low:.1%} to {high:.1%} | {each.p_value:.3f} | "
            f"{'holds' if each.holds else '**fails**'} |"
        )
    return "\n".join(lines) + "\n"


def doubtful(judged: list[Counted]) -> list[Counted]:
    """Return the claims that hold only because of the adjustment, their own interval does not."""
    return [
        each
        for each in judged
        if each.holds
        and (_limits(each)[1] < each.claim.least or _limits(each)[0] > each.claim.most)
    ]


def _limits(counted: Counted) -> tuple[float, float]:
    """Return the exact 99 % interval of the share, not adjusted."""
    found = stats.binomtest(counted.hits, counted.worlds).proportion_ci(0.99, method="exact")
    return float(found.low), float(found.high)
