"""The JSON schemas in the package are those of the models that write and read the files."""

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.reports.conftest import execution, failed, record
from workbench.foundation.package_data import packaged_text
from workbench.runs.record import SCHEMA_VERSION, json_schemas


@pytest.mark.parametrize("name", sorted(json_schemas()))
def test_the_packaged_schema_is_that_of_the_model(name: str) -> None:
    packaged = json.loads(packaged_text("workbench.runs", name))
    assert packaged == json_schemas()[name], "raise SCHEMA_VERSION, then run `make schemas`"


@pytest.mark.parametrize("name", sorted(json_schemas()))
def test_every_object_of_a_schema_refuses_unknown_fields_and_names_the_version(name: str) -> None:
    schema = json_schemas()[name]
    top = [schema] if "properties" in schema else [schema["$defs"][k] for k in _files(schema)]
    for each in top:
        assert each["properties"]["schema"]["const"] == SCHEMA_VERSION
        assert "schema" in each["required"]
    declared = [each for each in schema["$defs"].values() if "properties" in each]
    assert len(declared) >= 1
    assert all(each["additionalProperties"] is False for each in declared)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("record.schema.json", record()),
        ("record.schema.json", failed("it ended in cell 4")),
        ("execution.schema.json", execution("2025-02-01T00:00:00+00:00")),
    ],
)
def test_another_program_finds_a_file_valid_and_a_damaged_one_not(
    name: str, content: dict[str, Any]
) -> None:
    validator = Draft202012Validator(json.loads(packaged_text("workbench.runs", name)))
    assert list(validator.iter_errors(content)) == []
    assert list(validator.iter_errors(content | {"schema": 1})) != []
    assert list(validator.iter_errors(content | {"note": ""})) != []
    for key in content:
        assert list(validator.iter_errors({k: v for k, v in content.items() if k != key})) != []


def _files(schema: dict[str, dict[str, dict[str, str]]]) -> list[str]:
    """Return the names of the models of which the file is one."""
    return [path.rpartition("/")[2] for path in schema["discriminator"]["mapping"].values()]
