"""Whom an executed notebook is about: the pseudonyms of its view, kept beside it in the vault.

An executed notebook can contain any row of its view. Whoever has a person erased computes the
person's pseudonym for a run's study and finds here whether the notebook has to go too.
"""

import numpy as np
import polars as pl

from workbench.privacy.view import View
from workbench.vault import Vault

_KIND = "persons"


def keep_persons(vault: Vault, run: str, view: View) -> None:
    """Keep the pseudonyms of a run's view, sorted, eight bytes each."""
    found = view.data["customers"].select("customer_id").collect().to_series().sort()
    vault.keep(_KIND, run, found.to_numpy().astype("<u8").tobytes())


def kept_persons(vault: Vault, run: str) -> pl.Series:
    """Return the pseudonyms that a run's executed notebook can contain.

    Raises
    ------
    ParameterError
        No such run was executed in this workspace.
    """
    return pl.Series("customer_id", np.frombuffer(vault.kept(_KIND, run), dtype="<u8"))
