"""Parameters by name and type, as the notebook declares them, before any kernel starts."""

from pathlib import Path
from typing import Any

import pytest

from workbench.foundation.errors import ParameterError
from workbench.runs.notebooks import Cell, Notebook
from workbench.runs.parameters import Text, chosen, declared_parameters


def notebook(source: str) -> Notebook:
    return Notebook(
        name="probe", path=Path("probe.ipynb"), cells=(Cell("code", source, ("parameters",)),)
    )


def values(source: str, given: dict[str, Any]) -> dict[str, Any]:
    return chosen(declared_parameters(notebook(source)), given, where="notebook probe")


def test_a_misspelt_name_is_refused_with_the_nearest() -> None:  # case P01
    with pytest.raises(
        ParameterError, match="no parameter 'horizon_dyas'; did you mean 'horizon_days'"
    ):
        values("horizon_days: int = 30  # days", {"horizon_dyas": Text("60")})


def test_text_becomes_what_was_declared_and_nothing_else() -> None:  # case P03
    source = (
        "segments: list[int] = [3]  # counts\n"
        "country: str = 'NL'  # ISO code\n"
        "code: str = ''  # as printed\n"
        "flag: bool = True  # whether"
    )
    given = {
        "segments": Text("[1, 2]"),
        "country": Text("no"),
        "code": Text("007"),
        "flag": Text("false"),
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
        values(f"{declaration}  # meaning", {name: Text(text)})


def test_values_of_a_study_file_are_held_against_the_same_types() -> None:
    assert values("share: float = 0.1  # share", {"share": 1}) == {"share": 1.0}
    with pytest.raises(ParameterError, match="days is '30', it must be int"):
        values("days: int = 1  # days", {"days": "30"})
    with pytest.raises(ParameterError, match="days is True, it must be int"):
        values("days: int = 1  # days", {"days": True})


def test_none_is_a_value_where_it_is_declared() -> None:
    source = "as_of: str | None = None  # date\nk: int | None = 3  # groups"
    assert values(source, {"k": Text("none")}) == {"as_of": None, "k": None}
    assert values(source, {"as_of": Text("2024-01-01"), "k": Text("4")}) == {
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
