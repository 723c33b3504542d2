"""Run anonymeter on three files and print its number of attacks, CPU seconds and risks as JSON.

Runs in an environment of its own, see ``risk.py``. Arguments: original, release and control group
as CSV; the last column is the sensitive one.
"""

import json
import sys
import time
import warnings

import pandas as pd

_ATTACKS = 1_000


def main() -> None:
    """Run the attacks after one small run that compiles."""
    from anonymeter.evaluators import (  # type: ignore[import-not-found]  # only in the environment of the peer
        InferenceEvaluator,
        LinkabilityEvaluator,
        SinglingOutEvaluator,
    )

    warnings.simplefilter("ignore")  # it warns of attacks that succeed no better than guessing
    tables = [pd.read_csv(path) for path in sys.argv[1:4]]

    def attack(
        original: pd.DataFrame, released: pd.DataFrame, control: pd.DataFrame, n: int
    ) -> list[float]:
        *known, secret = original.columns
        held = {"ori": original, "syn": released, "control": control, "n_attacks": n}
        singling = SinglingOutEvaluator(**held, n_cols=4)
        singling.evaluate(mode="multivariate")
        linking = LinkabilityEvaluator(**held, aux_cols=(known[::2], known[1::2]), n_neighbors=10)
        linking.evaluate(n_jobs=1)
        inferring = InferenceEvaluator(**held, aux_cols=known, secret=secret, regression=False)
        inferring.evaluate(n_jobs=1)
        return [each.risk().value for each in (singling, linking, inferring)]

    attack(*(table.head(200) for table in tables), 20)
    started = time.process_time()
    risks = attack(*tables, _ATTACKS)
    cpu = time.process_time() - started
    print(json.dumps({"attacks": _ATTACKS, "cpu": cpu, "risks": risks}))


if __name__ == "__main__":
    main()
