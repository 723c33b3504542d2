"""The rule for reading a file: declarations of a mapping that replace detection."""

from typing import Literal

from pydantic import Field, model_validator

from workbench.foundation.declarations import Declaration


class FileRule(Declaration):
    """Declarations about the file, which replace detection.

    ``columns`` names the fields of a file without header, ``sheets`` the sheets to read (all by
    default), ``empty`` the texts that count as empty in every column. With ``repeats`` = "sheets",
    a record that occurs again in a later sheet is the same record, not another one.
    """

    delimiter: Literal[",", ";", "\t", "|", "blanks"] | None = None
    encoding: str | None = None
    header: bool = True
    columns: tuple[str, ...] = Field(default=(), strict=False)
    sheets: tuple[str, ...] = Field(default=(), strict=False)
    empty: tuple[str, ...] = Field(default=(), strict=False)
    repeats: Literal["sheets"] | None = None

    @model_validator(mode="after")
    def _names_without_header(self) -> "FileRule":
        if not self.header and not self.columns:
            raise ValueError("header is false, so columns must name the fields")
        return self
