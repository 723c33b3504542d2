"""Rules between the rows of a world's tables, and the number of rows that break each.

The declarations of ``schema`` concern single rows. These rules concern several: totals and lines,
refunds and payments, and that nothing happens before its customer is first seen. Some of the rules
are ``schema.consistency``'s rules for any customer data; they are stricter here, because nothing is
unknown in a world. ``generate`` breaks no rule, unless the recipe plants a fault.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from workbench.foundation.errors import InputError
from workbench.schema import TABLES
from workbench.schema.consistency import CHECKS
from workbench.synthetic.frames import world_columns
from workbench.synthetic.recipes import Recipe
from workbench.synthetic.rules import money_rules, people_rules, time_rules

Tables = Mapping[str, pl.LazyFrame]


@dataclass(frozen=True)
class WorldRule:
    """One rule of a world: name, wording, and functions that return the rows that break it."""

    name: str
    wording: str
    broken: tuple[Callable[[Tables], pl.LazyFrame], ...]

    def count(self, tables: Tables) -> pl.LazyFrame:
        """Count the rows that break the rule, in a lazy frame with one number."""
        counts = [broken(tables).select(rows=pl.len()) for broken in self.broken]
        return pl.concat(counts).select(pl.col("rows").sum())


def _rule(name: str, wording: str, broken: Callable[[Tables], pl.LazyFrame]) -> WorldRule:
    return WorldRule(name, wording, (broken,))


def _shared_rule(name: str, also: str, broken: Callable[[Tables], pl.LazyFrame]) -> WorldRule:
    """Return a rule of any customer data, together with a further condition for worlds."""
    check = CHECKS[name]
    return WorldRule(name, f"{check.rule.words}; {also}", (check.find_broken, broken))


def read_tables(folder: Path) -> dict[str, pl.LazyFrame]:
    """Return the tables of a world on disk, lazily, also tables without rows.

    Raises
    ------
    InputError
        The folder contains no world.
    """
    if not (folder / "world.json").is_file():
        raise InputError(f"{folder} is no world: it has no world.json")
    held = {
        name: sorted((folder / name).glob("part-*.parquet")) for name in TABLES if name != "sources"
    }
    return {
        name: pl.concat([pl.scan_parquet(path) for path in paths])
        if paths
        else pl.LazyFrame(schema=world_columns(name))
        for name, paths in held.items()
    }


def violations(world: Path | Mapping[str, pl.DataFrame], *, adds_tax: bool = False) -> pl.DataFrame:
    """Count the rows that break each rule.

    Parameters
    ----------
    world : Path or mapping of str to DataFrame
        Folder of a world, or its tables by name; missing ones count as empty.
    adds_tax : bool
        Whether tax is added to prices; for a world on disk it is read from its recipe.

    Returns
    -------
    DataFrame, shape (rules, 3)
        One row per rule, in a fixed order: ``rule`` and ``wording`` (String), ``violations``
        (Int64).
    """
    if isinstance(world, Path):
        tables: Tables = read_tables(world)
        adds_tax = not json.loads((world / "world.json").read_bytes())["recipe"]["prices_with_tax"]
    else:
        given = {name: rows.lazy() for name, rows in world.items()}
        empty = {n: pl.LazyFrame(schema=world_columns(n)) for n in TABLES if n != "sources"}
        tables = empty | given
    if not adds_tax:  # Prices contain the tax, so a total adds none to its lines.
        tables = {**tables, "orders": tables["orders"].with_columns(tax_minor=pl.lit(0, pl.Int64))}
    counts = pl.collect_all([rule.count(tables) for rule in RULES])
    return pl.DataFrame(
        {
            "rule": [rule.name for rule in RULES],
            "wording": [rule.wording for rule in RULES],
            "violations": pl.Series([count.item() for count in counts], dtype=pl.Int64),
        }
    )


def rules_broken_by_faults(recipe: Recipe) -> frozenset[str]:
    """Return the rules that the faults of a recipe break on purpose."""
    faults = recipe.faults
    found = set()
    if faults.duplicates:  # Names, addresses and numbers of further records have typing errors.
        found |= {"given_name", "phone", "email"}
    if faults.late:  # A late purchase event is not at the moment of its order.
        found.add("placed")
    if faults.encodings or faults.strings == "adversarial":
        found.add("given_name")
    return frozenset(found)


RULES = (
    _shared_rule("order_total", "every order has lines", money_rules.unexplained_totals),
    _rule(
        "line_amount", "a line's amount is its price times its quantity", money_rules.wrong_amounts
    ),
    _rule(
        "order_sign",
        "sales are above zero, returns and cancellations are not",
        money_rules.wrong_signs,
    ),
    _shared_rule(
        "reversal", "the sale and its customer are known", money_rules.unfounded_reversals
    ),
    _rule(
        "payment", "an order is paid or refunded in full or not at all", money_rules.wrong_payments
    ),
    _shared_rule(
        "refund", "no money is paid back before anything was paid", money_rules.unpaid_refunds
    ),
    _rule(
        "first_seen",
        "nothing happens before its customer is first seen",
        time_rules.before_first_seen,
    ),
    _rule("cause", "no message is answered before it is sent", time_rules.before_their_cause),
    _rule(
        "placed",
        "a purchase event has the customer and the moment of its order",
        time_rules.unplaced_orders,
    ),
    _rule(
        "known_keys",
        "orders, campaigns, responses and customers that are referred to exist",
        time_rules.unknown_keys,
    ),
    _rule(
        "given_name",
        "the given name is one of the stated gender's, in the country",
        people_rules.names_of_other_gender,
    ),
    _rule(
        "phone",
        "a phone number is a fictional one of the customer's country",
        people_rules.foreign_phones,
    ),
    _rule(
        "email",
        "an e-mail address is in a domain reserved for examples",
        people_rules.reachable_mail,
    ),
    _rule(
        "newsletter",
        "newsletters go only to customers who allow them at the time",
        people_rules.unwanted_newsletters,
    ),
    _shared_rule(
        "terms",
        "terms leave no gap, and every ended term has a reason",
        money_rules.interrupted_terms,
    ),
)
