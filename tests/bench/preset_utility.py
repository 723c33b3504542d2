"""What each preset costs, on Telco, Online Retail and the synthetic shop.

For every data set an extract is made by each preset and by the policy of this file; the figures are
those of the extract's own description. ``python tests/bench/bench.py --only presets`` writes them
to ``tests/bench/presets.md``.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from workbench.cli import main
from workbench.extracts import Extract, anonymise_dataset, anonymise_table
from workbench.extracts.table_files import read_table
from workbench.foundation.errors import PrivacyError
from workbench.studies.extract_policy import extract_policy
from workbench.studies.policy import PRESETS
from workbench.vault import Vault

RESULTS = Path(__file__).parent / "presets.md"
PROJECT = Path(__file__).parent.parent.parent
DATA = PROJECT.parent / "shared" / "data"

#: An intruder may know the household and the contract of a Telco customer, not the services.
TELCO: dict[str, Any] = {
    "target": "Churn",
    "columns": {
        "customerID": "drop",
        **dict.fromkeys(("gender", "SeniorCitizen", "Partner", "Dependents"), "generalise"),
        **dict.fromkeys(("Contract", "PaymentMethod", "InternetService"), "generalise"),
        "tenure": {"treatment": "generalise", "bands": [5, 10, 50]},
        "MonthlyCharges": {"treatment": "generalise", "bands": [5, 10, 50]},
        "TotalCharges": "drop",
        **dict.fromkeys(
            (
                "PhoneService", "MultipleLines", "OnlineSecurity", "OnlineBackup",
                "DeviceProtection", "TechSupport", "StreamingTV", "StreamingMovies",
                "PaperlessBilling", "Churn",
            ),
            "keep",
        ),
    },
}  # fmt: skip
_TERMS = {
    "purpose": "analytics", "recipient": "bench", "owner": "bench", "contact": "bench@x.example",
}  # fmt: skip
ONLINE_RETAIL = {
    **_TERMS,
    "basis": "contract",
    "currency": "GBP",
    "tables": {
        "customers": ["first_seen_at", "country"],
        "orders": ["order_id", "kind", "ordered_at", "currency", "total_minor"],
        "order_items": ["order_id", "product_id", "quantity", "amount_minor"],
    },
}
SHOP = {
    **_TERMS,
    "basis": "consent",
    "currency": "EUR",
    "tables": {
        "customers": ["first_seen_at", "age_band", "gender", "country", "income_band"],
        "orders": ["order_id", "kind", "ordered_at", "channel", "currency", "total_minor"],
        "order_items": ["order_id", "product_category", "quantity", "amount_minor"],
    },
}
_HEAD = (
    "data", "preset", "k", "left out", "information lost", "AUC before", "AUC after", "segments",
    "revenue", "rows left out", "highest risk", "found again", "within its limits",
)  # fmt: skip


def rows() -> Iterator[tuple[str, ...]]:
    """Yield one row per data set and preset."""
    telco = read_table(next((DATA / "telco_churn").glob("*.csv")))
    for preset in PRESETS:
        policy = extract_policy({**TELCO, "preset": preset}, name=preset, source="bench")
        yield _row("Telco", preset, lambda p=policy: anonymise_table(telco, p, {}))
    with tempfile.TemporaryDirectory() as folder:
        workspace = ["--workspace", f"{folder}/workspace"]
        main(["init", *workspace])
        source = DATA / "online_retail" / "online_retail.parquet"
        main(["load", str(source), "--mapping", "online_retail", "--dataset", "gifts", *workspace])
        world = f"{folder}/world"
        main(["generate", str(PROJECT / "synthetic" / "retail.toml"), "--out", world])
        main(["load", world, "--dataset", "shop", *workspace])
        vault = Vault.open(Path(folder) / "workspace")
        for name, dataset, content in (
            ("Online Retail", "gifts", ONLINE_RETAIL), ("synthetic shop", "shop", SHOP),
        ):  # fmt: skip
            held = vault.dataset(dataset)
            for preset in PRESETS:
                policy = extract_policy({**content, "preset": preset}, name=preset, source="bench")
                yield _row(name, preset, lambda h=held, p=policy: anonymise_dataset(h, p))


def _row(data: str, preset: str, make: Any) -> tuple[str, ...]:
    try:
        made: Extract = make()
    except PrivacyError as error:
        return (data, preset, *("" for _ in range(len(_HEAD) - 3)), f"refused: {error}")
    models, orders = made.models, made.further.get("histories", {}).get("orders")
    return (
        data,
        preset,
        f"{made.reached['k']:g}",
        f"{made.suppressed / made.persons:.1%}",
        f"{made.utility['gcp']:.1%}",
        f"{models.before.auc:.3f}" if models else "",
        f"{models.after.auc:.3f}" if models else "",
        f"{models.segment_agreement:.2f}" if models else "",
        f"{orders['sums_kept']['total_minor']:.1%}" if orders else "",
        f"{orders['left_out'] / orders['rows']:.1%}" if orders else "",
        f"{made.risk.classes.highest:.3f}",
        f"{made.risk.rejoined.by_both.value:.1%}" if made.risk.rejoined else "",
        "no" if made.faults() else "cannot be said" if made.doubts() else "yes",
    )


def presets() -> list[tuple[str, str, str, str]]:
    """Make every extract and write tests/bench/presets.md; return rows of the bench."""
    found = list(rows())
    lines = [" | ".join(_HEAD), " | ".join("---" for _ in _HEAD), *map(" | ".join, found)]
    table = "\n".join(f"| {line} |" for line in lines)
    words = " ".join((__doc__ or "").split("\n\n", 1)[1].split())
    RESULTS.write_text(f"# What each preset costs\n\n{words}\n\n{table}\n", encoding="utf-8")
    return [
        (f"preset {row[1]} on {row[0]}", f"AUC {row[6]}", f"AUC before {row[5]}", "")
        for row in found
    ]
