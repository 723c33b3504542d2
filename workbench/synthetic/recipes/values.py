"""Types of a recipe's values, and checks of shares and weights."""

import math
from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

Share = Annotated[float, Field(ge=0, le=1)]
Factor = Annotated[float, Field(gt=0, le=10)]
LogOdds = Annotated[float, Field(ge=-5, le=5)]
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")]

#: A moment as a share of the world's time, so that it is valid for any number of months.
Moment = Annotated[float, Field(ge=0, lt=1)]


def complete_weights(
    kind: str, given: Mapping[str, float], known: tuple[str, ...], *, keep_all: bool = True
) -> dict[str, float]:
    """Return weights in the order of the known names.

    Parameters
    ----------
    kind : str
        Noun for the names in the refusal, for example ``category``.
    given : mapping of str to float
        Weights by name.
    known : tuple of str
        Known names.
    keep_all : bool
        Whether known names without a weight get the weight 0; otherwise they are left out.

    Raises
    ------
    ValueError
        A name is not known, or no weight is above 0.
    """
    require_known(kind, given, known)
    if not sum(given.values()) > 0:
        raise ValueError(f"no {kind} has a weight above 0")
    return {name: given.get(name, 0.0) for name in known if keep_all or name in given}


def require_whole(shares: dict[str, float]) -> dict[str, float]:
    """Return shares that add up to 1, or raise ValueError."""
    total = math.fsum(shares.values())
    if abs(total - 1) > 1e-6:
        raise ValueError(f"shares add up to {total:.4f}, allowed is 1")
    return shares


def require_known(kind: str, given: Mapping[str, object], known: tuple[str, ...]) -> None:
    """Raise ValueError where a key is not known."""
    strange = sorted(set(given) - set(known))
    if strange:
        raise ValueError(f"no {kind} {', '.join(strange)}; known: {', '.join(known)}")
