"""Reads files by mappings that state every column as an attribute, to see what was understood."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from workbench.sources import ReadResult, SourceMapping, open_source

SETTINGS = {
    "system": "case",
    "zone": "Europe/Berlin",
    "currency": "EUR",
    "data_until": "2025-01-01",
    "basis": "contract",
}


@dataclass(frozen=True)
class Seen:
    """A reading and the cells it understood: by column, one text per accepted record."""

    reading: ReadResult
    cells: Mapping[str, list[str | None]]

    @property
    def said(self) -> str:
        """All assumptions in one text."""
        return "\n".join(self.reading.assumptions)


See = Callable[..., Seen]


def see(
    path: Path,
    columns: Mapping[str, Any],
    *,
    settings: Mapping[str, str | None] | None = None,
    **more: Any,
) -> Seen:
    """Read ``path``; ``more`` are further parts of the mapping."""
    names = {
        (rule.get("name", source) if isinstance(rule, dict) else source): f"field_{n}"
        for n, (source, rule) in enumerate(columns.items())
    }
    content = {
        **SETTINGS,
        **(settings or {}),
        "columns": columns,
        "record": {"id": "CAST(source_row AS VARCHAR)"},
        "attributes": {"profile": {field: f'"{name}"' for name, field in names.items()}},
        **more,
    }
    content = {name: value for name, value in content.items() if value is not None}
    mapping = SourceMapping.of(content, name="case")
    reading = open_source(path, mapping=mapping).read(0)
    stated = reading.tables.get("attributes")
    rows = [] if stated is None else stated.select("source_row", "attribute", "value").rows()
    by_cell = {(row, field): value for row, field, value in rows}
    refused = set(reading.refused["source_row"])
    kept = [row for row in range(1, reading.read + 1) if row not in refused]
    cells = {name: [by_cell.get((r, field)) for r in kept] for name, field in names.items()}
    return Seen(reading, cells)


@pytest.fixture(name="see")
def _see() -> See:
    return see
