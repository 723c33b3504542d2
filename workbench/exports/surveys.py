"""SurveyMonkey and Qualtrics: the answers of each survey, a column per question.

The company moved from one to the other: each response was collected by one of them. Both write
local time without an offset (Europe/Berlin). SurveyMonkey has two header rows, US dates, and the
old code point 0x85 for an ellipsis; Qualtrics has three header rows, the second in the owner's
language (German), and codes where a question has codes.
"""

import json
from collections.abc import Iterator

import polars as pl

from workbench.exports.cells import local
from workbench.exports.ids import base62, decimal_digits
from workbench.exports.slices import Slice, World
from workbench.exports.visits import ip_address
from workbench.exports.writing import Batch, Form, Vendor, csv

_MONKEY_HEADER = (
    "Respondent ID,Collector ID,Start Date,End Date,IP Address,Email Address,First Name,Last Name,"
    "Custom Data 1"
)
MONKEY_COLUMNS = _MONKEY_HEADER.split(",")
#: Column, label in German, import id.
QUALTRICS_COLUMNS = [
    ("StartDate", "Anfangsdatum", "startDate"),
    ("EndDate", "Enddatum", "endDate"),
    ("Status", "Antworttyp", "status"),
    ("IPAddress", "IP-Adresse", "ipAddress"),
    ("Progress", "Aktueller Stand", "progress"),
    ("Duration (in seconds)", "Dauer (in Sekunden)", "duration"),
    ("Finished", "Beendet", "finished"),
    ("RecordedDate", "Erfassungsdatum", "recordedDate"),
    ("ResponseId", "Antwort-ID", "_recordId"),
    ("RecipientLastName", "Nachname des Empfängers", "recipientLastName"),
    ("RecipientFirstName", "Vorname des Empfängers", "recipientFirstName"),
    ("RecipientEmail", "E-Mail des Empfängers", "recipientEmail"),
    ("ExternalReference", "Externe Datenreferenz", "externalDataReference"),
    ("LocationLatitude", "Breitengrad des Standorts", "locationLatitude"),
    ("LocationLongitude", "Längengrad des Standorts", "locationLongitude"),
    ("DistributionChannel", "Verteilungskanal", "distributionChannel"),
    ("UserLanguage", "Benutzersprache", "userLanguage"),
]
_US = "%m/%d/%Y %I:%M:%S %p"
_ISO = "%Y-%m-%d %H:%M:%S"
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
    cells = {
        "Respondent ID": pl.col("native_id"),
        "Collector ID": pl.lit("112233445"),
        "Start Date": local(pl.col("started_at"), _US),
        "End Date": local(pl.col("occurred_at"), _US),
        "IP Address": pl.when(is_named).then(ip_address(world, pl.coalesce("record_id", key))),
        "Email Address": pl.when(is_named).then(part.written_email("surveymonkey")),
        "First Name": pl.when(is_named).then("given_name"),
        "Last Name": pl.when(is_named).then("family_name"),
        "Custom Data 1": pl.when(is_named).then(pl.lit("src=mail")),
    }
    for survey, questions in _surveys(world).items():
        rows = _responses(part, survey, by_monkey=True).with_columns(
            native_id=pl.concat_str(
                pl.lit("3"), decimal_digits(world.bits("surveymonkey", key), 11)
            )
        )
        rows = rows.with_columns(**cells)
        for name, _, _ in questions:
            answered = _answers(
                part, name, pl.col("answer").str.replace_all("…", "\x85", literal=True)
            )
            rows = rows.join(answered, on="interaction_id", how="left", maintain_order="left")
        named = [f"answer {name}" for name, _, _ in questions]
        yield Batch(monkey_file(survey), rows.select(*cells, *named, "native_id", "record_id"))


