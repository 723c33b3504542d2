"""Measure the risk that is left in a release: classes, copies and attacks, each tried out first.

A release of everybody leaves no control group, so its attacks are run on a rehearsal: the same
method makes a release of a random half of the persons, and the other half is the control.

Before an attack counts, it is run on a verbatim copy of the originals, which it must notice. Before
the search for copied records counts, one record is planted in the release, which it must find.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from math import fsum

import polars as pl

from workbench.foundation.errors import ParameterError
from workbench.privacy.risk.attack_rates import AttackRate
from workbench.privacy.risk.attacks import Attack, run_attacks, with_planted
from workbench.privacy.risk.class_risks import (
    ClassRisks,
    journalist_risks,
    number_classes,
    prosecutor_risks,
    require_columns,
)
from workbench.privacy.risk.compared_tables import ComparedTables, compare_tables
from workbench.privacy.risk.copied_records import CopiedRecords, find_copies
from workbench.privacy.risk.drawn_persons import DrawnPersons, draw_persons
from workbench.privacy.risk.group_losses import losses_of_groups, row_losses
from workbench.privacy.risk.nearest_records import nearest_record_attacks
from workbench.privacy.risk.population_map import population_sizes
from workbench.privacy.risk.population_uniques import PopulationUniques, population_uniques
from workbench.privacy.risk.record_linking import linking_attacks
from workbench.privacy.risk.risk_question import RiskQuestion
from workbench.privacy.risk.risk_report import RiskReport
from workbench.privacy.risk.singling_out import singling_out_attacks
from workbench.privacy.risk.untested_risks import untested_risks
from workbench.privacy.risk.value_inference import inference_attacks


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """A release that was made by the same method of some of the persons, for the attacks alone.

    Attributes
    ----------
    original, released : DataFrame
        Rows of these persons, and the release that was made of them.
    control : DataFrame
        Rows of the other persons, who are not in that release.
    """

    original: pl.DataFrame = field(repr=False)
    released: pl.DataFrame = field(repr=False)
    control: pl.DataFrame = field(repr=False)


def assess_risk(
    original: pl.DataFrame,
    released: pl.DataFrame,
    question: RiskQuestion,
    *,
    control: pl.DataFrame | None = None,
    rehearsal: Rehearsal | None = None,
    population: pl.DataFrame | None = None,
) -> RiskReport:
    """Measure the risk that is left in a release.

    Parameters
    ----------
    original : DataFrame
        Table from which the release was made, with the quasi-identifiers and sensitive columns.
    released : DataFrame
        The release, with the same columns; their cells may be generalised or suppressed.
    question : RiskQuestion
        Columns, knowledge of the intruder and thresholds.
    control : DataFrame, optional
        Persons of the same population as the original from whom the release was not made. Without
        them no risk of an attack can be told from chance.
    rehearsal : Rehearsal, optional
        For a release of everybody, of whom no control group is left: the attacks are run on the
        rehearsal.
    population : DataFrame, optional
        One row per person of the whole population, with the quasi-identifiers: the classes of the
        release are counted there for the journalist's risk, and no model is needed. It contains the
        persons of the release.

    Raises
    ------
    ParameterError
        A table lacks a column, or a table has no column of persons where one is named.

    Examples
    --------
    >>> rows = pl.DataFrame({"plan": ["a", "b", "c", "d"], "area": ["N", "N", "S", "W"]})
    >>> report = assess_risk(rows, rows, RiskQuestion(quasi_identifiers=("plan", "area")))
    >>> report.copied.copies, report.verdicts[0].outcome
    (4, <Outcome.NOT_SHOWN: 'shown not'>)
    """
    columns = question.quasi_identifiers
    _require(original, released, control, question)
    drawn = _draw(original, control, question)
    tables = _compare(drawn, released, question)
    classes = prosecutor_risks(released, columns, persons=_owner(released, question))
    before = prosecutor_risks(original, columns, persons=question.persons)
    uniques = _uniques(released, question) if population is None else None
    losses = _losses(original, released, tables, question)
    copied = _search_copies(drawn, released, question, tables)
    attacked = tables
    if rehearsal is not None:
        drawn = _draw(rehearsal.original, rehearsal.control, question)
        attacked = _compare(drawn, rehearsal.released, question)
    return RiskReport(
        question=question,
        original_persons=tables.original.number,
        released_persons=classes.persons + classes.suppressed,
        control_persons=attacked.control.number,
        classes=classes,
        journalist=_journalist(released, population, question),
        uniques=uniques,
        original_highest=before.highest,
        copied=copied,
        attacks=_attack(drawn, question, attacked),
        information_loss=_mean_loss(released, tables, question),
        losses=losses,
        untested=untested_risks(
            attacked,
            question,
            is_rehearsed=rehearsal is not None,
            has_losses=losses is not None,
            has_population=population is not None or question.population is not None,
            has_several_rows=tables.original.number < original.height,
        ),
    )


def _require(
    original: pl.DataFrame,
    released: pl.DataFrame,
    control: pl.DataFrame | None,
    question: RiskQuestion,
) -> None:
    columns = [*question.quasi_identifiers, *question.sensitive]
    owner = [question.persons] if question.persons else []
    require_columns(original.columns, [*columns, *owner, *question.groups])
    require_columns(released.columns, columns)
    if control is not None:
        require_columns(control.columns, [*columns, *owner])
        for name in columns:
            kinds = original.schema[name], control.schema[name]
            if kinds[0] != kinds[1] and not (kinds[0].is_numeric() and kinds[1].is_numeric()):
                raise ParameterError(
                    f"column {name} is of type {kinds[0]} in the original and {kinds[1]} in the "
                    "control group: give both the same type"
                )
    if original.is_empty():
        raise ParameterError("the original has no rows: give the table the release was made from")


def _draw(
    original: pl.DataFrame, control: pl.DataFrame | None, question: RiskQuestion
) -> DrawnPersons:
    return draw_persons(
        original,
        control,
        question.quasi_identifiers,
        question.sensitive,
        persons=question.persons,
        seed=question.seed,
    )


def _compare(drawn: DrawnPersons, released: pl.DataFrame, question: RiskQuestion) -> ComparedTables:
    return compare_tables(
        drawn,
        released,
        persons=question.persons,
        hierarchies=question.hierarchies,
        empty_is_value=question.empty_is_value,
    )


def _owner(rows: pl.DataFrame, question: RiskQuestion) -> str | None:
    """Return the column of persons if the table has it."""
    return question.persons if question.persons in rows.columns else None


def _journalist(
    released: pl.DataFrame, population: pl.DataFrame | None, question: RiskQuestion
) -> ClassRisks | None:
    persons = _owner(released, question)
    columns = question.quasi_identifiers
    if population is not None:
        require_columns(population.columns, columns)
        sizes = population_sizes(
            released, population, columns, persons=persons, hierarchies=question.hierarchies
        )
        return journalist_risks(released, columns, population=sizes, persons=persons)
    if question.population is None:
        return None
    return journalist_risks(released, columns, population=question.population, persons=persons)


def _uniques(released: pl.DataFrame, question: RiskQuestion) -> PopulationUniques | None:
    if question.population is None or released.is_empty():
        return None
    numbered = number_classes(
        released, question.quasi_identifiers, persons=_owner(released, question)
    )
    return population_uniques(numbered.sizes, population=question.population)


def _mean_loss(released: pl.DataFrame, tables: ComparedTables, question: RiskQuestion) -> float:
    """Return the mean loss over the persons of the original; those without a row lose all.

    Rows of synthetic data come from nobody, so the mean is that of the rows.
    """
    found = row_losses(released, tables)
    missing = max(0, tables.original.number - released.height) if question.rows_are_persons else 0
    rows = len(found) + missing
    return (fsum(found) + missing) / rows if rows else 1.0


def _losses(
    original: pl.DataFrame, released: pl.DataFrame, tables: ComparedTables, question: RiskQuestion
) -> pl.DataFrame | None:
    if question.persons is None or question.persons not in released.columns:
        return None
    return losses_of_groups(
        original, released, tables, persons=question.persons, groups=question.groups
    )


def _attacks(tables: ComparedTables, question: RiskQuestion) -> Sequence[Attack]:
    return [
        *singling_out_attacks(tables, seed=question.seed),
        *nearest_record_attacks(tables),
        *linking_attacks(tables),
        *inference_attacks(tables),
    ]


def _attack(
    drawn: DrawnPersons, question: RiskQuestion, tables: ComparedTables
) -> tuple[AttackRate, ...]:
    """Run the attacks on the release and on a verbatim copy of the originals."""
    found = run_attacks(tables, _attacks(tables, question), number=question.attacks)
    copy = _compare(drawn, drawn.source, question)
    planted = run_attacks(copy, _attacks(copy, question), number=question.attacks)
    return with_planted(found, planted)


def _search_copies(
    drawn: DrawnPersons,
    released: pl.DataFrame,
    question: RiskQuestion,
    tables: ComparedTables,
) -> CopiedRecords:
    """Count copied records, after a planted record and a planted copy of all were found."""
    found = find_copies(tables)
    if found.unique == 0:
        return found
    shown = released.select(*drawn.columns, *drawn.sensitive)
    kinds = [pl.col(name).cast(kind, strict=False) for name, kind in shown.schema.items()]
    one = drawn.unique().sort(drawn.columns).head(1)
    alone = draw_persons(
        one, None, drawn.columns, drawn.sensitive, persons=None, seed=question.seed
    )
    is_new = find_copies(_compare(alone, shown, question)).copies == 0

    def count(planted: pl.DataFrame) -> int:
        release = pl.concat([shown, planted.select(kinds)])
        return find_copies(_compare(drawn, release, question)).copies

    is_found = count(one) == found.copies + is_new and count(drawn.source) == found.unique
    return replace(found, is_plant_found=is_found)
