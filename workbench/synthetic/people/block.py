"""Who the customers are: segment, gender, age, home, and when they join.

Gender is drawn apart from everything else, so the groups are exchangeable in all but the names they
bear; whatever differs between them has been planted.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from workbench.foundation.streams import Stream, hash_owners, random_bits, uniforms
from workbench.synthetic.clock import Clock
from workbench.synthetic.draws import Flags, Floats, Integers, Keys, choice, gamma, normal
from workbench.synthetic.recipes import AGE_BANDS, AGE_EDGES, GENDERS, Recipe
from workbench.synthetic.stock.names import COUNTRIES

FEMALE, MALE = GENDERS.index("female"), GENDERS.index("male")

_LATEST_JOIN_DAYS = 7  # before the end: who joins has a week to be seen
#: Ages are normal with this mean and deviation, rounded and cut to this range.
AGE_MEAN, AGE_SD, AGES = 42, 15, (18, 92)


@dataclass(frozen=True)
class Block:
    """A run of customers of one world, made together; a customer's values do not depend on it.

    Attributes
    ----------
    recipe : Recipe
    first, size : int
        Numbers of the customers: first, first + 1, ...
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
        """The record's id: a bijection of the number, so that no two are the same."""
        return self.bits("record")

    @cached_property
    def segment(self) -> Integers:
        """Code of the segment."""
        return choice(self.u("segment"), self.recipe.shares)

    @cached_property
    def locale(self) -> Integers:
        """Code of the locale, a position in the recipe's ``locales``."""
        return choice(self.u("locale"), self.recipe.locales)

    @cached_property
    def gender(self) -> Integers:
        """Code of the gender as stated, a position in ``GENDERS``."""
        return choice(self.u("gender"), self.recipe.genders)

    @cached_property
    def bears_female_name(self) -> Flags:
        """Which list the given name comes from: by gender, else either."""
        either = self.u("name list") < 0.5
        return np.where(self.gender == FEMALE, True, np.where(self.gender == MALE, False, either))

    @cached_property
    def age(self) -> Integers:
        """Age in years at the start of the world, 18 to 92, most between 25 and 60."""
        years = AGE_MEAN + AGE_SD * normal(self.u("age"))
        return np.clip(np.rint(years), *AGES).astype(np.int64)

    @cached_property
    def joined_day(self) -> Floats:
        """Fractional day of joining, leaning to the start of the world."""
        return (self.clock.days - _LATEST_JOIN_DAYS) * self.u(
            "joined"
        ) ** self.recipe.newcomers_bent

    @cached_property
    def joined_at(self) -> Integers:
        """Second of joining, since 1970: the first instant known of the customer."""
        return self.clock.instants(self.joined_day)

    def group_factor(self, what: str) -> Floats:
        """Return the product of the factors of each customer's groups: true base rates."""
        factor = np.ones(self.size)
        for name, group in self.recipe.groups.items():
            factor[self.is_in(group.attribute, name)] *= float(getattr(group, what))
        return factor

    def changed_by_day(self, cause: str) -> Floats:
        """Return the factor on a cause on each day of the world and the day of its end."""
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
        """What each customer's rate of buying is of the kind's mean: gamma-distributed."""
        return gamma(self.u("rate"), self.of_kind("purchases_shape"))

    def of_kind(self, name: str) -> Floats:
        """Return a number of each customer's segment."""
        values = np.array([float(getattr(each, name)) for each in self.recipe.kinds])
        found: Floats = values[self.segment]
        return found

    def stream(self, name: str) -> Stream:
        """Return a stream of the world, for what has a key of its own."""
        return Stream(self.recipe.seed, name)

    def u(self, stream: str, owner: Integers | None = None, position: Integers | int = 0) -> Floats:
        """Return uniforms of a stream, one per customer or per row of a child table.

        Parameters
        ----------
        stream : str
        owner : array of int, optional
            Row of the customer in this block; all customers once if left out.
        position : array of int, or int
            Which of the customer's values.
        """
        return uniforms(self.bits(stream, owner, position))

    def bits(
        self, stream: str, owner: Integers | None = None, position: Integers | int = 0
    ) -> Keys:
        """Return 64 random bits, keyed as ``u`` has it."""
        keys = self.stream(stream).keys(self._hashes)
        if owner is not None:
            keys = keys[owner]
        return random_bits(
            keys, position if isinstance(position, int) else position.astype(np.uint64)
        )
