"""What values of a recipe may be: shares, factors, names, weights over known things."""

import math
from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

Share = Annotated[float, Field(ge=0, le=1)]
Factor = Annotated[float, Field(gt=0, le=10)]
LogOdds = Annotated[float, Field(ge=-5, le=5)]
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")]

#: A moment as a share of the world's time, so that it lies within any number of months.
Moment = Annotated[float, Field(ge=0, lt=1)]


def weights(
    kind: str, given: Mapping[str, float], known: tuple[str, ...], *, keep_all: bool = True
) -> dict[str, float]:
    """Return weights in the order of what is known.

    Parameters
    ----------
    kind : str
        What they weigh, for the refusal.
    given : mapping
    known : tuple of str
    keep_all : bool
        Whether what is not named is there with a weight of 0, or left out.

    Raises
    ------
    ValueError
        A name is not known, or nothing has a weight.
    """
    strange = sorted(set(given) - set(known))
    if strange:
        raise ValueError(f"no {kind} {', '.join(strange)}; known: {', '.join(known)}")
    if not sum(given.values()) > 0:
        raise ValueError(f"no {kind} has a weight above 0")
    return {name: given.get(name, 0.0) for name in known if keep_all or name in given}


def whole(shares: dict[str, float]) -> dict[str, float]:
    """Return shares that add up to 1, or raise ValueError."""
    total = math.fsum(shares.values())
    if abs(total - 1) > 1e-6:
        raise ValueError(f"shares add up to {total:.4f}, allowed is 1")
    return shares


def known_keys(kind: str, given: Mapping[str, object], known: tuple[str, ...]) -> None:
    """Raise ValueError where a key is not one of the known ones."""
    strange = sorted(set(given) - set(known))
    if strange:
        raise ValueError(f"no {kind} {', '.join(strange)}; known: {', '.join(known)}")
