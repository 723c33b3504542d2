"""Declaration of faults in the recorded data, which are planted and known."""

from typing import Annotated, Literal

from pydantic import Field

from workbench.foundation.declarations import Declaration
from workbench.synthetic.recipes.values import Share

#: Items that customers may not state; a recipe has the share of customers for each.
MISSABLE = (
    "birth_year", "gender", "income_band", "education_level", "email", "phone", "birth_date",
    "address",
)  # fmt: skip


class Faults(Declaration):
    """Shares of faulty data; 0 plants no fault.

    Attributes
    ----------
    duplicates : float
        Mean number of further records of a customer, with typos in the identifiers.
    late : float
        Share of events with the time of recording in place of the time at which they happened.
    encodings : float
        Share of texts that were read in a wrong encoding.
    missing : float
        Share of stated cells of the customer table that are blanked.
    test_accounts, bots : float
        Share of customer records that are the company's own tests; share of records with visits
        of a crawler.
    strings : str
        ``plain``, or ``adversarial``: names, texts and search words that break CSV, HTML,
        spreadsheets and regular expressions.
    """

    duplicates: Annotated[float, Field(ge=0, le=2)] = 0.0
    late: Share = 0.0
    encodings: Share = 0.0
    missing: Share = 0.0
    test_accounts: Share = 0.001
    bots: Share = 0.0
    strings: Literal["plain", "adversarial"] = "plain"
