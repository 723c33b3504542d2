"""The JSON schemas in the package are those of the models that write and read the files."""

import json

import pytest

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


def _files(schema: dict[str, dict[str, dict[str, str]]]) -> list[str]:
    """Return the names of the models of which the file is one."""
    return [path.rpartition("/")[2] for path in schema["discriminator"]["mapping"].values()]
