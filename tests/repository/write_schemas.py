"""Write the JSON schemas of stored files into the package: ``make schemas``."""

import json

from tests.conftest import PROJECT
from workbench.runs.record import json_schemas

if __name__ == "__main__":
    for name, schema in json_schemas().items():
        path = PROJECT / "workbench" / "runs" / name
        path.write_text(json.dumps(schema, indent=1, sort_keys=True) + "\n", encoding="utf-8")
