"""What a draft proposes for a column, by its name and the form of its values."""

import polars as pl
import pytest

from workbench.extracts.column_profiles import propose_rule

PLACES = ["Ulm", "Bonn", "Kiel", "Gera"] * 25


@pytest.mark.parametrize(
    ("name", "values", "treatment"),
    [
        ("LastName", [f"Name {i}" for i in range(100)], "drop"),
        ("contact", [f"p{i}@shop.example" for i in range(100)], "drop"),
        ("note", [f"p{i}@shop.example" for i in range(100)], "drop"),
        ("ref", [f"X-{i}" for i in range(100)], "drop"),
        ("remark", [f"a long sentence said on the {i % 7}th day" * 2 for i in range(99)], "drop"),
        ("customer_id", [i // 3 for i in range(100)], "person"),
        ("PhoneService", ["Yes", "No"] * 50, "generalise"),
        ("city", PLACES, "generalise"),
        ("yearly income", [str(i % 9) for i in range(100)], "sensitive"),
        ("empty", [None] * 100, "drop"),
        ("soc_sec_id", [str(7_000_000 + i // 2) for i in range(1_000)], "drop"),
        ("zip_code", ["Urban", "Rural", "Suburban"] * 30, "generalise"),
        ("Which, in your opinion, is the right way to write it?", ["a" * 50, "b" * 60] * 30,
         "generalise"),
        ("amount", [str(7_000_000 + i // 2) for i in range(1_000)], "generalise"),
        ("born", [f"19{60 + i % 30}0517" for i in range(98)] + ["19609917", "unknown"], "drop"),
    ],
)  # fmt: skip
def test_the_treatment_follows_name_and_values(
    name: str, values: list[object], treatment: str
) -> None:
    proposal = propose_rule(pl.Series(name, values), k=5)
    assert proposal.rule.treatment == treatment
    assert proposal.reason


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([str(3_237_565_900 + 7 * i) for i in range(100)], "a value of its own"),
        ([f"+49 89 {1_000 + i}" for i in range(100)], "phone numbers"),
        ([f"0171{1_000_000 + i}" for i in range(100)], "phone numbers"),
        ([f"({200 + i}) 555-01{i:02d}" for i in range(100)], "phone numbers"),
    ],
)
def test_ids_are_no_phone_numbers(values: list[str], words: str) -> None:
    assert words in propose_rule(pl.Series("RespondentID", values), k=5).reason


def test_numbers_are_put_into_bands_that_nest() -> None:
    rule = propose_rule(pl.Series("age", [str(18 + i % 70) for i in range(500)]), k=5).rule
    assert len(rule.bands) >= 2
    assert all(wide % narrow == 0 for narrow, wide in zip(rule.bands, rule.bands[1:], strict=False))


@pytest.mark.parametrize("form", ["19{}-05-17", "19{}0517", "17.05.19{}", "19{}/05/17"])
def test_dates_are_cut(form: str) -> None:
    days = propose_rule(pl.Series("born", [form.format(60 + i % 30) for i in range(100)]), k=5)
    assert days.rule.dates == ("month", "quarter", "year")


def test_postcodes_are_cut() -> None:
    codes = propose_rule(pl.Series("zip", [f"10{i:03d}" for i in range(100)]), k=5)
    assert codes.rule.prefixes == (4, 3, 2, 1)


def test_a_drafted_hierarchy_covers_every_value() -> None:
    values = pl.Series("city", [*PLACES, "Au", "Au", "Rust"])
    proposal = propose_rule(values, k=5)
    assert proposal.hierarchy is not None
    assert proposal.hierarchy.uncovered(values).rows == 0
    assert proposal.rule.hierarchy == "city.csv"
    labels = dict(proposal.hierarchy.frame().select("0", "1").iter_rows())
    assert labels["Ulm"] == "Ulm"
    assert labels["Au"] == labels["Rust"] == "other"


def test_no_reason_has_a_value() -> None:
    for name, values in (("city", [*PLACES, "Rust"]), ("born", ["1999-05-17"] * 9)):
        assert not set(propose_rule(pl.Series(name, values), k=5).reason.split()) & set(values)
