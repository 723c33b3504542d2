"""SurveyMonkey and Qualtrics: the answers of each survey, with a column per question.

The company moved from one tool to the other, and each response was collected by one of them. Both
write local time without an offset (Europe/Berlin). SurveyMonkey has two header rows, US dates, and
the old code point 0x85 for an ellipsis. Qualtrics has three header rows, the second in the owner's
language (German), and writes the codes of answers that have codes.
"""

import json
from collections.abc import Iterator

import polars as pl

from workbench.exports.export_files import Batch, FileForm, Vendor, csv_form
from workbench.exports.field_tables import column_headers, format_cells, read_fields
from workbench.exports.slices import ExportedWorld, Slice
from workbench.exports.tracked_visits import ip_address
from workbench.exports.vendor_ids import base62, decimal_digits

_MONKEY_FIELDS, _QUALTRICS_FIELDS = "surveymonkey", "qualtrics"
_MONKEY = 0.5  # share of the responses that SurveyMonkey collected
_ANONYMOUS = 0.3
_PARTIAL = 0.05


def monkey_file(survey: str) -> str:
    """Return the name of a survey's file at SurveyMonkey."""
    return f"{survey}_condensed_export.csv"


def qualtrics_file(survey: str) -> str:
    """Return the name of a survey's file at Qualtrics."""
    return f"{survey}.csv"


def monkey_batches(part: Slice) -> Iterator[Batch]:
    """Yield the responses that SurveyMonkey collected."""
    world, key = part.world, pl.col("interaction_id")
    is_named = ~pl.col("is_anonymous")
    for survey, questions in _questions_by_survey(world).items():
        rows = _responses(part, survey, "surveymonkey").with_columns(
            native_id=pl.concat_str(
                pl.lit("3"), decimal_digits(world.bits("surveymonkey", key), 11)
            ),
            ip=pl.when(is_named).then(ip_address(world, pl.coalesce("record_id", key))),
            custom=pl.when(is_named).then(pl.lit("src=mail")),
        )
        for name, _, _ in questions:
            answered = _answers(
                part, name, pl.col("answer").str.replace_all("…", "\x85", literal=True)
            )
            rows = rows.join(answered, on="interaction_id", how="left", maintain_order="left")
        answers = [f"answer {name}" for name, _, _ in questions]
        yield Batch(monkey_file(survey), format_cells(rows, _MONKEY_FIELDS, further=answers))


def qualtrics_batches(part: Slice) -> Iterator[Batch]:
    """Yield the responses that Qualtrics collected."""
    world, key = part.world, pl.col("interaction_id")
    is_named = ~pl.col("is_anonymous")
    is_partial = world.uniform("qualtrics partial", key) < _PARTIAL
    code = pl.col("answer_number").cast(pl.String).str.replace(r"\.0$", "")
    for survey, questions in _questions_by_survey(world).items():
        rows = _responses(part, survey, "qualtrics").with_columns(
            native_id=pl.concat_str(
                pl.lit("R_"),
                base62(world.bits("qualtrics", key)),
                base62(world.bits("qualtrics, rest", key), 5),
            ),
            status=pl.when(pl.col("kind") == "test").then(pl.lit("1")).otherwise(pl.lit("0")),
            ip=ip_address(world, pl.coalesce("record_id", key)),
            progress=pl.when(is_partial).then(pl.lit("67")).otherwise(pl.lit("100")),
            took=(pl.col("occurred_at") - pl.col("started_at")).dt.total_seconds(),
            is_finished=pl.when(is_partial).then(pl.lit("0")).otherwise(pl.lit("1")),
            invited_customer=pl.when(is_named).then("shop_customer"),
            distribution=pl.when(is_named).then(pl.lit("email")).otherwise(pl.lit("anonymous")),
            spoken=pl.coalesce("language", pl.lit("EN")).str.to_uppercase(),
        )
        for name, _, is_coded in questions:
            cell = pl.coalesce(code, "answer") if is_coded else pl.col("answer")
            answered = _answers(part, name, cell)
            rows = rows.join(answered, on="interaction_id", how="left", maintain_order="left")
        answers = [f"answer {name}" for name, _, _ in questions]
        yield Batch(qualtrics_file(survey), format_cells(rows, _QUALTRICS_FIELDS, further=answers))


def _responses(part: Slice, survey: str, tool: str) -> pl.DataFrame:
    """Return the responses that a tool collected, with the tool's data of invited persons."""
    world, key = part.world, pl.col("interaction_id")
    rows = part["interactions"].filter(
        pl.col("channel") == "survey",
        pl.col("action") == "responded",
        pl.col("campaign_id") == survey,
        (world.uniform("survey tool", key) < _MONKEY) == (tool == "surveymonkey"),
    )
    took = pl.duration(seconds=40 + world.bits("survey took", key) % 500)
    rows = rows.with_columns(
        started_at=pl.col("occurred_at") - took,
        is_anonymous=world.uniform("survey anonymous", key) < _ANONYMOUS,
    )
    rows = part.add_person_columns(
        rows, "email", "given_name", "family_name", "shop_customer", "language", "kind"
    )
    is_named = ~pl.col("is_anonymous")
    return rows.with_columns(
        invited_email=pl.when(is_named).then(part.email_in_system(tool)),
        invited_given_name=pl.when(is_named).then("given_name"),
        invited_family_name=pl.when(is_named).then("family_name"),
    )


def _answers(part: Slice, question: str, cell: pl.Expr) -> pl.DataFrame:
    own = part["answers"].filter(pl.col("question_id") == question)
    own = own.unique("interaction_id", keep="first", maintain_order=True)
    return own.select("interaction_id", cell.alias(f"answer {question}"))


def _questions_by_survey(world: ExportedWorld) -> dict[str, list[tuple[str, str, bool]]]:
    """Return the questions of each survey: id, text, and whether their answers have codes."""
    asked = world.questions.filter(
        pl.col("survey").str.contains(r"^[A-Za-z0-9._-]+$")  # The id is part of a file name.
    )
    return {
        str(survey): [
            (name, text, is_coded)
            for name, text, is_coded in own.select(
                "question_id", "question", "is_coded"
            ).iter_rows()
        ]
        for (survey,), own in asked.group_by("survey", maintain_order=True)
    }


def _monkey_forms(world: ExportedWorld) -> dict[str, FileForm]:
    own = column_headers(_MONKEY_FIELDS)
    blank = [None] * len(own)
    return {
        monkey_file(survey): csv_form(
            [*own, *(t if coded else f"<em>{t}</em>" for _, t, coded in questions)],
            [*blank, *("Response" if c else "Open-Ended Response" for _, _, c in questions)],
        )
        for survey, questions in _questions_by_survey(world).items()
    }


def _qualtrics_forms(world: ExportedWorld) -> dict[str, FileForm]:
    forms = {}
    own = [(f.column, f.label, f.import_id) for f in read_fields(_QUALTRICS_FIELDS)]
    for survey, questions in _questions_by_survey(world).items():
        asked = [
            (f"Q{n}", text, f"QID{n}" if is_coded else f"QID{n}_TEXT")
            for n, (_, text, is_coded) in enumerate(questions, start=1)
        ]
        names, labels, imports = zip(*own, *asked, strict=True)
        marks = [json.dumps({"ImportId": each}, separators=(",", ":")) for each in imports]
        forms[qualtrics_file(survey)] = csv_form(names, labels, marks)
    return forms


SURVEYMONKEY = Vendor(forms=_monkey_forms, batches=monkey_batches)
QUALTRICS = Vendor(forms=_qualtrics_forms, batches=qualtrics_batches)
