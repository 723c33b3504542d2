"""Rules that hold across the tables of every world, and how often each is broken.

The declarations of ``schema`` rule single rows; these rules hold between rows: totals and lines,
money back and money paid, nothing before its customer. Those that must hold in any customer data
are ``schema.consistency``'s and are counted here more strictly, because in a world nothing is
unknown. ``generate`` breaks none; a world that does, or a table changed by hand, shows it here.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from workbench.foundation.errors import InputError
from workbench.schema import TABLES
from workbench.schema.consistency import CHECKS
from workbench.synthetic.frames import columns_of
from workbench.synthetic.recipes import Recipe
from workbench.synthetic.rules import money_rules, people_rules, time_rules

Tables = Mapping[str, pl.LazyFrame]


@dataclass(frozen=True)
class WorldRule:
    """One rule of a world: its name, what it says, and functions that return what breaks it."""

    name: str
    says: str
    broken: tuple[Callable[[Tables], pl.LazyFrame], ...]

    def count(self, tables: Tables) -> pl.LazyFrame:
        """Count the rows that break it, in a frame of one number."""
        counts = [broken(tables).select(rows=pl.len()) for broken in self.broken]
        return pl.concat(counts).select(pl.col("rows").sum())


def _rule(name: str, says: str, broken: Callable[[Tables], pl.LazyFrame]) -> WorldRule:
    return WorldRule(name, says, (broken,))


def _shared_rule(name: str, also: str, broken: Callable[[Tables], pl.LazyFrame]) -> WorldRule:
    """Return a rule of any customer data, with what must hold besides in a world."""
    check = CHECKS[name]
    return WorldRule(name, f"{check.rule.words}; {also}", (check.find_broken, broken))


def tables_of(folder: Path) -> dict[str, pl.LazyFrame]:
    """Return the tables of a world on disk, lazily; a table without rows is there, empty.

    Raises
    ------
    InputError
        The folder holds no world.
    """
    if not (folder / "world.json").is_file():
        raise InputError(f"{folder} is no world: it has no world.json")
    held = {
        name: sorted((folder / name).glob("part-*.parquet")) for name in TABLES if name != "sources"
    }
    return {
        name: pl.concat([pl.scan_parquet(path) for path in paths])
        if paths
        else pl.LazyFrame(schema=columns_of(name))
        for name, paths in held.items()
    }


def violations(world: Path | Mapping[str, pl.DataFrame], *, adds_tax: bool = False) -> pl.DataFrame:
    """Count the rows that break each rule.

    Parameters
    ----------
    world : Path or mapping of str to DataFrame
        Folder of a world, or its tables by name; missing ones count as empty.
    adds_tax : bool
        Whether prices come without the tax; a world on disk says so itself.

    Returns
    -------
    DataFrame, shape (rules, 3)
        ``rule``, ``says`` (String) and ``violations`` (Int64), one row per rule, in a fixed order.
    """
    if isinstance(world, Path):
        tables: Tables = tables_of(world)
        adds_tax = not json.loads((world / "world.json").read_bytes())["recipe"]["prices_with_tax"]
    else:
        given = {name: rows.lazy() for name, rows in world.items()}
        empty = {n: pl.LazyFrame(schema=columns_of(n)) for n in TABLES if n != "sources"}
        tables = empty | given
    if not adds_tax:  # it is contained in what is due
        tables = {**tables, "orders": tables["orders"].with_columns(tax_minor=pl.lit(0, pl.Int64))}
    counts = pl.collect_all([rule.count(tables) for rule in RULES])
    return pl.DataFrame(
        {
            "rule": [rule.name for rule in RULES],
            "says": [rule.says for rule in RULES],
            "violations": pl.Series([count.item() for count in counts], dtype=pl.Int64),
        }
    )


def planted(recipe: Recipe) -> frozenset[str]:
    """Return the rules that a recipe's faults break on purpose."""
    faults = recipe.faults
    found = set()
    if faults.duplicates:  # mistyped names, addresses and numbers
        found |= {"given_name", "phone", "email"}
    if faults.late:  # recorded after they happened
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
    _shared_rule("reversal", "its sale and customer are known", money_rules.unfounded_reversals),
    _rule(
        "payment", "an order is paid or refunded in full or not at all", money_rules.wrong_payments
    ),
    _shared_rule("refund", "nothing goes back unpaid", money_rules.unpaid_refunds),
    _rule(
        "first_seen",
        "nothing happens before its customer is first seen",
        time_rules.before_first_seen,
    ),
    _rule("cause", "nothing is answered before it is asked or sent", time_rules.before_their_cause),
    _rule(
        "placed", "a purchase on site is its order, at the moment of it", time_rules.unplaced_orders
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
        "newsletters go to who allows them at the time",
        people_rules.unwanted_newsletters,
    ),
    _shared_rule(
        "terms", "they leave no gap, and what ended says why", money_rules.interrupted_terms
    ),
)
