"""The texts of a report hold templates, figures and labels that k persons share, nothing else."""

from dataclasses import replace

import polars as pl
import pytest

from workbench.foundation.errors import PrivacyError
from workbench.privacy.quoted_numbers import Shown
from workbench.privacy.vocabulary import Vocabulary
from workbench.privacy.wording import RARE, Wording
from workbench.schema import CustomerData


@pytest.fixture
def wording() -> Wording:
    """Return the wording of a notebook on four orders of toys and one of a rare thing."""
    items = pl.DataFrame(
        {
            "customer_id": [1, 2, 3, 4, 5],
            "product_category": ["zirconbeads"] * 4 + ["xylotrumpet for Jo"],
        },
        schema_overrides={"customer_id": pl.UInt64},
    )
    return Wording(
        source='title = "The most quixotic customers buy {}"\nlimit = 4711',
        vocabulary=Vocabulary(data=CustomerData.of({"order_items": items}), k=3),
    )


def shown(*figures: float, rows: int = 0) -> Shown:
    """Return what a report of one table of these figures shows, and its rule of 10 persons."""
    made = Shown.of([{"rows": [list(figures)]}], [], stated="limit 4711, 0.15 of 10 persons")
    return replace(made, rows=rows)


def refused(wording: Wording, text: str, figures: tuple[float, ...] = ()) -> str:
    with pytest.raises(PrivacyError) as told:
        wording.require([("the title of table t", text)], shown(*figures))
    return str(told.value)


def test_templates_figures_and_shared_labels_pass(wording: Wording) -> None:
    text = "The most quixotic customers buy zirconbeads: 12.3 % of 1,250, limit 4711"
    wording.require([("the title of table t", text)], shown(0.1234, 1250))


def test_words_from_elsewhere_are_refused_and_not_repeated(wording: Wording) -> None:
    message = refused(wording, "The most quixotic customers buy wombatiles")
    assert "the title of table t has 1 word that neither the notebook nor the package" in message
    assert "wombat" not in message
    assert "2 words" in refused(wording, "quixotic wombatiles plumbagoes")


def test_a_label_that_too_few_share_is_refused(wording: Wording) -> None:
    assert "1 word" in refused(wording, "quixotic customers buy xylotrumpet")


@pytest.mark.parametrize(
    "number", ["1234.56", "123456", "0.1239", "20,250,101", "1.23456e5", "7", "1,500,000"]
)
def test_numbers_that_no_figure_shows_are_refused(wording: Wording, number: str) -> None:
    message = refused(wording, f"quixotic customers buy for {number}", (0.1234, 1250.0))
    assert "1 number that no figure of the report shows" in message
    assert number not in message


def test_numbers_may_be_rounded_as_figures_are(wording: Wording) -> None:
    for number in ("12.3 %", "12.34 %", "0.123", ".123", "1,250", "95", "10", "15 %"):
        wording.require([("t", f"quixotic customers buy {number}")], shown(0.1234, 1250.0))


def test_rare_labels_of_a_table_are_replaced(wording: Wording) -> None:
    rows = [["zirconbeads", 12, 0.5], ["xylotrumpet for Jo", None, None], [None, 3, 0.1]]
    made = wording.without_rare_labels(rows)
    assert made == [["zirconbeads", 12, 0.5], [RARE, None, None], [None, 3, 0.1]]


def test_figures_from_elsewhere_are_written_in_the_notebook(wording: Wording) -> None:
    exhibit = {"name": "budget", "rows": [["spring", 4711.0], ["autumn", None]]}
    wording.require_stated(exhibit)
    with pytest.raises(PrivacyError, match="table budget has figures that come from elsewhere"):
        wording.require_stated({"name": "budget", "rows": [["spring", 7354.59]]})


def test_a_number_is_compared_with_its_size_and_its_percent_sign(wording: Wording) -> None:
    for text in ("quixotic 1.25", "quixotic 12.5", "quixotic 1250 %"):
        refused(wording, text, (1250.0,))


@pytest.mark.parametrize(
    "text",
    ["4 customers buy", "4 quixotic customers", "4 of 25 customers", "12.3 % of 4 customers"],
)
def test_few_persons_are_counted_by_a_figure_only(wording: Wording, text: str) -> None:
    figures = shown(0.1234, 25.0, rows=9)
    with pytest.raises(PrivacyError, match="1 number that no figure"):
        wording.require([("the title", text)], figures)
    for innocent in ("customers in 4 of 9 groups", "fewer than 10 customers", "25 customers"):
        wording.require([("the title", innocent)], figures)
    # neither a mean that rounds to it, nor a rule that states it, nor a word for it
    for text in ("3 customers buy", "3 of the customers", "10 customers", "three customers buy"):
        with pytest.raises(PrivacyError, match="1 number that no figure"):
            wording.require([("the title", f"quixotic {text}")], shown(2.8, 25.0, rows=9))


def test_percentage_points_are_compared_as_percents(wording: Wording) -> None:
    wording.require([("the title", "most customers buy 12.3 percentage points more")], shown(0.123))


def test_names_of_bands_hold_round_or_stated_numbers(wording: Wording) -> None:
    def named(band: str) -> dict[str, object]:
        columns = [["band", "text"], ["persons", "integer"]]
        return {"name": "t", "persons": "persons", "columns": columns, "rows": [[band, 40]]}

    for band in ("0 to 50", "2,000-2,499", "4711 and more", "2024-03", "(500, 2500]", "0.2-0.4"):
        wording.require_round(named(band))
    for band in ("10-36", "2,000 to 10,016", "up to 26 orders"):
        with pytest.raises(PrivacyError, match="neither round nor written in the notebook"):
            wording.require_round(named(band))


def test_labels_together_describe_k_persons() -> None:
    persons = {"customer_id": list(range(12))}
    ids = {"customer_id": pl.UInt64}
    items = {**persons, "product_category": ["zirconbeads"] * 7 + ["xylotrumpet"] * 5}
    customers = {**persons, "country": ["QQ"] * 6 + ["ZZ"] * 6, "gender": ["female", "male"] * 6}
    wording = Wording(
        source="customers of buy more than",
        vocabulary=Vocabulary(
            data=CustomerData.of(
                {
                    "order_items": pl.DataFrame(items, schema_overrides=ids),
                    "customers": pl.DataFrame(customers, schema_overrides=ids),
                }
            ),
            k=3,
        ),
    )
    for text in (
        "customers of QQ buy zirconbeads",
        "customers of QQ buy more than customers of ZZ",
        "customers of ZZ buy more xylotrumpet than zirconbeads",
        "female customers of QQ buy zirconbeads",
    ):
        wording.require([("the title", text)], shown())
    for text in ("customers of ZZ buy zirconbeads", "female customers of ZZ buy zirconbeads"):
        assert "describes fewer than 3 persons" in refused(wording, text)
