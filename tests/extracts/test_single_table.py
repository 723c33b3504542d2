"""A file anonymised as one would use ARX, by its command."""

import csv
import json
import tomllib
from datetime import date, time, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from workbench.cli import main
from workbench.extracts import written_extract
from workbench.extracts.single_table import anonymise_table
from workbench.extracts.table_files import read_table
from workbench.foundation.errors import InputError
from workbench.session import user_session
from workbench.studies.extract_policy import extract_policy

RULES = """
k = 3
histories = "linked"
suppression_limit = 0.2
limits = { highest = 0.4, average = 0.4, singling_out = 1.0, linkability = 1.0, inference = 1.0 }
[columns]
who = "person"
name = "drop"
age = { treatment = "generalise", bands = [5, 10, 50] }
zip = { treatment = "generalise", prefixes = [2] }
joined = { treatment = "generalise", dates = ["year"] }
team = "pseudonymise"
income = { treatment = "perturb", noise = 0.1 }
note = "keep"
"""
ROWS = 240


def table() -> pl.DataFrame:
    """Return 120 persons with two rows each; one note would be a formula in a spreadsheet."""
    place = pl.int_range(ROWS, eager=True)
    person = place // 2
    return pl.DataFrame(
        {
            "who": "p" + person.cast(pl.String),
            "name": "Name " + person.cast(pl.String),
            "age": 20 + person % 40,
            "zip": (10_000 + (person % 2) * 5_000 + person).cast(pl.String),
            "joined": pl.Series([f"202{i % 3}-0{1 + i % 9}-11" for i in person]),
            "team": "T" + (person % 5).cast(pl.String),
            "income": 1_000 + 10 * place,
            "note": ["=cmd()" if i == 0 else f"n{i % 4}" for i in range(ROWS)],
            "unnamed": place,
        }
    )


LEVELS = RULES.replace("k = 3", 'k = 3\nrecoding = "levels"')


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "survey.csv"
    table().write_csv(path, separator=";")
    return path


def run(source: Path, out: Path, rules: str = RULES) -> int:
    policy = source.with_name("partner.toml")
    policy.write_text(rules, encoding="utf-8")
    return main(["anonymize", str(source), "--policy", str(policy), "--out", str(out)])


@pytest.mark.parametrize(
    "rules", [RULES, LEVELS, RULES.replace("k = 3", 'k = 3\nrecoding = "ranges"')]
)
def test_a_file_is_anonymised_with_its_report_and_description(rules: str, source: Path) -> None:
    out = source.with_name("out.csv")
    assert run(source, out, rules) == 0
    made = pl.read_csv(out, infer_schema=False)
    assert made.columns == ["who", "age", "zip", "joined", "team", "income", "note"]
    sizes = made.group_by("age", "zip", "joined").agg(persons=pl.col("who").n_unique())
    assert sizes["persons"].min() >= 3  # type: ignore[operator]  # a count
    description = json.loads(out.with_name("out.description.json").read_bytes())
    columns = description["tables"]["table"]["columns"]
    assert set(columns) == set(table().columns)
    assert "no rule" in columns["unnamed"]["treatment"]
    assert description["persons"] == 120
    assert description["tables"]["table"]["rows"] == made.height
    assert json.loads(out.with_name("out.risk.json").read_bytes())["prosecutor"]
    assert "<html" in out.with_name("out.risk.html").read_text(encoding="utf-8")


def test_uniques_in_the_population_are_estimated_where_its_size_is_stated(source: Path) -> None:
    out = source.with_name("out.csv")
    assert run(source, out, RULES.replace("k = 3", "k = 3\npopulation = 50_000")) == 0
    risk = json.loads(out.with_name("out.risk.json").read_bytes())
    assert len(risk["population_uniques"]) >= 2
    assert run(source, source.with_name("no.csv"), RULES.replace("k = 3", "population = 50")) == 2


