"""Parameters by name and type, as the notebook declares them, before any kernel starts."""

from pathlib import Path
from typing import Any

import pytest

from workbench.foundation.errors import ParameterError
from workbench.runs.notebooks import Cell, Notebook
from workbench.runs.parameters import TypedText, choose_values, declared_parameters

from .conftest import BEGINNING, ENDING, Project


def notebook(source: str) -> Notebook:
    return Notebook(
        name="probe", path=Path("probe.ipynb"), cells=(Cell("code", source, ("parameters",)),)
    )


def values(source: str, given: dict[str, Any]) -> dict[str, Any]:
    return choose_values(declared_parameters(notebook(source)), given, where="notebook probe")


def test_a_misspelt_name_is_refused_with_the_nearest() -> None:  # case P01
    with pytest.raises(
        ParameterError, match="no parameter 'horizon_dyas'; did you mean 'horizon_days'"
    ):
        values("horizon_days: int = 30  # days", {"horizon_dyas": TypedText("60")})


def test_text_becomes_what_was_declared_and_nothing_else() -> None:  # case P03
    source = (
        "segments: list[int] = [3]  # counts\n"
        "country: str = 'NL'  # ISO code\n"
        "code: str = ''  # as printed\n"
        "flag: bool = True  # whether"
    )
    given = {
        "segments": TypedText("[1, 2]"),
        "country": TypedText("no"),
        "code": TypedText("007"),
        "flag": TypedText("false"),
    }
    assert values(source, given) == {
        "segments": [1, 2],
        "country": "no",
        "code": "007",
        "flag": False,
    }


@pytest.mark.parametrize(
    ("declaration", "text"),
    [
        ("flag: bool = True", "2"),
        ("days: int = 1", "1.5"),
        ("days: int = 1", "ten"),
        ("share: float = 0.1", "nan"),
        ("kind: \"Literal['a', 'b']\" = 'a'", "c"),
        ("ks: list[int] = [1]", '["x"]'),
        ("ks: list[int] = [1]", "1"),
    ],
)
def test_what_does_not_fit_is_refused(declaration: str, text: str) -> None:
    name = declaration.split(":")[0]
    with pytest.raises(ParameterError, match=f"notebook probe: {name} is .* it must be"):
        values(f"{declaration}  # meaning", {name: TypedText(text)})


def test_values_of_a_study_file_are_held_against_the_same_types() -> None:
    assert values("share: float = 0.1  # share", {"share": 1}) == {"share": 1.0}
    with pytest.raises(ParameterError, match="days is '30', it must be int"):
        values("days: int = 1  # days", {"days": "30"})
    with pytest.raises(ParameterError, match="days is True, it must be int"):
        values("days: int = 1  # days", {"days": True})


def test_none_is_a_value_where_it_is_declared() -> None:
    source = "as_of: str | None = None  # date\nk: int | None = 3  # groups"
    assert values(source, {"k": TypedText("none")}) == {"as_of": None, "k": None}
    assert values(source, {"as_of": TypedText("2024-01-01"), "k": TypedText("4")}) == {
        "as_of": "2024-01-01",
        "k": 4,
    }


def test_a_quoted_type_is_read_like_an_unquoted_one() -> None:
    (parameter,) = declared_parameters(
        notebook("kind: \"Literal['a', 'b']\" = 'a'  # which one, of two")
    ).values()
    assert parameter.default == "a"
    assert parameter.meaning == "which one, of two"


def test_the_cell_holds_declarations_only() -> None:
    with pytest.raises(ParameterError, match="line 2 of the parameters cell: write only"):
        values("days: int = 1  # days\nimport os", {})
    with pytest.raises(ParameterError, match="the default of days is no literal"):
        values("days: int = sum([1])  # days", {})
    with pytest.raises(ParameterError, match="the type of days is not understood"):
        values("days: __import__('os') = 1  # days", {})


def test_every_fault_is_told_at_once() -> None:
    source = "days: int = 1  # days\nshare: float = 0.1  # share"
    with pytest.raises(ParameterError) as told:
        values(source, {"days": "x", "share": TypedText("much"), "dyas": TypedText("2")})
    assert [line.partition(" is ")[0] for line in str(told.value).splitlines()] == [
        "notebook probe: days",
        "notebook probe: share",
        "notebook probe: no parameter 'dyas'; did you mean 'days'? Known: days, share",
    ]


def test_equal_numbers_of_another_type_are_another_choice() -> None:
    source = 'kind: "Literal[1, 2]" = 1  # which'
    assert values(source, {"kind": TypedText("2")}) == {"kind": 2}
    with pytest.raises(ParameterError, match="kind is True"):
        values(source, {"kind": True})
    with pytest.raises(ParameterError, match=r"kind is 1.0"):
        values(source, {"kind": 1.0})


