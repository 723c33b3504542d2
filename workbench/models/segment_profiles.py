"""Profiles of segments: size, value, distinguishing features, and a name computed from them."""

import polars as pl

from workbench.features import feature_dictionary
from workbench.models.latent import Floats, Labels
from workbench.privacy.release import (
    EXACT,
    Release,
    bin_counts,
    binned_delta,
    binned_median,
    shares,
)

#: Smallest distance of a centre from the average, in standard deviations, that the name mentions.
_NOTABLE = 0.4
#: Smallest difference of a share that counts when shares are averaged.
_SMALLEST_SHARE = 0.0001
#: Groups of features that describe a segment.
_DESCRIBED_GROUPS = ("recency", "frequency", "value", "tenure", "returns", "products", "channels")

_WORDS = {
    "order_frequency": ("frequent", "occasional"),
    "order_value": ("large orders", "small orders"),
    "basket_breadth": ("broad baskets", "narrow baskets"),
}


def segment_names(centres: Floats, traits: tuple[str, ...]) -> list[str]:
    """Return a name for each group, made from the traits in which it differs from the average.

    Parameters
    ----------
    centres : array, shape (groups, traits)
        Centres of the groups, in standard deviations from the average.
    traits : tuple of str
        Names of the traits.

    Returns
    -------
    list of str
        Names like "frequent, large orders, toys"; "average" if no trait differs notably. Equal
        names get a number.
    """
    names = [_name_segment(dict(zip(traits, centre.tolist(), strict=True))) for centre in centres]
    seen: dict[str, int] = {}
    unique = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        unique.append(name if names.count(name) == 1 else f"{name} ({seen[name]})")
    return unique


def size_table(
    labels: Labels,
    persons: pl.DataFrame,
    names: list[str],
    *,
    release: Release = EXACT,
) -> pl.DataFrame:
    """Return size and value of each segment, the most valuable first.

    Parameters
    ----------
    labels : array of int, shape (customers,)
        Group of each customer.
    persons : DataFrame, shape (customers, 2)
        ``customer_id`` and ``value`` (integer): net amount of each customer, minor units, 0 or
        more; in the order of the labels.
    names : list of str
        Names of the groups.
    release : Release
        Release that makes every count and sum.

    Returns
    -------
    DataFrame, shape (segments, 8)
        ``segment``, ``persons``, ``share``, ``low``, ``high`` (Wilson), ``value_share``,
        ``value_low``, ``value_high`` (see ``Release.value_shares``).
    """
    rows = persons.with_columns(segment=_segment_series(labels, names))
    total = release.count(rows)
    counted = release.value_shares(rows, ["segment"], of="value").rename(
        {"share": "value_share", "low": "value_low", "high": "value_high"}
    )
    found = shares(counted["persons"], [total] * counted.height, release=release)
    table = counted.with_columns(
        share=pl.Series(found.value), low=pl.Series(found.low), high=pl.Series(found.high)
    ).with_columns(pl.col("value_share", "value_low", "value_high").round(9))
    return table.select(
        "segment", "persons", "share", "low", "high", "value_share", "value_low", "value_high"
    ).sort("value_share", "segment", descending=[True, False], nulls_last=True)


def profile_table(
    labels: Labels, features: pl.DataFrame, names: list[str], *, release: Release = EXACT
) -> pl.DataFrame:
    """Return the features in which each segment differs from all other customers.

    Parameters
    ----------
    labels : array of int, shape (customers,)
        Group of each customer.
    features : DataFrame, shape (customers, 1 + features)
        Features with ``customer_id``, in the order of the labels.
    names : list of str
        Names of the groups.
    release : Release
        Release that makes every count and sum.

    Returns
    -------
    DataFrame, shape (segments x features, 9)
        ``segment``, ``persons``, ``feature``, ``group``, ``unit``, ``typical`` and ``others``
        (median in the segment and among all other customers; mean for shares), ``effect`` (Cliff's
        delta against all others, -1 to 1: the probability that a customer of the segment has more,
        less the probability that they have less), ``rank`` (1 for the largest effect in absolute
        value). Sorted by segment and rank.

    Notes
    -----
    Medians and Cliff's delta are computed from released counts in fixed bins (``privacy.release``);
    the figures of all others are computed from the sum of the other segments' counts.

    References
    ----------
    Cliff 1993, "Dominance statistics", Psychological Bulletin 114.
    """
    described = describing_features([name for name in features.columns if name != "customer_id"])
    rows = features.with_columns(segment=_segment_series(labels, names))
    persons = dict(release.counts(rows, ["segment"]).iter_rows())
    lines = []
    for feature, group, unit, _ in described.iter_rows():
        known = rows.select(
            "customer_id", "segment", pl.col(feature).cast(pl.Float64).fill_nan(None)
        ).drop_nulls(feature)
        if known[feature].min() == known[feature].max():
            continue
        counts, edges = bin_counts(
            known,
            "segment",
            feature,
            names,
            is_whole=features.schema[feature].is_integer(),
            release=release,
        )
        means = (
            _segment_means(known, feature, names, release) if unit in ("share", "yes/no") else None
        )
        for place, name in enumerate(names):
            inside, outside = counts[place], counts.sum(axis=0) - counts[place]
            if name not in persons or not outside.any():
                continue
            typical = (
                (means[0][place], _mean_of_others(means, place))
                if means
                else (binned_median(inside, edges), binned_median(outside, edges))
            )
            effect = round(binned_delta(inside, outside), 6)
            lines.append((name, persons[name], feature, group, unit, *typical, effect))
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


def describing_features(names: list[str]) -> pl.DataFrame:
    """Return the lines of the dictionary for those of the named features that describe segments."""
    return feature_dictionary(names).filter(pl.col("group").is_in(_DESCRIBED_GROUPS))


_Means = tuple[list[float | None], list[int]]


def _segment_means(known: pl.DataFrame, feature: str, names: list[str], release: Release) -> _Means:
    """Return the mean of a share in each segment, and the number of persons behind it."""
    made = release.means(known, ["segment"], of={feature: _SMALLEST_SHARE})
    by_name = {row[0]: row[1:] for row in made.select("segment", feature, "persons").iter_rows()}
    found = [by_name.get(name, (None, 0)) for name in names]
    return [mean for mean, _ in found], [persons for _, persons in found]


def _mean_of_others(means: _Means, without: int) -> float | None:
    """Return the mean over all segments except one."""
    others = [
        (mean, n)
        for place, (mean, n) in enumerate(zip(*means, strict=True))
        if place != without and mean is not None
    ]
    total = sum(n for _, n in others)
    return round(sum(mean * n for mean, n in others) / total, 6) if total else None


def _segment_series(labels: Labels, names: list[str]) -> pl.Series:
    return pl.Series(names, dtype=pl.Enum(names)).gather(labels)


def _name_segment(centre: dict[str, float]) -> str:
    words = []
    for trait, (more, less) in _WORDS.items():
        if abs(centre.get(trait, 0.0)) >= _NOTABLE:
            words.append(more if centre[trait] > 0 else less)
    for kind, phrase in (("category: ", "{}"), ("channel: ", "by {}")):
        strong = {name: z for name, z in centre.items() if name.startswith(kind) and z >= _NOTABLE}
        if strong:
            # The highest is named; of equal ones, the first in alphabetical order.
            best = min(strong, key=lambda name: (-strong[name], name))
            words.append(phrase.format(best.removeprefix(kind)))
    return ", ".join(words) or "average"