def test_rows_of_a_person_that_single_out_together_are_refused(
    source: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every row is shared by many persons, the six rows of a person by nobody."""
    draw = np.random.default_rng(5)
    persons = 400
    rows = pl.DataFrame(
        {
            "who": [f"p{i // 6}" for i in range(6 * persons)],
            "shop": draw.choice(["a", "b", "c", "d"], 6 * persons),
            "hour": draw.choice(["1", "2", "3", "4", "5"], 6 * persons),
        }
    )
    rows.write_csv(source)
    rules = (
        'preset = "research"\nhistories = "linked"\n[columns]\nwho = "person"\n'
        'shop = "generalise"\nhour = "generalise"\n'
    )
    assert run(source, source.with_name("out.csv"), rules) == 4
    assert "Rejoined by facts" in capsys.readouterr().err
    as_pseudonym = rules.replace('"linked"', '"unlinked"').replace('"person"', '"pseudonymise"')
    assert run(source, source.with_name("out.csv"), as_pseudonym) == 4
    assert "Rejoined by facts" in capsys.readouterr().err
    out = source.with_name("alone.csv")
    assert run(source, out, rules.replace('"linked"', '"unlinked"')) == 0
    assert pl.read_csv(out).columns == ["shop", "hour"]


def test_ids_and_order_are_drawn_anew(source: Path) -> None:
    outs = [source.with_name(f"out{i}.csv") for i in range(2)]
    assert [run(source, out) for out in outs] == [0, 0]
    one, other = (pl.read_csv(out, infer_schema=False) for out in outs)
    assert not set(one["who"]) & set(table()["who"])
    assert one["who"].n_unique() == other["who"].n_unique()
    kept = ["age", "zip", "joined", "note"]
    assert one.select(kept).rows() != other.select(kept).rows()
    assert sorted(one.select(kept).rows()) == sorted(other.select(kept).rows())
    incomes = [sum(map(int, each["income"])) for each in (one, other)]
    assert incomes[0] != incomes[1]


def test_no_cell_of_a_spreadsheet_is_a_formula(source: Path) -> None:
    out = source.with_name("out.csv")
    assert run(source, out) == 0
    notes = pl.read_csv(out, infer_schema=False)["note"]
    assert not notes.str.contains("^=").any()


def test_no_name_of_a_column_is_a_formula(source: Path) -> None:
    pl.DataFrame({"=cmd()": ["a", "b"] * 10, "age": [20, 30] * 10}).write_csv(source)
    out = source.with_name("out.csv")
    rules = 'preset = "research"\n[columns]\n"=cmd()" = "generalise"\nage = "generalise"\n'
    assert run(source, out, rules) == 0
    with out.open(encoding="utf-8", newline="") as lines:
        assert next(csv.reader(lines)) == ["'=cmd()", "age"]


PLAIN = {"city": ["Ulm", "Bonn"] * 20, "age": [20, 30] * 20}


@pytest.mark.parametrize(
    "column",
    [
        pl.Series("x", [float("nan"), 1.5] * 20),
        pl.Series("x", ["a", "b"] * 20, dtype=pl.Categorical),
        pl.Series("x", ["1.50", "2.50"] * 20).cast(pl.Decimal(9, 2)),
        pl.Series("x", [timedelta(seconds=5), timedelta(minutes=2)] * 20),
        pl.Series("x", [time(8, 30), None] * 20),
        pl.Series("x", [True, False] * 20),
    ],
)
def test_every_type_of_parquet_is_drafted_and_anonymised(source: Path, column: pl.Series) -> None:
    table, policy = source.with_suffix(".parquet"), source.with_suffix(".toml")
    pl.DataFrame({**PLAIN, "x": column}).write_parquet(table)
    assert main(["policy", "draft", str(table), "--out", str(policy)]) == 0
    out = source.with_name("out.parquet")
    assert main(["anonymize", str(table), "--policy", str(policy), "--out", str(out)]) == 0
    assert pl.read_parquet(out).height == 40


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ({**PLAIN, "x": [[1, 2]] * 40}, "column x has lists or bytes"),
        ({**PLAIN, "x": [b"1"] * 40}, "column x has lists or bytes"),
        ({"city": [], "age": []}, "has names of columns and no row"),
    ],
)
def test_a_table_without_cells_to_generalise_is_refused(
    source: Path, capsys: pytest.CaptureFixture[str], rows: dict[str, list[object]], words: str
) -> None:
    table = source.with_suffix(".parquet")
    pl.DataFrame(rows).write_parquet(table)
    assert main(["policy", "draft", str(table)]) == 3
    assert words in capsys.readouterr().err


def test_parquet_is_written_where_its_suffix_asks(source: Path) -> None:
    out = source.with_name("out.parquet")
    assert run(source, out) == 0
    assert pl.read_parquet(out).height


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        (RULES.replace("name =", "nmae ="), "did you mean 'name'"),
        (RULES.replace("k = 3", "k = 300"), "k is 300, but the table has only 120 persons"),
        (RULES.replace("k = 3", "k = 3\nl = 9").replace('"keep"', '"sensitive"'), "l is 9"),
        (RULES.replace("bands = [5, 10, 50]", "bands = [5, 12]"), "divide the next"),
        (RULES.replace("zip = { treatment", "income = 3\nzip = { treatment"), "income"),
        (RULES.replace('"pseudonymise"', '"hide"'), "'pseudonymise'"),
        (RULES.replace("bands = [5, 10, 50]", 'hierarchy = "ages.csv"'), "ages.csv, beside"),
        (RULES.replace("highest = 0.4", "highest = 0.01"), "above 0.01"),
    ],
)  # fmt: skip
def test_a_bad_policy_is_refused_and_nothing_is_written(
    rules: str, words: str, source: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = source.with_name("out.csv")
    assert run(source, out, rules) in (2, 3, 4)
    said = capsys.readouterr().err
    assert words in said or "cannot be read" in said or "TOML" in said
    assert "Traceback" not in said
    assert not list(source.parent.glob("out*"))


def test_an_uncovered_value_is_counted_and_not_said(
    source: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = "".join(f"{age};young;*\n" for age in range(20, 59))
    source.with_name("ages.csv").write_text(lines, encoding="utf-8")
    rules = RULES.replace("bands = [5, 10, 50]", 'hierarchy = "ages.csv"')
    assert run(source, source.with_name("out.csv"), rules) == 2
    said = capsys.readouterr().err
    assert "lacks 1 value of the column, in 6 rows" in said
    assert "59" not in said


def test_a_file_that_exists_is_not_replaced(source: Path) -> None:
    out = source.with_name("out.csv")
    out.write_text("mine")
    assert run(source, out) == 3
    assert out.read_text() == "mine"


def test_applied_twice_a_policy_changes_nothing_but_the_order(source: Path) -> None:
    hierarchy = "".join(f"{plan};{plan[0]};*\n" for plan in ("aa", "ab", "ba", "bb"))
    source.with_name("plans.csv").write_text(hierarchy, encoding="utf-8")
    rules = (
        'k = 3\nrecoding = "levels"\nsuppression_limit = 0.5\n'
        "limits = { highest = 1.0, average = 1.0, singling_out = 1.0, linkability = 1.0 }\n"
        '[columns]\nplan = { treatment = "generalise", hierarchy = "plans.csv" }\n'
    )
    first, second = source.with_name("once.csv"), source.with_name("twice.csv")
    pl.DataFrame({"plan": ["aa"] * 2 + ["ab"] * 3 + ["ba"] * 4 + ["bb"] * 5}).write_csv(source)
    assert run(source, first, rules) == 0
    assert run(first, second, rules) == 0
    once, twice = (pl.read_csv(path)["plan"].sort().to_list() for path in (first, second))
    assert once == twice
    assert len(once) >= 12


@pytest.mark.parametrize("preset", ["research", "release"])
def test_a_drafted_policy_applied_to_its_own_extract_changes_nothing(
    source: Path, preset: str
) -> None:
    draw = np.random.default_rng(8)
    days = [date(2024, 1, 1) + timedelta(days=int(day)) for day in draw.integers(0, 365, 900)]
    pl.DataFrame(
        {
            "age": draw.integers(18, 80, 900),
            "joined": days,
            "city": draw.choice(["Ulm", "Bonn", "Kiel", "Gera", "Au", "Rust"], 900,
                                p=[0.3, 0.3, 0.2, 0.19, 0.006, 0.004]),
            "debt": draw.lognormal(8, 1, 900).round(2),
        }
    ).write_csv(source)  # fmt: skip
    policy = source.with_name("drafted.toml")
    assert main(["policy", "draft", str(source), "--preset", preset, "--out", str(policy)]) == 0
    limits = 'doubts = "said"\nlimits = { inference = 1.0, linkability = 1.0, singling_out = 1.0 }'
    text = policy.read_text("utf-8").replace(
        f'preset = "{preset}"', f'preset = "{preset}"\n{limits}'
    )
    policy.write_text(text, encoding="utf-8")
    first, second = source.with_name("once.csv"), source.with_name("twice.csv")
    for read, out in ((source, first), (first, second)):
        assert main(["anonymize", str(read), "--policy", str(policy), "--out", str(out)]) == 0
        notes = json.loads(out.with_suffix(".description.json").read_bytes())["notes"]
        assert ("has labels already" in " ".join(notes)) == (read == first)
    once, twice = (pl.read_csv(path, infer_schema=False) for path in (first, second))
    assert once.sort(once.columns).equals(twice.sort(once.columns))


def test_what_suppression_moves_out_of_reach_is_reached_without_it(source: Path) -> None:
    """Rows left out change the shares by which t is judged, and the values by which l is."""
    draw = np.random.default_rng(8)
    illness = draw.choice(list("abc"), 80, p=[0.7, 0.2, 0.1])
    is_missing = draw.random(80) < 0.3
    rows = pl.DataFrame(
        {
            "age": draw.integers(20, 80, 80),
            "illness": [None if m else str(i) for i, m in zip(illness, is_missing, strict=True)],
        }
    )
    rules = (
        "k = 3\nl = 2\nt = 0.25\nsuppression_limit = 0.3\nleast_alike = 2\n[columns]\n"
        'illness = "sensitive"\nage = { treatment = "generalise", bands = [5, 10, 20] }\n'
    )
    rows.write_csv(source)
    policy = extract_policy(tomllib.loads(rules), name="p", source="p")
    made = anonymise_table(read_table(source), policy, {})
    assert made.suppressed == 0
    assert made.reached["t of illness"] <= 0.25
    assert made.reached["l of illness"] >= 2


def test_a_draft_is_a_policy_that_works(source: Path, capsys: pytest.CaptureFixture[str]) -> None:
    policy = source.with_name("drafted.toml")
    assert main(["policy", "draft", str(source), "--out", str(policy)]) == 0
    out = source.with_name("out.csv")
    code = main(["anonymize", str(source), "--policy", str(policy), "--out", str(out)])
    assert code in (0, 4), capsys.readouterr().err
    text = policy.read_text(encoding="utf-8")
    assert "Name 1" not in text
    assert "# Who loses most: a group of " in text or "too strict" in text
    for column in table().columns:
        assert f"# {column}: " in text


def test_a_report_that_exists_is_not_replaced(source: Path) -> None:
    first, second = source.with_name("out.parquet"), source.with_name("out.csv")
    assert run(source, first) == 0
    report = first.with_name("out.risk.json").read_bytes()
    assert run(source, second) == 3
    assert first.with_name("out.risk.json").read_bytes() == report
    assert not second.exists()


def test_of_two_runs_into_one_name_the_second_is_refused_and_removes_nothing(
    source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = source.with_name("out.csv")
    measure = user_session.Session.anonymize

    def overtaken(self: user_session.Session, *given: Any, **named: Any) -> Any:
        made = measure(self, *given, **named)
        monkeypatch.undo()
        assert run(source, out) == 0
        return made

    monkeypatch.setattr(user_session.Session, "anonymize", overtaken)
    assert run(source, out) == 3
    assert out.exists()
    assert json.loads(out.with_name("out.description.json").read_bytes())["persons"] == 120


def test_a_failed_writing_leaves_no_report(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, rows: pl.DataFrame) -> None:
        raise InputError(f"cannot write {path.name}: no space left")

    monkeypatch.setattr(written_extract, "write_table", full)
    assert run(source, source.with_name("out.csv")) == 3
    assert not list(source.parent.glob("*out*"))


def test_the_reports_do_not_show_the_values_of_a_person_who_was_left_out(source: Path) -> None:
    common = {"sex": ["F", "M"] * 60, "region": ["N", "N", "S", "S"] * 30}
    rows = pl.DataFrame(common).vstack(pl.DataFrame({"sex": ["F"], "region": ["W"]}))
    rows.vstack(pl.DataFrame({"sex": ["M"] * 20, "region": ["W"] * 20})).write_csv(source)
    out = source.with_name("out.csv")
    rules = (
        'k = 5\nrecoding = "levels"\n'
        "limits = { singling_out = 1.0, linkability = 1.0 }\n"
        '[columns]\nsex = "generalise"\nregion = "generalise"\n'
    )
    assert run(source, out, rules) == 0
    assert pl.read_csv(out).height == 140
    assert "Who loses most" not in out.with_name("out.risk.html").read_text(encoding="utf-8")
    assert not json.loads(out.with_name("out.risk.json").read_bytes())["worst_losses"]


def test_a_file_without_names_is_refused_since_its_first_record_would_leave(
    source: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source.write_text("00004 19970101 2 29.33\n00004 19970118 2 29.73\n", encoding="utf-8")
    out = source.with_name("out.csv")
    assert run(source, out, 'k = 2\n[columns]\n"2" = "generalise"\n') == 3
    said = capsys.readouterr().err
    assert "4 of 4 columns are named by a number" in said
    assert "29.33" not in said


def test_a_column_that_is_sensitive_by_name_only_is_told(
    source: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rules = RULES.replace('"pseudonymise"', '"sensitive"')
    assert run(source, source.with_name("out.csv"), rules) == 0
    assert "team is sensitive, but neither l nor t is stated" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("column", "rule", "said"),
    [
        ("name", '"keep"', "name: value of fewer than 5 persons: 100.0%"),
        ("income", '{ treatment = "perturb", noise = 0.0001 }', "income: perturbed number"),
        ("group", '"pseudonymise"', "group: value told by how often it occurs: 100.0%"),
    ],
)
def test_a_column_whose_values_find_persons_is_refused(
    source: Path, capsys: pytest.CaptureFixture[str], column: str, rule: str, said: str
) -> None:
    rows = table().with_columns(group=pl.when(pl.col("unnamed") < 80).then(1).otherwise(2))
    rows.write_csv(source, separator=";")
    rules = RULES.replace("singling_out = 1.0", "singling_out = 0.1")
    rules = "\n".join(line for line in rules.splitlines() if not line.startswith(f"{column} ="))
    rules = rules.replace('note = "keep"', 'note = "drop"')
    out = source.with_name("out.csv")
    assert run(source, out, f"{rules}\n{column} = {rule}\n") == 4
    assert said in (error := capsys.readouterr().err)
    assert "Name 1" not in error
    assert not out.exists()


def test_sensitive_numbers_are_shown_as_bands_that_enough_persons_share(source: Path) -> None:
    draw = np.random.default_rng(2)
    rows = pl.DataFrame(
        {
            "age": draw.integers(20, 60, 500),
            "debt": draw.lognormal(8, 1, 500).round(2),
            "illness": ["rare"] * 3 + ["common"] * 297 + ["usual"] * 200,
        }
    )
    rows.write_csv(source)
    rules = (
        'preset = "research"\n[columns]\nage = { treatment = "generalise", bands = [10, 50] }\n'
        'debt = "sensitive"\nillness = "sensitive"\n'
    )
    out = source.with_name("out.csv")
    assert run(source, out, rules) == 0
    made = pl.read_csv(out)
    for name in ("debt", "illness"):
        assert made[name].drop_nulls().value_counts()["count"].min() >= 5  # type: ignore[operator]  # a count
    assert made["illness"].null_count() == 3
    assert abs(made["debt"].mean() / rows["debt"].mean() - 1) < 0.25  # type: ignore[operator]  # numbers
    columns = json.loads(out.with_name("out.description.json").read_bytes())["tables"]["table"]
    assert "middle of bands" in columns["columns"]["debt"]["treatment"]
    assert columns["columns"]["illness"]["suppressed_cells"] == 3


def test_whoever_holds_only_the_extract_finds_the_t_that_was_asked(source: Path) -> None:
    """Rows that are left out change the distribution with which classes are compared."""
    draw = np.random.default_rng(3)
    age = draw.integers(20, 60, 4_000)
    chance = np.where(age < 50, 0.25, np.where(age < 55, 0.5, 0.95))
    ill = np.where(draw.random(4_000) < chance, "ill", "well")
    pl.DataFrame({"age": age, "state": ill}).write_csv(source)
    rules = (
        'k = 5\nt = 0.2\nrecoding = "levels"\nsuppression_limit = 0.4\n'
        "limits = { highest = 1.0, average = 1.0, singling_out = 1.0, linkability = 1.0, "
        'inference = 1.0 }\n[columns]\nage = { treatment = "generalise", bands = [5, 10, 20, 40] }'
        '\nstate = "sensitive"\n'
    )
    out = source.with_name("out.csv")
    assert run(source, out, rules) == 0
    made = pl.read_csv(out, infer_schema=False)
    assert made.height < 4_000
    whole = (made["state"] == "ill").mean()
    by_class = made.group_by("age").agg(share=(pl.col("state") == "ill").mean())
    assert (by_class["share"] - whole).abs().max() <= 0.2 + 1e-9  # type: ignore[operator]  # numbers


def test_a_model_does_not_learn_from_the_column_that_it_predicts(source: Path) -> None:
    draw = np.random.default_rng(4)
    pl.DataFrame(
        {"age": draw.integers(20, 60, 600), "left": draw.choice(["yes", "no"], 600)}
    ).write_csv(source)
    rules = (
        'preset = "research"\ntarget = "left"\n[columns]\nleft = "generalise"\n'
        'age = { treatment = "generalise", bands = [10, 50] }\n'
    )
    out = source.with_name("out.csv")
    assert run(source, out, rules) == 0
    models = json.loads(out.with_name("out.description.json").read_bytes())["models"]
    assert models["auc_before"] < 0.6


@pytest.mark.parametrize(
    "columns",
    [["名", "性"], ["sex!", "sex?"], ["e😀", "b"], ["two\nlines", "del\x7f"], ['q"x', "back\\"]],
)
def test_a_draft_is_read_whatever_the_columns_are_named(
    source: Path, capsys: pytest.CaptureFixture[str], columns: list[str]
) -> None:
    values = [["a", "b"] * 20 + ["x"], ["c", "d"] * 20 + ["y"]]
    pl.DataFrame(dict(zip(columns, values, strict=True))).write_csv(source)
    policy, out = source.with_name("drafted.toml"), source.with_name("out.csv")
    assert main(["policy", "draft", str(source), "--out", str(policy)]) == 0
    made = main(["anonymize", str(source), "--policy", str(policy), "--out", str(out)])
    assert made == 0, capsys.readouterr().err
    with out.open(encoding="utf-8", newline="") as lines:
        assert next(csv.reader(lines)) == columns


def test_a_draft_that_will_be_refused_is_told(
    source: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pl.DataFrame({"town": ["a", "b", "c"]}).write_csv(source)
    policy = source.with_name("drafted.toml")
    assert main(["policy", "draft", str(source), "--out", str(policy)]) == 0
    assert "WARNING: These rules are too strict for the data" in capsys.readouterr().err


def test_who_holds_another_extract_with_the_same_values_is_said(
    source: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    draw = np.random.default_rng(6)
    pl.DataFrame(
        {"age": draw.integers(20, 60, 400), "illness": draw.choice(list("abcdefgh"), 400)}
    ).write_csv(source)
    rules = (
        'preset = "research"\n[columns]\nillness = "sensitive"\n'
        'age = { treatment = "generalise", bands = [10, 50] }\n'
    )
    out = source.with_name("out.csv")
    assert run(source, out, rules) == 0
    assert "Found again in another extract that shows illness too" in capsys.readouterr().out
    figure = json.loads(out.with_name("out.risk.json").read_bytes())["joined_by_values"]
    made = pl.read_csv(out)
    alone = made.filter(pl.len().over(made.columns) == 1).height / made.height
    assert figure["low"] <= alone <= figure["high"]
    assert "Found again in another extract" in out.with_name("out.risk.html").read_text("utf-8")


def test_two_draws_of_perturbed_numbers_are_joined_as_well_as_is_said(source: Path) -> None:
    """Nobody shares a class with another number as near as their own, if the noise is small."""
    draw = np.random.default_rng(7)
    pay = draw.lognormal(8, 0.6, 400).round(2)
    pl.DataFrame({"age": draw.integers(20, 60, 400), "pay": pay}).write_csv(source)
    rules = (
        "k = 200\nlimits.singling_out = 1\n[columns]\n"
        'pay = { treatment = "perturb", noise = 0.002 }\n'
        'age = { treatment = "generalise", bands = [100] }\n'
    )
    out = source.with_name("out.csv")
    run(source, out, rules)
    figure = json.loads(out.with_name("out.risk.json").read_bytes())["joined_by_values"]
    one, other = (np.log(pay) + draw.normal(0, 0.002, 400) for _ in range(2))
    nearest = np.abs(one[:, None] - other[None, :]).argmin(axis=1)
    assert abs(figure["value"] - (nearest == np.arange(400)).mean()) < 0.08
    assert "that shows pay too" in out.with_name("out.risk.html").read_text("utf-8")


@pytest.mark.parametrize("headers", [1, 2])
def test_further_lines_of_a_header_are_pointed_out(source: Path, headers: int) -> None:
    lines = ["age,plan", "How old are you?,Your plan", '"{""ImportId"": 1}",plan'][: headers + 1]
    source.write_text("\n".join([*lines, *(f"{20 + n % 40},basic" for n in range(50)), ""]))
    policy = source.with_name("drafted.toml")
    assert main(["policy", "draft", str(source), "--out", str(policy)]) == 0
    assert f"{headers} record{'s' * (headers > 1)} at the top" in policy.read_text()
    plain = source.with_name("plain.csv")
    plain.write_text("age,plan\n20,basic\nx,basic\n30,basic\n31,basic\ny,basic\n")
    assert not any("header" in note for note in read_table(plain).notes)


def kept_rows(source: Path) -> None:
    """Write 600 persons whose three kept columns are common one by one and rare together."""
    draw = np.random.default_rng(9)
    pl.DataFrame(
        {
            "age": draw.integers(20, 60, 600),
            **{name: draw.integers(0, 12, 600) for name in ("one", "two", "three")},
            "pay": draw.lognormal(8, 0.6, 600).round(2),
        }
    ).write_csv(source)


@pytest.mark.parametrize(
    "others",
    ['one = "keep"\ntwo = "keep"\nthree = "keep"\n',
     'pay = { treatment = "perturb", noise = 0.2 }\n'],
)  # fmt: skip
def test_columns_outside_of_classes_leave_nothing_to_say_of_the_risk(
    source: Path, capsys: pytest.CaptureFixture[str], others: str
) -> None:
    kept_rows(source)
    rules = (
        'preset = "PRESET"\n[columns]\nage = { treatment = "generalise", bands = [10, 50] }\n'
        + others
    )
    assert run(source, source.with_name("out.csv"), rules.replace("PRESET", "release")) == 4
    assert "whoever knows the kept and perturbed columns too finds" in capsys.readouterr().err
    assert run(source, source.with_name("out.csv"), rules.replace("PRESET", "research")) == 0
    assert "WARNING" in capsys.readouterr().err


def test_an_empty_cell_is_no_value_that_hides_the_others(source: Path) -> None:
    draw = np.random.default_rng(10)
    illness = [None if draw.random() < 0.4 else draw.choice(["a", "b", "c"]) for _ in range(900)]
    pl.DataFrame({"age": draw.integers(20, 60, 900), "illness": illness}).write_csv(source)
    rules = (
        'preset = "research"\nl = 3\n[columns]\nillness = "sensitive"\n'
        'age = { treatment = "generalise", bands = [1, 5, 10, 50] }\n'
    )
    out = source.with_name("out.csv")
    assert run(source, out, rules) == 0
    stated = pl.read_csv(out, infer_schema=False).drop_nulls("illness")
    assert stated.group_by("age").agg(pl.col("illness").n_unique())["illness"].min() == 3
    reached = json.loads(out.with_name("out.description.json").read_bytes())["reached"]
    assert reached["l of illness"] == 3


@pytest.mark.parametrize("treatment", ['"keep"', '"sensitive"', '"generalise"'])
@pytest.mark.parametrize(
    ("column", "value"), [("Full name", "Tina Koch {}"), ("note", "tina{}@shop.example")]
)
def test_a_column_that_names_persons_is_not_shown(
    source: Path, capsys: pytest.CaptureFixture[str], treatment: str, column: str, value: str
) -> None:
    rows = {"age": [20, 30] * 50, column: [value.format(i) for i in range(100)]}
    pl.DataFrame(rows).write_csv(source)
    rules = f'preset = "research"\n[columns]\nage = "generalise"\n"{column}" = {treatment}\n'
    assert run(source, source.with_name("out.csv"), rules) == 4
    error = capsys.readouterr().err
    assert f"column {column} names persons" in error
    assert "tina" not in error.lower().replace("policy partner", "")


def test_an_extract_of_nobody_is_refused(source: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pl.DataFrame({"town": [f"t{i}" for i in range(6)]}).write_csv(source)
    rules = (
        'k = 3\nrecoding = "levels"\nsuppression_limit = 1.0\n[columns]\ntown = { treatment = '
        '"generalise", hierarchy = "towns.csv" }\n'
    )
    lines = "".join(f"t{i};t{i}\n" for i in range(6))
    source.with_name("towns.csv").write_text(lines, encoding="utf-8")
    assert run(source, source.with_name("out.csv"), rules) != 0
    assert not source.with_name("out.csv").exists()
