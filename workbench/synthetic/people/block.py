"""A block of customers: segment, gender, age, locale and day of joining of each.

Gender is drawn independently of everything else. Genders therefore differ only in given names,
unless the recipe plants another difference.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from workbench.foundation.streams import Stream, hash_owners, random_bits, uniforms
from workbench.synthetic.clock import Clock
from workbench.synthetic.draws import Flags, Floats, Integers, Keys, choose, gamma, normal
from workbench.synthetic.recipes import AGE_BANDS, AGE_EDGES, GENDERS, Recipe
from workbench.synthetic.stock.names import COUNTRIES

FEMALE, MALE = GENDERS.index("female"), GENDERS.index("male")

_LATEST_JOIN_DAYS = 7  # Customers join at least a week before the end, so that they can act.
#: Ages are normal with this mean and standard deviation, rounded and clipped to this range.
AGE_MEAN, AGE_SD, AGES = 42, 15, (18, 92)


@dataclass(frozen=True)
class Block:
    """Customers with successive numbers that are made together.

    The values of a customer do not depend on the block in which the customer is made.

    Attributes
    ----------
    recipe : Recipe
    first, size : int
        Number of the first customer, and number of customers.
    """

    recipe: Recipe
    first: int
    size: int

    @cached_property
    def clock(self) -> Clock:
        """Calendar of the world."""
        return Clock.of(self.recipe, "purchases")

    @cached_property
    def numbers(self) -> Keys:
        """Numbers of the customers, shape (size,)."""
        return np.arange(self.first, self.first + self.size, dtype=np.uint64)

    @cached_property
    def _hashes(self) -> Keys:
        return hash_owners(self.numbers)

    @cached_property
    def record_id(self) -> Keys:
        """Id of each customer's record; different numbers give different ids."""
        return self.bits("record")

    def account_numbers(self, owner: Integers | slice = slice(None)) -> pl.Series:
        """Return the shop's account number of some customers, as text; of all unless given."""
        return pl.Series(self.numbers[owner] + 100_000).cast(pl.String)

    @cached_property
    def segment(self) -> Integers:
        """Code of the segment."""
        return choose(self.u("segment"), self.recipe.shares)

    @cached_property
    def locale(self) -> Integers:
        """Code of the locale, a position in the recipe's ``locales``."""
        return choose(self.u("locale"), self.recipe.locales)

    @cached_property
    def gender(self) -> Integers:
        """Code of the stated gender, a position in ``GENDERS``."""
        return choose(self.u("gender"), self.recipe.genders)

    @cached_property
    def bears_female_name(self) -> Flags:
        """Whether the given name is drawn from the female list; at random for other genders."""
        either = self.u("name list") < 0.5
        return np.where(self.gender == FEMALE, True, np.where(self.gender == MALE, False, either))

    @cached_property
    def age(self) -> Integers:
        """Age in years at the start of the world, 18 to 92, most between 25 and 60."""
        years = AGE_MEAN + AGE_SD * normal(self.u("age"))
        return np.clip(np.rint(years), *AGES).astype(np.int64)

    @cached_property
    def joined_day(self) -> Floats:
        """Fractional day of joining; early days are more frequent, see ``newcomers_bent``."""
        return (self.clock.days - _LATEST_JOIN_DAYS) * self.u(
            "joined"
        ) ** self.recipe.newcomers_bent

    @cached_property
    def joined_at(self) -> Integers:
        """Instant of joining, in seconds since 1970; nothing of the customer is earlier."""
        return self.clock.instants(self.joined_day)

    def group_factor(self, what: str) -> Floats:
        """Return the product of the factors of all groups that each customer belongs to."""
        factor = np.ones(self.size)
        for name, group in self.recipe.groups.items():
            factor[self.is_in(group.attribute, name)] *= float(getattr(group, what))
        return factor

    def change_factors(self, cause: str) -> Floats:
        """Return the factor on a cause for each day of the world, with the day after the end."""
        if all(each.cause != cause for each in self.recipe.changes.values()):
            return np.ones(self.clock.days + 1)
        moments = np.arange(self.clock.days + 1) / self.clock.days
        return np.array([self.recipe.change(cause, moment) for moment in moments])

    def is_in(self, attribute: str, group: str) -> Flags:
        """Return whether each customer is in a group, by its name in a recipe."""
        found: Flags
        if attribute == "gender":
            found = self.gender == GENDERS.index(group)
        elif attribute == "age_band":
            bands = np.searchsorted(np.array(AGE_EDGES), self.age, "right") - 1
            found = bands == AGE_BANDS.index(group)
        else:
            found = np.array([COUNTRIES[name] == group for name in self.recipe.locales])[
                self.locale
            ]
        return found

    @cached_property
    def eagerness(self) -> Floats:
        """Rate of buying of each customer over the segment's mean: gamma-distributed, mean 1."""
        return gamma(self.u("rate"), self.segment_values("purchases_shape"))

    def values_by_segment(self, name: str) -> Floats:
        """Return one number of every segment of the recipe, for example ``lines``."""
        return np.array([float(getattr(each, name)) for each in self.recipe.contrasted_segments])

    def segment_values(self, name: str) -> Floats:
        """Return one number of each customer's segment, for example ``lines``."""
        found: Floats = self.values_by_segment(name)[self.segment]
        return found

    def rows_of(self, owner: Integers, at: Integers | None = None) -> dict[str, object]:
        """Return the columns of a table's rows that name their customers, see ``make_table``.

        Parameters
        ----------
        owner : array of int, shape (rows,)
            Row of each row's customer in this block.
        at : array of int, shape (rows,), optional
            Times by which the rows of a customer are sorted.
        """
        keys: dict[str, object] = {"_owner": owner, "record_id": self.record_id[owner]}
        return keys if at is None else keys | {"_at": at}

    def stream(self, name: str) -> Stream:
        """Return a random stream of the world, for draws that no customer's number keys."""
        return Stream(self.recipe.seed, name)

    def u(self, stream: str, owner: Integers | None = None, position: Integers | int = 0) -> Floats:
        """Return uniforms of a stream, one per customer or per row of a child table.

        Parameters
        ----------
        stream : str
            Name of the stream; each quantity has its own.
        owner : array of int, optional
            Row of each draw's customer in this block; without it, every customer gets one draw.
        position : array of int, or int
            Number of the draw among the customer's draws in this stream.
        """
        return uniforms(self.bits(stream, owner, position))

    def bits(
        self, stream: str, owner: Integers | None = None, position: Integers | int = 0
    ) -> Keys:
        """Return 64 random bits per draw; parameters are those of ``u``."""
        keys = self.stream(stream).keys(self._hashes)
        if owner is not None:
            keys = keys[owner]
        return random_bits(
            keys, position if isinstance(position, int) else position.astype(np.uint64)
        )