def test_what_no_record_can_hold_is_refused() -> None:
    with pytest.raises(ParameterError, match=r"code is '.udcff', it must be str"):
        values("code: str = ''  # code", {"code": TypedText("\udcff")})
    with pytest.raises(ParameterError, match="share is 'inf', it must be float"):
        values("share: float = 0.1  # share", {"share": TypedText("inf")})
    with pytest.raises(ParameterError, match=r"^notebook probe: days is '9{79}…, it must be int$"):
        values("days: int = 1  # days", {"days": TypedText("9" * 5_000)})


def test_zero_is_one_value() -> None:
    source = "share: float = 0.1  # share"
    assert str(values(source, {"share": TypedText("-0")})) == "{'share': 0.0}"


@pytest.mark.parametrize("kind", ["dict[str, int]", "list", "int | str", "'int['", "set[int]"])
def test_a_type_that_cannot_be_checked_is_not_understood(kind: str) -> None:
    with pytest.raises(ParameterError, match="notebook probe: the type of x is not understood"):
        values(f"x: {kind} = 1  # what", {})


def test_a_refused_list_says_how_one_is_written() -> None:
    with pytest.raises(ParameterError, match=r"""must be list\[str\], written as '\["a", "b"\]'"""):
        values("groups: list[str] = ['a']  # groups", {"groups": TypedText("gender")})


def test_study_and_date_belong_to_the_run(project: Project) -> None:
    project.notebook("probe", ENDING, parameters="as_of: str | None = None  # date")
    with pytest.raises(ParameterError, match="this run has the view of study probe"):
        project.plan("probe", study="other")
    with pytest.raises(ParameterError, match="sets study, which the run sets"):
        project.plan("probe", 'parameters = { study = "other" }')
    with pytest.raises(ParameterError, match=r"sets as_of, .*; use --as-of"):
        project.plan("probe", 'parameters = { as_of = "2024-01-01" }')


def test_the_same_meaning_is_the_same_run(project: Project) -> None:
    declared = "share: float = 0.5  # share\ncode: str = 'é'  # code\nks: list[float] = [1.0]  # k"
    project.notebook("probe", BEGINNING, ENDING, parameters=declared)
    (plain,) = project.plan("probe").runs
    (typed,) = project.plan("probe", share="5e-1", code="é", ks="[1]").runs
    (written,) = project.plan(
        "probe", 'parameters = { share = 0.50, code = "\\u00e9", ks = [1] }'
    ).runs
    assert plain.id == typed.id == written.id
    (other,) = project.plan("probe", share="0.25").runs
    assert other.id != plain.id


def test_odd_text_reaches_the_notebook_as_it_is(project: Project) -> None:
    odd = "a\"b'c\\d\ne\t{x} %s 😀"
    cell = f"assert code == {odd!r}, ascii(code)\n{ENDING}"
    project.notebook("probe", BEGINNING, cell, parameters="code: str = ''  # code")
    assert project.run("probe", code=odd).error is None


def test_a_declared_range_is_checked_before_anything_runs() -> None:
    found = declared_parameters(
        notebook(
            "days: int = 90  # length of the silence, days, 1..730\n"
            "share: float = 0.2  # of customers, 0..1\n"
            "seed: int = 7  # of every draw, 0..\n"
            "shift: float = 0.0  # degrees, -1.5..1.5\n"
            "many: list[int] = [1, 2]  # each, 1..9\n"
            "free: int = 3  # see page 1..2 of the manual"
        )
    )
    assert (found["days"].low, found["days"].high) == (1, 730)
    assert (found["shift"].low, found["shift"].high) == (-1.5, 1.5)
    assert (found["seed"].low, found["seed"].high) == (0, None)
    assert (found["free"].low, found["free"].high) == (None, None)
    for given, said in (
        ({"days": TypedText("-5")}, "days is -5, it must be at least 1 and at most 730"),
        ({"share": 1.5}, "share is 1.5, it must be at least 0 and at most 1"),
        ({"seed": -1}, "seed is -1, it must be at least 0"),
        ({"many": [1, 10]}, "many is 10, it must be at least 1 and at most 9"),
    ):
        with pytest.raises(ParameterError, match=said):
            choose_values(found, given, where="notebook probe")
    assert choose_values(found, {"days": TypedText("730")}, where="n")["days"] == 730
    with pytest.raises(ParameterError, match="the default of days is 0, it must be at least 1"):
        declared_parameters(notebook("days: int = 0  # days, 1..730"))
