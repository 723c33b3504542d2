"""Measure how fast profiles of eight locales are made, beside a plain Faker loop and mimesis.

    python tests/bench/profiles.py

A profile is the same for all: given, family and full name, e-mail, phone, street address, city,
postcode, birth date. Each is measured in a process of its own with one thread; what is made is not
written anywhere. Ours comes in blocks of 20,000, after one block that makes the lists; the others
one after another, after each locale's lists are loaded.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from timing import cpu_of

PROJECT = Path(__file__).parents[2]
LOCALES = ("de_DE", "en_GB", "en_US", "es_ES", "fr_FR", "ja_JP", "nl_NL", "pl_PL")
BLOCK = 20_000


def profiles() -> list[tuple[str, str, str, str]]:
    """Return what was measured, our figure, the peer's, and ours as a multiple of it."""
    ours, *peers = (_in_a_process(name) for name in MAKERS)
    assert ours is not None
    what = "profiles, eight locales mixed, rows per CPU s"
    rows = []
    for name, peer in zip([*MAKERS][1:], peers, strict=True):
        if peer is None:
            rows.append((what, f"{ours:,.0f}", f"{name} not installed", ""))
        else:
            rows.append((what, f"{ours:,.0f}", f"{name}: {peer:,.0f}", f"{ours / peer:,.0f}"))
    return rows


def workbench() -> float:
    """Return our rows per CPU second."""
    from workbench.synthetic import read_recipe
    from workbench.synthetic.people.block import Block
    from workbench.synthetic.people.personal_details import make_personal_details

    recipe = read_recipe(PROJECT / "synthetic" / "retail.toml")
    recipe = recipe.model_copy(update={"locales": dict.fromkeys(LOCALES, 1 / len(LOCALES))})
    make_personal_details(Block(recipe, 0, BLOCK))
    blocks = 10

    def make() -> None:
        for number in range(1, blocks + 1):
            make_personal_details(Block(recipe, number * BLOCK, BLOCK))

    return blocks * BLOCK / cpu_of(make)


def faker() -> float:
    """Return the rows per CPU second of a loop over Faker."""
    from faker import Faker

    sources = [Faker(name) for name in LOCALES]
    for source in sources:
        source.seed_instance(1)
    n = 4_000

    def one(source: Faker) -> tuple[object, ...]:
        given, family = source.first_name(), source.last_name()
        return (
            given,
            family,
            f"{given} {family}",
            source.ascii_safe_email(),
            source.phone_number(),
            source.street_address(),
            source.city(),
            source.postcode(),
            source.date_of_birth(),
        )

    _ = [one(source) for source in sources]
    return n / cpu_of(lambda: [one(sources[row % len(sources)]) for row in range(n)])


def mimesis() -> float:
    """Return the rows per CPU second of a loop over mimesis."""
    from mimesis import Generic, Locale

    codes = {name: name[:2] for name in LOCALES} | {"en_GB": "en-gb", "en_US": "en"}
    sources = [Generic(Locale(codes[name]), seed=1) for name in LOCALES]
    n = 20_000

    def one(source: Generic) -> tuple[object, ...]:
        given, family = source.person.first_name(), source.person.last_name()
        return (
            given,
            family,
            f"{given} {family}",
            source.person.email(domains=["example.com"]),
            source.person.phone_number(),
            source.address.address(),
            source.address.city(),
            source.address.postal_code(),
            source.datetime.date(),
        )

    _ = [one(source) for source in sources]
    return n / cpu_of(lambda: [one(sources[row % len(sources)]) for row in range(n)])


MAKERS: dict[str, Callable[[], float]] = {
    "workbench": workbench,
    "Faker": faker,
    "mimesis": mimesis,
}


def _in_a_process(name: str) -> float | None:
    """Return rows per CPU second, None where the package is not there."""
    found = subprocess.run(
        [sys.executable, __file__, name],
        cwd=PROJECT,
        env=os.environ | {"POLARS_MAX_THREADS": "1", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    speed: float | None = json.loads(found.stdout)
    return speed


def main() -> None:
    """Print the table, or with a name the one figure."""
    names = sys.argv[1:]
    if not names:
        for row in profiles():
            print(" | ".join(row))
        return
    try:
        print(json.dumps(MAKERS[names[0]]()))
    except ModuleNotFoundError as error:
        if error.name != names[0]:
            raise
        print(json.dumps(None))


if __name__ == "__main__":
    main()
