"""Policies: the rules by which views and extracts protect the persons in them.

Three *presets* state all rules of protection, each for one kind of reader; a policy that names a
preset states only where it differs:

    research     researchers under contract, who return nothing about single persons
    internal     reports inside the company
    release      a table that is handed on, to readers who are not known
"""

from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from workbench.foundation.declarations import Declaration, read_toml
from workbench.foundation.errors import ParameterError, unknown_name

Words = Annotated[str, Field(min_length=3)]
Preset = Literal["research", "internal", "release"]
PRESETS: tuple[Preset, ...] = ("research", "internal", "release")


class Protection(Declaration):
    """Rules that views and extracts share; l and t are of the table of persons.

    Attributes
    ----------
    preset : {"research", "internal", "release"} or None
        Preset from which the rules come that the policy does not state.
    k : int
        Smallest number of persons who share a combination of quasi-identifiers.
    l : int or None
        Smallest number of different values of a sensitive column among persons who share their
        quasi-identifiers.
    diversity : {"distinct", "entropy"}
        Whether ``l`` counts values, or is the exponential of their entropy.
    t : float or None
        Largest distance between the distribution of a sensitive column among persons who share
        their quasi-identifiers and among all.
    suppression_limit : float
        Largest share of persons whose quasi-identifiers are suppressed one by one. If k-anonymity
        needs more, columns are generalised further instead.
    time : {"day", "week", "month", "quarter", "year"}
        Unit to which dates and instants of histories, and dates of a file, are rounded down.
    amounts : {"exact", "bands"}
        Whether amounts are put into bands of 1, 2, 5 times a power of ten.
    shift_days : int
        Largest number of days by which a customer's dates are moved back; 0 for none. The first
        sight and all dates of the history are moved by the same number of days, so that intervals
        and tenure do not change. At a cut-off the view shows such a customer as they were up to
        ``shift_days`` later. In the last ``shift_days`` before the as-of date the histories contain
        too few rows, so counts there (recency, orders of the last 30 days, a label window) are too
        low.
    rare_products : {"kept", "blanked"}
        Whether products are blanked that fewer than ``k`` persons of the view have a row with.
    """

    preset: Preset | None = None
    k: int = Field(default=5, ge=2)
    l: Annotated[int, Field(ge=2)] | None = None  # noqa: E741  # its name in the field
    diversity: Literal["distinct", "entropy"] = "distinct"
    t: Annotated[float, Field(gt=0, le=1)] | None = None
    suppression_limit: float = Field(default=0.05, ge=0, le=1)
    time: Literal["day", "week", "month", "quarter", "year"] = "day"
    amounts: Literal["exact", "bands"] = "exact"
    shift_days: int = Field(default=0, ge=0, le=365)
    rare_products: Literal["kept", "blanked"] = "kept"


class RiskLimits(Declaration):
    """The largest risks that may be left in a view or an extract, each a share from 0 to 1.

    Attributes
    ----------
    highest, average : float
        Chance of finding a person by their quasi-identifiers: of the person most at risk, and of
        all on average.
    share_above : float
        Share of persons whose chance is above ``highest``.
    singling_out, linkability, inference : float
        Success of attacks beyond what succeeds against persons who are not in it.
    """

    highest: float = Field(default=0.2, ge=0, le=1)
    average: float = Field(default=0.2, ge=0, le=1)
    share_above: float = Field(default=0.0, ge=0, le=1)
    singling_out: float = Field(default=0.1, ge=0, le=1)
    linkability: float = Field(default=0.1, ge=0, le=1)
    inference: float = Field(default=0.1, ge=0, le=1)


class Policy(Protection):
    """The rules by which a view protects the persons in it, and its figures.

    Attributes
    ----------
    generalisation : {"greedy", "optimal"}
        How levels of the quasi-identifiers are chosen: step by step, or the levels with the least
        loss of all (``privacy.anonymity``).
    levels : mapping of str to int
        Finest level that a quasi-identifier of the customer table may have, 0 the finest of all, as
        pages name them. A view is only coarser, with a notice, so reports of two months compare.
    keep : tuple of str
        Columns to generalise last, the most needed first; the greedy search alone knows them.
    release : {"noise", "exact"}
        Whether published counts and sums get noise; "exact" needs a ``release_reason``, which every
        page prints.
    limits : RiskLimits or None
        Risks that are acceptable in the view. Where they are stated, the risk that is left is
        measured when the view is made, and the notebook ``privacy_risk`` judges it.
    max_variants : int
        Largest number of published reports of one notebook about nearly the same persons, which
        means that their views differ by fewer than ``min_group`` persons. The default is three
        times the variance of the noise.
    """

    generalisation: Literal["greedy", "optimal"] = "greedy"
    levels: dict[str, Annotated[int, Field(ge=0)]] = Field(default_factory=dict)
    keep: tuple[str, ...] = ()
    release: Literal["noise", "exact"] = "noise"
    release_reason: Words | None = None
    limits: RiskLimits | None = None
    max_variants: int = Field(default=6, ge=1)


def find_preset(name: str) -> Preset:
    """Return the preset of a name.

    Raises
    ------
    ParameterError
        There is no such preset.
    """
    for preset in PRESETS:
        if name == preset:
            return preset
    raise ParameterError(unknown_name("preset", name, PRESETS))


def preset_values(stated: Mapping[str, Any], known: type[Declaration]) -> dict[str, Any]:
    """Return what a policy states, over what its preset states for keys that the policy knows.

    An unknown preset is left to the validation of the policy.
    """
    name = stated.get("preset")
    if name not in PRESETS:
        return dict(stated)
    path = Path(str(files("workbench.studies").joinpath("presets", f"{name}.toml")))
    values = read_toml(path, "preset")
    return {key: value for key, value in values.items() if key in known.model_fields} | dict(stated)
