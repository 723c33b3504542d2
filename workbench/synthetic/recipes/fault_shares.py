"""What is wrong with the recorded data, though not with the customers: mess, planted and known."""

from typing import Annotated, Literal

from pydantic import Field

from workbench.foundation.declarations import Declaration
from workbench.synthetic.recipes.values import Share

#: What may be missing of a customer, and the share of customers of whom it is.
MISSABLE = (
    "birth_year", "gender", "income_band", "education_level", "email", "phone", "birth_date",
    "address",
)  # fmt: skip


class Faults(Declaration):
    """Shares of what is spoilt; 0 spoils nothing.

    Attributes
    ----------
    duplicates : float
        Mean number of further records of a customer, at other places and with typos.
    late : float
        Share of events that are recorded long after they happened, in a wrong order.
    encodings : float
        Share of texts that went through a wrong encoding.
    missing : float
        Share of cells, of what may be missing, that are blanked beyond what customers withhold.
    test_accounts, bots : float
        Share of customer records that are the company's own tests; of records whose visits are a
        crawler's.
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
