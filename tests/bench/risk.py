"""What measuring the risk left in a release costs, beside pycanon and anonymeter.

anonymeter 1.1.0 demands numpy below 1.27, so it cannot be installed beside the project. Where
``ANONYMETER_PYTHON`` names the interpreter of an environment that has it, it runs there on the same
tables (``anonymeter_peer.py``).
"""

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
from pycanon.anonymity import k_anonymity
from timing import cpu_of

from workbench.privacy.known_facts import known_facts_risk
from workbench.privacy.risk import RiskQuestion, assess_risk, prosecutor_risks
from workbench.privacy.risk.class_risks import number_classes
from workbench.privacy.risk.population_uniques import population_uniques

_PEER = Path(__file__).parent / "anonymeter_peer.py"
_PERSONS = 20_000
_NO_PEER = "anonymeter: not run, as ANONYMETER_PYTHON names no interpreter with it"


def risk() -> Iterator[tuple[str, str, str, str]]:
    """Measure class risks, a whole report and known facts."""
    rows = _people(_PERSONS + _PERSONS // 2)
    original, control = rows[:_PERSONS], rows[_PERSONS:]
    columns = rows.columns[:-1]
    in_pandas = pd.DataFrame(original.to_dict(as_series=False))
    ours = cpu_of(lambda: prosecutor_risks(original, columns))
    theirs = cpu_of(lambda: k_anonymity(in_pandas, columns))
    yield (
        f"risks by classes, {_PERSONS:,} rows and {len(columns)} columns",
        f"{ours:.3f} CPU s",
        f"pycanon, k alone: {theirs:.3f} CPU s",
        f"{ours / theirs:.2g}",
    )
    sizes = number_classes(original, columns).sizes
    ours = cpu_of(lambda: population_uniques(sizes, population=10_000_000))
    yield ("population uniques by four models", f"{ours:.3f} CPU s", "", "")
    released = _shuffled(original)
    question = RiskQuestion(quasi_identifiers=tuple(columns), sensitive=(rows.columns[-1],))
    ours = cpu_of(lambda: assess_risk(original, released, question, control=control))
    peer = _anonymeter(original, released, control)
    yield (
        f"risk report, {_PERSONS:,} rows and {rows.width} columns, every attack on "
        f"{question.attacks:,} persons and as many of the control group, twice (the self-test)",
        f"{ours:.2f} CPU s",
        f"anonymeter, {peer['attacks']:,} attacks of each kind, once: {peer['cpu']:.1f} CPU s"
        if peer
        else _NO_PEER,
        f"{ours / peer['cpu']:.2g}" if peer else "",
    )
    for name, release in (("a harmless shuffle", released), ("a verbatim copy", original)):
        report = assess_risk(original, release, question, control=control)
        risks = {attack.name: attack.risk.value or 0.0 for attack in report.attacks}
        chosen = ("singling_out_multivariate", "linking_nearest", "inference_secret")
        peer = _anonymeter(original, release, control)
        yield (
            f"risk of {name}: singling out, linking, inference",
            ", ".join(f"{risks[each]:.3f}" for each in chosen),
            "anonymeter: " + ", ".join(f"{each:.3f}" for each in peer["risks"])
            if peer
            else _NO_PEER,
            "",
        )
    events = _events(1_000_000)
    ours = cpu_of(lambda: known_facts_risk(events, person="who", facts=["day", "euros"]))
    alone = cpu_of(lambda: events.unique())
    yield (
        "what known facts single out, 1 M events, 1,000 persons judged",
        f"{ours:.2f} CPU s",
        f"polars, distinct events alone: {alone:.2f} CPU s",
        f"{ours / alone:.2g}",
    )


def _anonymeter(
    original: pl.DataFrame, released: pl.DataFrame, control: pl.DataFrame
) -> dict[str, Any] | None:
    """Return the attacks, CPU seconds and risks of anonymeter on the same tables."""
    python = os.environ.get("ANONYMETER_PYTHON")
    if python is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        files = []
        for name, rows in (("original", original), ("released", released), ("control", control)):
            files.append(f"{folder}/{name}.csv")
            rows.write_csv(files[-1])
        run = subprocess.run(
            [python, str(_PEER), *files], capture_output=True, check=True, text=True
        )
    found: dict[str, Any] = json.loads(run.stdout.splitlines()[-1])
    return found


def _people(number: int) -> pl.DataFrame:
    random = np.random.Generator(np.random.PCG64(6))
    sizes = (2, 72, 5, 7, 16, 41, 8, 2)
    made = {
        f"column {place}": np.minimum(random.geometric(3 / (size + 3), number), size)
        for place, size in enumerate(sizes)
    }
    secret = (made["column 4"] + random.integers(0, 8, number)) % 14
    texts = {
        name: values if name == "column 1" else [f"value {value}" for value in values]
        for name, values in made.items()
    }
    return pl.DataFrame({**texts, "secret": [f"value {value}" for value in secret]})


def _shuffled(rows: pl.DataFrame) -> pl.DataFrame:
    return pl.DataFrame(
        [
            rows[name].sample(fraction=1, shuffle=True, seed=place)
            for place, name in enumerate(rows.columns)
        ]
    )


def _events(number: int) -> pl.DataFrame:
    random = np.random.Generator(np.random.PCG64(7))
    return pl.DataFrame(
        {
            "who": random.integers(0, number // 10, number),
            "day": random.integers(0, 365, number),
            "euros": random.geometric(0.02, number),
        }
    )
