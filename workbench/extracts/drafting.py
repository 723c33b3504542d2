"""Draft a policy for a table or a dataset, with a reason and a price for every line.

Most people who anonymise a table ask which settings to choose. A draft proposes a rule for every
column, drafts hierarchies that cover every value, anonymises by these rules, and writes beside each
column what it costs. Whoever knows what the columns mean corrects it.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, get_args

import polars as pl

from workbench.extracts.column_profiles import ColumnProposal, propose_rule
from workbench.extracts.dataset_extract import anonymise_dataset, terms_of
from workbench.extracts.extract import Extract
from workbench.extracts.single_table import anonymise_table
from workbench.extracts.table_files import TableFile
from workbench.foundation.counted_nouns import count_text
from workbench.foundation.errors import PrivacyError
from workbench.privacy.recoding import Hierarchy
from workbench.privacy.visible_data import find_visible_data
from workbench.schema import TABLES, DeclaredTable
from workbench.studies.extract_policy import ExtractPolicy, extract_policy
from workbench.studies.policy import Preset
from workbench.studies.study import Purpose
from workbench.vault import Dataset

_DRAFT = "draft"
#: Names that TOML takes without quotes.
_BARE = re.compile(r"[A-Za-z0-9_-]+")
#: Reason for the treatment of a dataset's column, by its sensitivity.
_REASONS = {
    "quasi": "recognises a person together with others",
    "sensitive": "not to be learned about a person",
    "plain": "describes what was done, not who did it",
    "text": "shown where enough persons share it",
    "key": "becomes a random number, or is dropped where histories are unlinked",
}
#: Purpose for which data are usually handed on.
_HANDING_ON = "third_party_sharing"
#: Terms of an extract of a dataset, which only its owner knows.
_TERMS = {
    "purpose": _HANDING_ON,
    "basis": "consent",
    "recipient": "NAME THE RECIPIENT",
    "owner": "NAME WHO ANSWERS FOR IT",
    "contact": "name@company.example",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyDraft:
    """A drafted policy.

    Attributes
    ----------
    text : str
        Content of the policy's file, with comments.
    hierarchies : mapping of str to Hierarchy
        Hierarchies that the policy names, by the name of their file.
    """

    text: str
    hierarchies: Mapping[str, Hierarchy]


def draft_for_table(file: TableFile, *, preset: Preset) -> PolicyDraft:
    """Draft the policy of a single table.

    Parameters
    ----------
    file : TableFile
        The table.
    preset : Preset
        Preset from which k, l, t and the limits come.
    """
    k = extract_policy({"preset": preset, "columns": {"x": "keep"}}, name=_DRAFT, source=_DRAFT).k
    found = _with_own_files(
        [propose_rule(file.rows[name], k=k) for name in file.rows.columns],
        prefix=Path(file.name).stem,
    )
    rules = {each.name: each.rule.model_dump(exclude_defaults=True) for each in found}
    policy = extract_policy({"preset": preset, "columns": rules}, name=_DRAFT, source=_DRAFT)
    drafted = {each.name: each.hierarchy for each in found if each.hierarchy is not None}
    made, refusal = _try(lambda: anonymise_table(file, policy, drafted))
    lines = [
        f"# Drafted for {file.name}: {count_text(file.rows.height, 'row')}, "
        f"{count_text(len(found), 'column')}.",
        *([f"# {count_text(file.refused, 'record')} cannot be read."] if file.refused else []),
        *(f"# The file: {note}." for note in file.notes),
        "# Check every line: only you know what a column means.",
        *_words_on_sensitive(policy),
        *_price_of_all(made, refusal),
        f'preset = "{preset}"  # {_described(policy)}',
        "",
        "[columns]",
        *(line for each in found for line in _lines_of(each, made)),
    ]
    return PolicyDraft(
        text="\n".join(lines) + "\n",
        hierarchies={
            str(each.rule.hierarchy): each.hierarchy for each in found if each.hierarchy is not None
        },
    )


def _with_own_files(proposals: list[ColumnProposal], *, prefix: str) -> list[ColumnProposal]:
    """Give each drafted hierarchy a file of its own; names of columns may differ in signs only."""
    made, taken = [], set[str]()
    for number, each in enumerate(proposals, start=1):
        name = each.rule.hierarchy and f"{prefix}_{each.rule.hierarchy}"
        if name in taken:
            name = f"{str(name).removesuffix('.csv')}_{number}.csv"
        if name is not None:
            taken.add(name)
        made.append(replace(each, rule=each.rule.model_copy(update={"hierarchy": name})))
    return made


def draft_for_dataset(dataset: Dataset, *, preset: Preset) -> PolicyDraft:
    """Draft the policy of a dataset: all columns that a view may have of the tables with rows.

    Parameters
    ----------
    dataset : Dataset
        Version of a dataset, opened with the key of the workspace.
    preset : Preset
        Preset from which k, l, t and the limits come.
    """
    tables = {
        name: filled
        for name, declared in TABLES.items()
        if declared.is_in_views and (filled := _filled_columns(dataset, declared))
    }
    currency = next(iter({each.currency for each in dataset.sources if each.currency}), "EUR")
    bases = {each.basis for each in dataset.sources}
    basis = bases.pop() if len(bases) == 1 else "consent"
    terms = {**_TERMS, "basis": basis, "currency": currency}
    content = {"preset": preset, **terms, "tables": tables}
    policy = extract_policy(content, name=_DRAFT, source=_DRAFT)
    allowed = _customers_by_purpose(dataset, policy)
    if not allowed[_HANDING_ON]:
        terms["purpose"] = max(allowed, key=lambda purpose: allowed[purpose])
        policy = policy.model_copy(update={"purpose": terms["purpose"]})
    made, refusal = _try(lambda: anonymise_dataset(dataset, policy))
    lines = [
        f"# Drafted for {dataset.label}. State who gets it and why, and take out what they do not "
        "need.",
        *_price_of_all(made, refusal),
        *_words_on_purposes(allowed),
        f'preset = "{preset}"  # {_described(policy)}',
        *(f"{name} = {json.dumps(value)}" for name, value in terms.items()),
        "",
        "[tables]",
        *(line for name, columns in tables.items() for line in _table_lines(name, columns)),
    ]
    return PolicyDraft(text="\n".join(lines) + "\n", hierarchies={})


def _customers_by_purpose(dataset: Dataset, policy: ExtractPolicy) -> dict[str, int]:
    """Return how many customers each purpose allows to be seen, 0 where they are too few."""
    found = {}
    for purpose in get_args(Purpose):
        terms = terms_of(policy.model_copy(update={"purpose": purpose}), dataset)
        try:
            found[purpose] = find_visible_data(terms, dataset).allowed.height
        except PrivacyError:
            found[purpose] = 0
    return found


def _words_on_purposes(allowed: Mapping[str, int]) -> Iterator[str]:
    some = ", ".join(f"{name} {number:,}" for name, number in allowed.items() if number)
    yield f"# Customers who may be seen, by purpose: {some or 'none'}."
    if some and not allowed[_HANDING_ON]:
        yield f"# {_HANDING_ON} allows nobody: state the purpose for which the recipient gets it."


def _filled_columns(dataset: Dataset, table: DeclaredTable) -> list[str]:
    """Return the columns that an extract may have and that are not empty in the dataset."""
    may_leave = [
        column.name
        for column in table.columns
        if column.view not in ("absent", "blank") and column.name != "customer_id"
    ]
    stored = dataset.data()[table.name].select(pl.col(may_leave).is_not_null().any())
    found = stored.collect(engine="streaming").row(0, named=True)
    return [name for name in may_leave if found[name]]


def _try(make: Callable[[], Extract]) -> tuple[Extract | None, str]:
    """Return the extract that a drafted policy makes, or why it makes none."""
    try:
        return make(), ""
    except PrivacyError as error:
        return None, str(error)


def _price_of_all(made: Extract | None, refusal: str) -> Iterator[str]:
    if made is None:
        yield f"# These rules are too strict for the data: {refusal}"
        return
    share = made.suppressed / made.persons if made.persons else 0.0
    yield (
        f"# Price: {count_text(made.suppressed, 'person')} of {made.persons:,} left out "
        f"({share:.1%}); {made.utility['gcp']:.0%} of the information in the columns that are "
        "generalised is lost."
    )
    if worst := made.who_loses():
        yield f"# {worst}"
    for fault in made.faults():
        yield f"# These rules are not strict enough: {fault}"
    for doubt in made.doubts():
        yield f"# Not known: {doubt}"


def _words_on_sensitive(policy: ExtractPolicy) -> Iterator[str]:
    if (policy.l is not None or policy.t is not None) and not policy.rules("sensitive"):
        yield (
            "# No column is sensitive by its name, so l and t do nothing: mark those that nobody "
            "may learn."
        )


def _described(policy: ExtractPolicy) -> str:
    parts = [f"k = {policy.k}"]
    if policy.l is not None:
        parts.append(f"l = {policy.l}")
    if policy.t is not None:
        parts.append(f"t = {policy.t:g}")
    parts.append(f"highest risk {policy.limits.highest:g}")
    return ", ".join(parts)


def _lines_of(proposal: ColumnProposal, made: Extract | None) -> Iterator[str]:
    reason = proposal.reason
    loss = next((c.loss for c in made.columns if c.column == proposal.name), None) if made else None
    if loss is not None:
        reason += f"; costs {loss:.0%} of the column's information"
    name = proposal.name if _BARE.fullmatch(proposal.name) else _quoted(proposal.name)
    # A line feed in the name would end the comment.
    yield f"# {proposal.name if proposal.name.isprintable() else name}: {reason}"
    yield f"{name} = {_inline(proposal.rule.model_dump(exclude_defaults=True))}"


def _quoted(text: str) -> str:
    """Return a text as a basic string of TOML, which has no surrogates as those of JSON."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _inline(rule: Mapping[str, Any]) -> str:
    """Return a rule as an inline table of TOML, or as its treatment alone."""
    if set(rule) == {"treatment"}:
        return json.dumps(rule["treatment"])
    cells = (f"{name} = {_value(value)}" for name, value in rule.items())
    return f"{{ {', '.join(cells)} }}"


def _value(value: Any) -> str:
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, str):
        return _quoted(value)
    return f"{value:.12g}" if isinstance(value, float) else json.dumps(value)


def _table_lines(table: str, columns: list[str]) -> Iterator[str]:
    yield f"{table} = ["
    for name in columns:
        sensitivity = TABLES[table].column(name).sensitivity
        yield f"    {json.dumps(name)},  # {_REASONS.get(sensitivity, sensitivity)}"
    yield "]"
