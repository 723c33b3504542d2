"""The rule for reading a file: declarations of a mapping that replace detection."""

from typing import Literal

from pydantic import Field, model_validator

from workbench.foundation.declarations import Declaration


class FileRule(Declaration):
    """Declarations about the file, which replace detection.

    ``format`` names the reader where the content does not show it. ``columns`` names the fields of
    a file without header, ``headers`` the roles of several header rows, ``sheets`` the sheets to
    read (all by default), ``empty`` the texts that count as empty in every column. With ``repeats``
    = "sheets", a record that occurs again in a later sheet is the same record, not another one.
    ``records`` is the place of the records in a document, or in each line of one. ``from_name`` is
    a regular expression whose named groups, found in the file's name, become columns ``@group``.
    ``drop`` lists places and patterns of fields that have no home in the customer tables: they are
    not reported as new.
    """

    format: Literal["delimited", "sheets", "json", "parquet", "access_log", "pairs"] | None = None

    delimiter: Literal[",", ";", "\t", "|", "blanks"] | None = None
    encoding: str | None = None
    header: bool = True
    columns: tuple[str, ...] = Field(default=(), strict=False)
    sheets: tuple[str, ...] = Field(default=(), strict=False)
    empty: tuple[str, ...] = Field(default=(), strict=False)
    repeats: Literal["sheets"] | None = None
    headers: tuple[Literal["name", "title", "facts"], ...] = Field(default=("name",), strict=False)
    records: str | None = None
    from_name: str | None = None
    drop: tuple[str, ...] = Field(default=(), strict=False)

    @model_validator(mode="after")
    def _names_without_header(self) -> "FileRule":
        if not self.header and not self.columns:
            raise ValueError("header is false, so columns must name the fields")
        return self
