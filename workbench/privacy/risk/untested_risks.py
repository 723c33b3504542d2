"""What a measurement of risk left out, in sentences for its report."""

from workbench.privacy.risk.attacks import affordable
from workbench.privacy.risk.compared_tables import ComparedTables
from workbench.privacy.risk.risk_question import RiskQuestion

#: What is never tested here.
_ALWAYS = (
    "An intruder who knows other columns than the quasi-identifiers, or knows them wrongly.",
    "Comparing this release with other releases of the same persons.",
    "Reversing the method: an intruder who knows how the cells were generalised can sometimes "
    "narrow them down (Cohen 2022).",
)


def untested_risks(
    tables: ComparedTables,
    question: RiskQuestion,
    *,
    is_rehearsed: bool,
    has_losses: bool,
    has_population: bool,
    has_several_rows: bool,
) -> tuple[str, ...]:
    """Return what was not tested, the most important points first.

    Parameters
    ----------
    tables : ComparedTables
        The tables that were compared.
    question : RiskQuestion
        What was asked.
    is_rehearsed, has_losses, has_population, has_several_rows : bool
        Whether the attacks were run on a rehearsal, losses by group were measured, the population
        or its size was given, and a person has several rows.
    """
    found = []
    asked = affordable(tables, question.attacks)
    if asked < question.attacks:
        found.append(
            f"The release has {tables.entries:,} different rows, so each attack was tried on "
            f"{asked:,} persons instead of the {question.attacks:,} that were asked for."
        )
    if is_rehearsed:
        found.append(
            "Attacks were not run on the release itself, but on one that the same method made of "
            "a random half of the persons; the others are the control group."
        )
    if has_several_rows:
        found.append(
            "Attacks know one row of each person, though some have several; what all rows of a "
            "person single out together is counted apart from them."
        )
    if tables.control.number == 0:
        found.append(
            "No control group was given, so that a success by chance cannot be told from a leak."
        )
    elif tables.control.number < asked:
        found.append(
            f"The control group has {tables.control.number:,} persons instead of the {asked:,} "
            "that were asked for, so intervals are wider."
        )
    if tables.original.number < asked:
        found.append(
            f"The original has {tables.original.number:,} persons instead of the {asked:,} attacks "
            "that were asked for; all of them were attacked."
        )
    if not question.sensitive:
        found.append("Inference was not tested, as no sensitive column is named.")
    if len(question.quasi_identifiers) == 1:
        found.append("Linking was not tested, as it needs two quasi-identifiers.")
    for name, space in tables.spaces.items():
        if space.not_understood:
            is_one = space.not_understood == 1
            cells = "cell that covers" if is_one else "different cells that cover"
            found.append(
                f"Column {name} has {space.not_understood:,} {cells} no original value "
                "as far as is known: give its hierarchy. Attacks did not use it."
            )
    if question.persons is None:
        found.append("Every row counts as one person, as no column of persons is named.")
    elif not has_losses:
        found.append(
            f"Losses by group were not measured, as the release has no column {question.persons}."
        )
    if not has_population:
        found.append("Uniqueness in the population was not estimated, as its size is not given.")
    return (*found, *_ALWAYS)
