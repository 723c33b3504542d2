"""Decisions to audit: the right population, the right share, the groups a view tells."""

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from tests.features.frames import at, shop, table
from workbench.fairness import add_groups, campaign_recipients, select_by_score
from workbench.foundation.errors import InputError, ParameterError
from workbench.schema import CustomerData


def world() -> CustomerData:
    """Return customers 1 to 3 who ordered before the offer, 4 who came after; 1 and 3 got it."""
    data = shop(
        [(1, "2023-01-02", 5), (2, "2023-01-03", 5), (3, "2023-01-03", 5), (4, "2023-06-01", 5)]
    )
    messages = table(
        "interactions",
        interaction_id=[1, 2, 3, 4],
        customer_id=[1, 3, 2, 2],
        channel=["email"] * 4,
        direction=["outbound"] * 4,
        action=["sent", "sent", "sent", "opened"],
        campaign_id=["offer", "offer", "news", "offer"],
        occurred_at=[at("2023-03-01")] * 4,
        is_machine=[False] * 4,
    )  # fmt: skip
    return CustomerData.of({**data.tables, "interactions": messages})


def test_whoever_was_a_customer_before_the_campaign_could_have_got_it() -> None:
    expected = pl.DataFrame(
        {"customer_id": [1, 2, 3], "selected": [True, False, True]},
        schema={"customer_id": pl.UInt64, "selected": pl.Boolean},
    )
    assert_frame_equal(campaign_recipients(world(), campaign="offer"), expected)


def test_an_unknown_campaign_is_refused_with_the_nearest() -> None:
    with pytest.raises(ParameterError, match="no campaign 'ofer'; did you mean 'offer'"):
        campaign_recipients(world(), campaign="ofer")


def test_a_score_selects_exactly_the_share_that_was_asked_for() -> None:
    assessed = pl.DataFrame(
        {
            "customer_id": [1, 2, 3, 4],
            "score": [0.5, 0.9, 0.5, 0.1],
            "churned": [False, True, True, False],
        }
    )
    chosen = select_by_score(assessed, share=0.5)
    assert chosen["selected"].to_list() == [True, True, False, False]
    assert chosen["outcome"].to_list() == [False, True, True, False]
    with pytest.raises(ParameterError, match=r"selected_share is 1\.0: it must be between 0 and 1"):
        select_by_score(assessed, share=1.0)


def test_groups_come_from_what_the_view_holds() -> None:
    data = world()
    decided = campaign_recipients(data, campaign="offer")
    assert add_groups(decided, data, groups=["gender"])["gender"].null_count() == 3
    with pytest.raises(ParameterError, match="no group column 'gendr'; did you mean 'gender'"):
        add_groups(decided, data, groups=["gendr"])
    narrow = CustomerData({**data.tables, "customers": data["customers"].select("customer_id")})
    with pytest.raises(InputError, match="the view has no gender: add it to the study's columns"):
        add_groups(decided, narrow, groups=["gender"])
