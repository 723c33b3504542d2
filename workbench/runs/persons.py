"""The persons in an executed notebook: the pseudonyms of its view, stored beside it in the vault.

An executed notebook can contain any row of its view. To erase a person, the person's pseudonym for
the study of a run is computed, and looked up here: where it is found, the notebook is erased too.
"""

import numpy as np
import polars as pl

from workbench.privacy.view import View
from workbench.vault import Vault

_KIND = "persons"


def store_persons(vault: Vault, run: str, view: View) -> None:
    """Store the pseudonyms of a run's view, sorted, eight bytes each."""
    found = view.data["customers"].select("customer_id").collect().to_series().sort()
    vault.keep(_KIND, run, found.to_numpy().astype("<u8").tobytes())


def read_persons(vault: Vault, run: str) -> pl.Series:
    """Return the pseudonyms that a run's executed notebook can contain.

    Raises
    ------
    ParameterError
        No such run was executed in this workspace.
    """
    return pl.Series("customer_id", np.frombuffer(vault.open_kept(_KIND, run), dtype="<u8"))
