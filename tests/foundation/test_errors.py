"""The tree of errors."""

import pickle

import pytest

from workbench.foundation import errors
from workbench.foundation.errors import WorkbenchError, unknown_name


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("WorkbenchError", 1),
        ("ParameterError", 2),
        ("InputError", 3),
        ("PrivacyError", 4),
        ("AccessError", 5),
        ("IntegrityError", 6),
        ("RunError", 7),
    ],
)
def test_every_kind_has_its_exit_code_and_survives_a_process_boundary(name: str, code: int):
    error = pickle.loads(pickle.dumps(getattr(errors, name)("what is wrong")))  # ours
    assert (error.exit_code, str(error)) == (code, "what is wrong")
    assert isinstance(error, WorkbenchError)


def test_wrong_names_and_values_are_value_errors_too():
    assert issubclass(errors.InputError, ValueError)
    assert issubclass(errors.ParameterError, ValueError)


def test_an_unknown_name_is_told_with_the_nearest_and_all_known_ones():
    assert unknown_name("table", "order", ["orders", "events"]) == (
        "no table 'order'; did you mean 'orders'? Known: events, orders"
    )
    assert unknown_name("dataset", "x", []) == "no dataset 'x'. Known: none"