def qualtrics_batches(part: Slice) -> Iterator[Batch]:
    """Yield the responses that Qualtrics collected."""
    world, key = part.world, pl.col("interaction_id")
    is_named = ~pl.col("is_anonymous")
    took = (pl.col("occurred_at") - pl.col("started_at")).dt.total_seconds()
    is_partial = world.u("qualtrics partial", key) < _PARTIAL
    cells = {
        "StartDate": local(pl.col("started_at"), _ISO),
        "EndDate": local(pl.col("occurred_at"), _ISO),
        "Status": pl.when(pl.col("kind") == "test").then(pl.lit("1")).otherwise(pl.lit("0")),
        "IPAddress": ip_address(world, pl.coalesce("record_id", key)),
        "Progress": pl.when(is_partial).then(pl.lit("67")).otherwise(pl.lit("100")),
        "Duration (in seconds)": took.cast(pl.String),
        "Finished": pl.when(is_partial).then(pl.lit("0")).otherwise(pl.lit("1")),
        "RecordedDate": local(pl.col("occurred_at"), _ISO),
        "ResponseId": pl.col("native_id"),
        "RecipientLastName": pl.when(is_named).then("family_name"),
        "RecipientFirstName": pl.when(is_named).then("given_name"),
        "RecipientEmail": pl.when(is_named).then(part.written_email("qualtrics")),
        "ExternalReference": pl.when(is_named).then("shop_customer"),
        "LocationLatitude": pl.lit(None, pl.String),
        "LocationLongitude": pl.lit(None, pl.String),
        "DistributionChannel": pl.when(is_named)
        .then(pl.lit("email"))
        .otherwise(pl.lit("anonymous")),
        "UserLanguage": pl.coalesce("language", pl.lit("EN")).str.to_uppercase(),
    }
    code = pl.col("answer_number").cast(pl.String).str.replace(r"\.0$", "")
    for survey, questions in _surveys(world).items():
        rows = _responses(part, survey, by_monkey=False).with_columns(
            native_id=pl.concat_str(
                pl.lit("R_"),
                base62(world.bits("qualtrics", key)),
                base62(world.bits("qualtrics, rest", key), 5),
            )
        )
        rows = rows.with_columns(**cells)
        for name, _, is_coded in questions:
            cell = pl.coalesce(code, "answer") if is_coded else pl.col("answer")
            answered = _answers(part, name, cell)
            rows = rows.join(answered, on="interaction_id", how="left", maintain_order="left")
        named = [f"answer {name}" for name, _, _ in questions]
        yield Batch(qualtrics_file(survey), rows.select(*cells, *named, "native_id", "record_id"))


def _responses(part: Slice, survey: str, *, by_monkey: bool) -> pl.DataFrame:
    world, key = part.world, pl.col("interaction_id")
    rows = part["interactions"].filter(
        pl.col("channel") == "survey",
        pl.col("action") == "responded",
        pl.col("campaign_id") == survey,
        (world.u("survey tool", key) < _MONKEY) == by_monkey,
    )
    took = pl.duration(seconds=40 + world.bits("survey took", key) % 500)
    rows = rows.with_columns(
        started_at=pl.col("occurred_at") - took,
        is_anonymous=world.u("survey anonymous", key) < _ANONYMOUS,
    )
    return part.with_people(
        rows, "email", "given_name", "family_name", "shop_customer", "language", "kind"
    )


def _answers(part: Slice, question: str, cell: pl.Expr) -> pl.DataFrame:
    own = part["answers"].filter(pl.col("question_id") == question)
    own = own.unique("interaction_id", keep="first", maintain_order=True)
    return own.select("interaction_id", cell.alias(f"answer {question}"))


def _surveys(world: World) -> dict[str, list[tuple[str, str, bool]]]:
    """Return the questions of each survey: id, text, and whether its answers are coded."""
    asked = world.questions.filter(
        pl.col("survey").str.contains(r"^[A-Za-z0-9._-]+$")  # else no name of a file
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


def _monkey_forms(world: World) -> dict[str, Form]:
    blank = [None] * len(MONKEY_COLUMNS)
    return {
        monkey_file(survey): csv(
            [*MONKEY_COLUMNS, *(t if coded else f"<em>{t}</em>" for _, t, coded in questions)],
            [*blank, *("Response" if c else "Open-Ended Response" for _, _, c in questions)],
        )
        for survey, questions in _surveys(world).items()
    }


def _qualtrics_forms(world: World) -> dict[str, Form]:
    forms = {}
    for survey, questions in _surveys(world).items():
        asked = [
            (f"Q{n}", text, f"QID{n}" if is_coded else f"QID{n}_TEXT")
            for n, (_, text, is_coded) in enumerate(questions, start=1)
        ]
        names, labels, imports = zip(*QUALTRICS_COLUMNS, *asked, strict=True)
        marks = [json.dumps({"ImportId": each}, separators=(",", ":")) for each in imports]
        forms[qualtrics_file(survey)] = csv(names, labels, marks)
    return forms


SURVEYMONKEY = Vendor(forms=_monkey_forms, batches=monkey_batches)
QUALTRICS = Vendor(forms=_qualtrics_forms, batches=qualtrics_batches)
