"""What a segment is like: size, value, what sets it apart, and a name computed from that."""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from workbench.features import feature_dictionary
from workbench.foundation.streams import Stream
from workbench.models.grouping import Labels
from workbench.models.latent import Floats
from workbench.models.leaks import sample
from workbench.statistics.auc import ranking
from workbench.statistics.intervals import wilson

#: Distance of a segment's centre from the average, in standard deviations, that names it.
_NOTABLE = 0.4
_ROWS = 20_000
_BLOCKS = 2000
_DRAWS = 1000
#: Features that a segment is described by, where the data have them.
_DESCRIBED_GROUPS = ("recency", "frequency", "value", "tenure", "returns", "products", "channels")

_WORDS = {
    "order_frequency": ("frequent", "occasional"),
    "order_value": ("high value", "low value"),
    "basket_breadth": ("broad baskets", "narrow baskets"),
}


def segment_names(centres: Floats, traits: tuple[str, ...]) -> list[str]:
    """Name each group by what sets its centre apart from the average.

    Parameters
    ----------
    centres : array, shape (groups, traits)
        In standard deviations from the average.
    traits : tuple of str

    Returns
    -------
    list of str
        "frequent, high value, toys"; "average" where nothing stands out; a number is added where
        two would be the same.
    """
    names = [_name(dict(zip(traits, centre.tolist(), strict=True))) for centre in centres]
    seen: dict[str, int] = {}
    unique = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        unique.append(name if names.count(name) == 1 else f"{name} ({seen[name]})")
    return unique


def sizes(
    labels: Labels, values: NDArray[np.int64], names: list[str], *, seed: int
) -> pl.DataFrame:
    """Return size and value of each segment, the most valuable first.

    Parameters
    ----------
    labels : array of int, shape (customers,)
    values : array of int, shape (customers,)
        Net amount of each customer, minor units, 0 or more.
    names : list of str
        One per group.
    seed : int
        Of the resampling.

    Returns
    -------
    DataFrame, shape (segments, 8)
        ``segment``, ``persons``, ``share``, ``low``, ``high`` (Wilson), ``value_share``,
        ``value_low``, ``value_high`` (percentile interval over resampled customers).

    Notes
    -----
    Customers are put into 2,000 blocks at random and blocks are drawn with replacement: the same
    variance as drawing customers, at a cost that does not grow with their number.
    """
    k, n = len(names), labels.size
    persons = np.bincount(labels, minlength=k)
    low, high = wilson(persons, np.full(k, n))
    random = Stream(seed, "value shares").generator()
    blocks = random.permutation(n) % min(n, _BLOCKS)
    totals = np.zeros((int(blocks.max()) + 1, k))
    np.add.at(totals, (blocks, labels), values.astype(np.float64))
    drawn = random.multinomial(len(totals), np.full(len(totals), 1 / len(totals)), size=_DRAWS)
    resampled = drawn @ totals
    shares = resampled / np.maximum(resampled.sum(axis=1, keepdims=True), 1)
    value_low, value_high = np.quantile(shares, [0.025, 0.975], axis=0)
    table = pl.DataFrame(
        {
            "segment": names,
            "persons": persons.astype(np.int64),
            "share": persons / n,
            "low": low,
            "high": high,
            "value_share": totals.sum(axis=0) / max(float(totals.sum()), 1.0),
            "value_low": value_low,
            "value_high": value_high,
        }
    ).with_columns(pl.col("value_share", "value_low", "value_high").round(9))
    return table.sort("value_share", "segment", descending=[True, False])


def profile_table(
    labels: Labels, features: pl.DataFrame, names: list[str], *, seed: int
) -> pl.DataFrame:
    """Return what sets each segment apart, in terms of the feature table.

    Parameters
    ----------
    labels : array of int, shape (customers,)
    features : DataFrame, shape (customers, 1 + features)
        In the same order.
    names : list of str
    seed : int
        Of the sample that effect sizes are computed on.

    Returns
    -------
    DataFrame, shape (segments x features, 9)
        ``segment``, ``persons``, ``feature``, ``group``, ``unit``, ``typical`` and ``others``
        (median in the segment and among all other customers; mean for shares), ``effect`` (Cliff's
        delta against all others, -1 to 1: the chance that the segment's customer has more, less
        the chance of less), ``rank`` (1 is what sets the segment apart most). Sorted by segment
        and rank.

    References
    ----------
    Cliff 1993, "Dominance statistics", Psychological Bulletin 114.
    """
    meaning = feature_dictionary([name for name in features.columns if name != "customer_id"])
    described = meaning.filter(pl.col("group").is_in(_DESCRIBED_GROUPS))
    picked = sample(features.height, _ROWS, seed=seed)
    lines = []
    for feature, group, unit, _ in described.iter_rows():
        values = features[feature].cast(pl.Float64).fill_null(float("nan")).to_numpy()
        if np.unique(values[picked]).size < 2:
            continue
        for place, name in enumerate(names):
            inside = labels == place
            if inside.all():
                continue
            typical = [_typical(values[part], unit) for part in (inside, ~inside)]
            effect = _effect(values[picked], inside[picked])
            lines.append((name, int(inside.sum()), feature, group, unit, *typical, effect))
    schema = {
        "segment": pl.String,
        "persons": pl.Int64,
        "feature": pl.String,
        "group": pl.String,
        "unit": pl.String,
        "typical": pl.Float64,
        "others": pl.Float64,
        "effect": pl.Float64,
    }
    table = pl.DataFrame(lines, schema=schema, orient="row")
    rank = pl.col("effect").abs().rank("ordinal", descending=True).over("segment")
    return (
        table.sort("segment", "feature")
        .with_columns(rank=rank.cast(pl.Int64))
        .sort("segment", "rank")
    )


def _typical(values: Floats, unit: str) -> float | None:
    known = values[~np.isnan(values)]
    if known.size == 0:
        return None
    return round(float(known.mean() if unit in ("share", "yes/no") else np.median(known)), 6)


def _effect(values: Floats, inside: NDArray[np.bool_]) -> float:
    known = ~np.isnan(values)
    y = inside[known]
    if y.all() or not y.any():
        return 0.0
    return round(2 * ranking(y, values[known]).auc - 1, 6)


def _name(centre: dict[str, float]) -> str:
    words = []
    for trait, (more, less) in _WORDS.items():
        if abs(centre.get(trait, 0.0)) >= _NOTABLE:
            words.append(more if centre[trait] > 0 else less)
    for kind, phrase in (("category: ", "{}"), ("channel: ", "by {}")):
        strong = {name: z for name, z in centre.items() if name.startswith(kind) and z >= _NOTABLE}
        if strong:
            # the highest; of equal ones the first by name
            best = min(strong, key=lambda name: (-strong[name], name))
            words.append(phrase.format(best.removeprefix(kind)))
    return ", ".join(words) or "average"
