"""Answers of an audit in words: a disparity is shown, shown to be absent, or neither."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf

import polars as pl

from workbench.fairness.disparity import EMPTY, ESTIMATED, TOO_SMALL
from workbench.fairness.question import Question, judged_rates
from workbench.statistics.estimates import Estimate
from workbench.statistics.sample_sizes import (
    MOST_GROWTH,
    POWER,
    growth_needed,
    more_data_needed,
)
from workbench.statistics.verdicts import Outcome, Verdict

#: Largest number of differences in one answer; the table of contrasts contains all.
_MOST_NAMED = 3


def range_estimate(row: Mapping[str, object], attributes: int, origin: str) -> Estimate:
    """Return a row of ``Audit.ranges`` as an estimate."""
    metric, attribute = str(row["metric"]), str(row["attribute"])
    by = f"_by_{'_'.join(attribute.split())}" if attributes > 1 else ""
    value = row["difference"]
    return Estimate(
        name=f"{metric}_difference{by}",
        value=value if isinstance(value, float) else None,
        low=row["low"] if isinstance(row["low"], float) else None,
        high=row["high"] if isinstance(row["high"], float) else None,
        n=int(str(row["persons"])),
        unit="points",
        label=f"Largest difference in {metric} by {attribute}".replace("_", " "),
        note=(
            "lower limit of the largest of all pairs, upper limit of each pair; equal "
            "groups show one above 0 too"
        )
        if isinstance(value, float)
        else "limits of all pairs; a numerator of 1 to 4 is only a bound"
        if isinstance(row["low"], float)
        else "cannot be estimated: fewer than two groups have a rate",
        origin=origin,
    )


def disparity_verdict(
    attribute: str,
    judged: str,
    table: pl.DataFrame,
    compared: pl.DataFrame,
    largest: pl.DataFrame,
    question: Question,
    origin: str,
) -> Verdict:
    """Answer whether groups by an attribute differ in a judged metric.

    A difference is shown if the interval of any pair of groups, small ones included, lies beyond
    the tolerance (``Audit.contrasts`` says which limits), or if that of the largest difference
    does: it may be sure that some pair differs without being sure which. Its absence is shown for
    the groups of at least ``least`` persons, named in the answer, if every pair of them lies within
    the tolerance; the answer then says for each smaller group which difference cannot be excluded.

    Parameters
    ----------
    attribute, judged : str
        Attribute and judged metric of the verdict.
    table, compared, largest : DataFrame
        ``Audit.rates``, ``Audit.contrasts`` and ``Audit.ranges``.
    question : Question
        Tolerances and the smallest group to judge.
    origin : str
        Mark of the release that made the counts.
    """
    mine = (pl.col("attribute") == attribute) & pl.col("metric").is_in(judged_rates(judged))
    value = largest.filter((pl.col("attribute") == attribute) & (pl.col("metric") == judged))
    evidence = _Evidence(
        pairs=compared.filter(mine),
        rates=table.filter(mine, pl.col("note") != EMPTY),
        largest=value,
        question=question,
    )
    outcome, answer = evidence.answer()
    several = table["attribute"].n_unique()
    suffix = f"_by_{'_'.join(attribute.split())}" if several > 1 else ""
    about = f" of {question.about}" if question.about else ""
    return Verdict.by_rule(
        outcome,
        rule=_rule(question),
        name=f"{judged}_differs{suffix}",
        question=(
            f"Do groups by {attribute.replace('_', ' ')} differ in the "
            f"{judged.replace('_', ' ')}{about} {question.tolerance_words}?"
        ),
        answer=answer,
        concern=outcome is Outcome.SHOWN,
        estimates=[range_estimate(row, several, origin) for row in value.iter_rows(named=True)],
    )


def _rule(question: Question) -> str:
    largest = "" if question.tolerance is None else ", or the largest difference is sure to"
    return (
        f"Yes where two groups differ {question.tolerance_words}, with 95 % confidence for all "
        f"pairs and all judged rates together{largest}; no where any two groups of at least "
        f"{question.least:,} persons differ by less, with 95 % confidence for each pair."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Evidence:
    """Rates, pairs and range of one attribute and judged metric, on which a verdict rests."""

    pairs: pl.DataFrame
    rates: pl.DataFrame
    largest: pl.DataFrame
    question: Question

    def answer(self) -> tuple[Outcome, str]:
        """Return the outcome and the answer in words."""
        shown = self.pairs.filter(pl.col("finding") == Outcome.SHOWN.value)
        if shown.height:
            return Outcome.SHOWN, f"Yes: {_describe_pairs(shown)}.{self._not_excluded()}"
        if self._is_range_beyond():
            least = _points(float(self.largest["low"].item()))
            answer = f"Yes: the largest difference is at least {least} points"
            return Outcome.SHOWN, f"{answer}, whichever pair it is of.{self._not_excluded()}"
        if reason := self._reason_against_an_answer():
            return Outcome.CANNOT_BE_SAID, f"{_sentence(reason)}.{self._not_excluded()}"
        named = self.pairs.filter("is_named")
        if named.is_empty():
            return self._too_small()
        unsure = named.filter(pl.col("finding") == Outcome.UNDECIDED.value)
        if unsure.is_empty():
            groups = _listed(self._groups(ESTIMATED))
            most = named.select(pl.max_horizontal("alone_high", -pl.col("alone_low")).max()).item()
            answer = f"No: {groups} are at most {_points(most)} points apart."
            return Outcome.NOT_SHOWN, f"{answer}{self._not_excluded()}"
        growth, pair = self._growth(unsure)
        words = f"{_describe_pair(pair)} may be within the tolerance or beyond it"
        more = more_data_needed(growth, int(self.rates["of"].sum()))
        if more is None:
            return Outcome.CANNOT_BE_SAID, (
                f"Cannot be said: {words}; {MOST_GROWTH:.0f} times as many persons would not "
                f"settle it if the difference is as found.{self._not_excluded()}"
            )
        return Outcome.UNDECIDED, f"Undecided: {words}; {more}.{self._not_excluded()}"

    def _is_range_beyond(self) -> bool:
        """Whether the largest difference is beyond the tolerance, whichever pair it is of."""
        tolerance = self.question.tolerance
        return tolerance is not None and bool((self.largest["low"] > tolerance).any())

    def _reason_against_an_answer(self) -> str:
        """Return why no number of persons would give an answer; empty where one would."""
        if self.rates["count"].sum() == 0 and self.rates["of"].sum() > 0:
            return "nobody was selected"
        if lacking := self._lacking():
            return lacking
        if self._is_vacuous():
            return (
                f"all rates lie so close to 0 % or 100 % that they cannot differ "
                f"{self.question.tolerance_words}; ask for a ratio with least_ratio"
            )
        return ""

    def _too_small(self) -> tuple[Outcome, str]:
        """Answer where fewer than two groups have the persons that a judgement needs."""
        compared = self.rates.filter(pl.col("group").is_in(self._compared().implode()))
        if compared.is_empty():
            reason = "fewer than two groups are large enough to be compared"
            return Outcome.CANNOT_BE_SAID, f"{_sentence(reason)}.{self._not_excluded()}"
        reason = f"fewer than two groups have at least {self.question.least:,} persons"
        second = compared.group_by("group").agg(pl.col("of").min())["of"].sort(descending=True)[1]
        more = more_data_needed(self.question.least / second, int(compared["of"].sum()))
        if more is None:
            return Outcome.CANNOT_BE_SAID, f"{_sentence(reason)}.{self._not_excluded()}"
        return Outcome.UNDECIDED, f"Undecided: {reason}; {more}.{self._not_excluded()}"

    def _compared(self) -> pl.Series:
        return pl.concat([self.pairs["group"], self.pairs["reference"]]).unique()

    def _lacking(self) -> str:
        """Name groups with enough persons whose rate has no denominator."""
        lacking = self.rates.filter(
            ~pl.col("note").is_in([ESTIMATED, TOO_SMALL]), pl.col("persons") >= self.question.least
        ).sort("note", "group")
        return "; ".join(
            f"group {group}: {note} in {metric.replace('_', ' ')}"
            for metric, note, group in lacking.select("metric", "note", "group").iter_rows()
        )

    def _is_vacuous(self) -> bool:
        """Whether the rates leave no room for a difference that is larger than the tolerance."""
        tolerance = self.question.tolerance
        if tolerance is None or self.question.least_ratio is not None:
            return False
        named = self.rates.filter(pl.col("note") == ESTIMATED)
        return not named.is_empty() and all(
            bool((part["high"] <= tolerance).all() or (part["low"] >= 1 - tolerance).all())
            for part in named.partition_by("metric")
        )

    def _growth(self, unsure: pl.DataFrame) -> tuple[float, Mapping[str, object]]:
        """Return by which factor the persons have to grow for an answer, and the pair it is about.

        One pair beyond the tolerance is enough for a yes; for a no all pairs have to be within.
        """
        found = [(self._growth_of(row), row) for row in unsure.iter_rows(named=True)]
        beyond = [each for each in found if self._is_beyond(each[1])]
        chosen = beyond or found
        key = (lambda each: each[0]) if beyond else (lambda each: -each[0])
        return min(chosen, key=key)

    def _growth_of(self, row: Mapping[str, float]) -> float:
        growth = [1.0]
        sign = -1 if row["difference"] < 0 else 1
        limits = ("low", "high") if self._is_beyond(row) else ("alone_low", "alone_high")
        low, high = sorted(sign * row[name] for name in limits)
        value, tolerance, ratio = abs(row["difference"]), self.question.tolerance, row["ratio_low"]
        if tolerance is not None and low < tolerance < high:
            # A difference within the tolerance has a limit on either side of it.
            power = POWER if self._is_beyond(row) else (1 + POWER) / 2
            growth.append(growth_needed(value, low, high, limit=tolerance, power=power))
        if ratio is not None and self.question.least_ratio is not None and ratio < 0:
            rates = sorted((row["value"], row["reference_value"]))
            room = rates[0] - self.question.least_ratio * rates[1]
            # either group may have the lower rate in a new sample of rates within the ratio
            power = POWER if self._is_beyond(row) else (1 + POWER) / 2
            growth.append(growth_needed(room, ratio, 2 * room - ratio, limit=0.0, power=power))
        return max(growth)

    def _is_beyond(self, row: Mapping[str, float]) -> bool:
        rates = sorted((row["value"], row["reference_value"]))
        tolerance, least = self.question.tolerance or inf, self.question.least_ratio or 0.0
        return abs(row["difference"]) > tolerance or rates[0] < least * rates[1]

    def _groups(self, note: str) -> list[str]:
        found = self.rates.filter(pl.col("note") == note)
        return found["group"].unique(maintain_order=True).to_list()

    def _not_excluded(self) -> str:
        """Describe for each small group the difference that cannot be excluded."""
        compared = set(self._compared())
        hidden = [group for group in self._groups(TOO_SMALL) if group not in compared]
        sentences = [f" Too small to be compared: {_listed(hidden)}."] if hidden else []
        for group in self._groups(TOO_SMALL):
            mine = self.pairs.filter((pl.col("group") == group) | (pl.col("reference") == group))
            if mine.is_empty() or (mine["finding"] == Outcome.SHOWN.value).any():
                continue
            most = mine.select(pl.max_horizontal("alone_high", -pl.col("alone_low")).max()).item()
            sentences.append(
                f" For {group} a difference of up to {_points(most)} points cannot be excluded."
            )
        return "".join(sentences)


def _describe_pairs(shown: pl.DataFrame) -> str:
    """Name the pairs whose difference is largest at the nearer limit: what is sure comes first."""
    sure = pl.min_horizontal(pl.col("low").abs(), pl.col("high").abs())
    ordered = shown.sort(sure, "group", "reference", descending=[True, False, False])
    parts = [_describe_pair(row) for row in ordered.head(_MOST_NAMED).iter_rows(named=True)]
    more = shown.height - _MOST_NAMED
    return "; ".join([*parts, *([f"and {more} more pairs"] if more > 0 else [])])


def _describe_pair(row: Mapping[str, object]) -> str:
    """Return two groups with their rates, or with the bound if one of the rates is a bound."""
    metric = str(row["metric"]).replace("_", " ")
    low, high = (_points(float(str(row[name])), sign="+") for name in ("low", "high"))
    interval = f"95 % interval {low} to {high} points"
    # of the two only the smaller count: the table of differences shows no other
    smaller = min(int(str(row[name])) for name in ("persons", "reference_persons"))
    persons = f"{smaller:,} persons in the smaller group"
    if row["bound"]:
        names = f"{row['group']} against {row['reference']} ({row['bound']} in one of them)"
        return f"{names} in {metric} ({interval}, {persons})"
    difference = _points(float(str(row["difference"])), sign="+")
    rates = [f"{float(str(row[name])):.1%}" for name in ("value", "reference_value")]
    return (
        f"{row['group']} {rates[0]} against {row['reference']} {rates[1]} in {metric} "
        f"({difference} points, {interval}, {persons})"
    )


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"


def _points(share: float, *, sign: str = "") -> str:
    return f"{100 * share:{sign}.1f}"


def _listed(names: Sequence[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
