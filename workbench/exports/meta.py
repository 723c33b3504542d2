"""Meta's Graph API: comments under the company's Facebook and Instagram posts.

Instants are UTC, written ``+0000`` without a colon. On Facebook an answer is inside the comment
that it answers, on Instagram it is a comment with a ``parent_id``. ``from`` is absent if the writer
did not allow it; its id is valid for this page only and cannot be joined with other data.
"""

from collections.abc import Iterator

import polars as pl

from workbench.exports.export_files import Batch, FileForm, Vendor, json_array_form
from workbench.exports.json_text import obj, plain_string, string
from workbench.exports.objects import json_lines, json_object
from workbench.exports.slices import ExportedWorld, Slice
from workbench.exports.vendor_ids import decimal_digits

FACEBOOK = "comments.json"
INSTAGRAM = "ig_comments.json"
_FACEBOOK = 0.6  # share of the threads that are on Facebook
_HIDDEN = 0.3  # share of the people whose name the page may not see
_SHOP = '{"id":"1001","username":"shop.example"}'


def batches(part: Slice) -> Iterator[Batch]:
    """Yield the comments of a slice's customers, with the answers."""
    world = part.world
    thread = pl.coalesce("thread_id", "interaction_id")
    social = part["interactions"].filter(
        pl.col("channel") == "social", pl.col("action") == "message"
    )
    social = part.add_person_columns(social, "full_name", "username").with_columns(
        thread=thread,
        is_facebook=world.uniform("meta place", thread) < _FACEBOOK,
        is_ours=pl.col("direction") == "outbound",
        is_hidden=world.uniform("meta hidden", pl.col("record_id")) < _HIDDEN,
        person=_digits_after_one(world.bits("meta person", pl.col("record_id")), 17),
        comment=_digits_after_one(world.bits("meta comment", pl.col("interaction_id")), 17),
        post=_digits_after_one(world.bits("meta post", thread), 15),
        likes=(world.bits("meta likes", pl.col("interaction_id")) % 6).cast(pl.String),
    )
    social = social.with_columns(
        first=pl.col("comment").filter(~pl.col("is_ours")).first().over("thread")
    )
    yield Batch(FACEBOOK, _facebook_lines(social.filter("is_facebook")))
    yield Batch(INSTAGRAM, _instagram_lines(social.filter(~pl.col("is_facebook"))))


def _facebook_lines(social: pl.DataFrame) -> pl.DataFrame:
    """Return the customers' comments, which contain the company's answers."""
    named = pl.concat_str("post", pl.lit("_"), "comment")
    parent = pl.concat_str("post", pl.lit("_"), "first")
    social = social.with_columns(named=named, parent=parent, message=pl.col("body").fill_null(""))
    ours = social.filter("is_ours", pl.col("first").is_not_null())
    answers = (
        ours.with_columns(answer=json_object("facebook_answers"))
        .group_by("thread", comment="first", maintain_order=True)
        .agg(count=pl.len(), answers=pl.col("answer").str.join(","))
        .drop("thread")
    )
    theirs = social.filter(~pl.col("is_ours")).join(
        answers, on="comment", how="left", maintain_order="left"
    )
    writer = obj({"id": plain_string(pl.col("person")), "name": string(pl.col("full_name"))})
    is_shown = ~pl.col("is_hidden") & pl.col("record_id").is_not_null()
    theirs = theirs.with_columns(
        native_id="named",
        writer=pl.when(is_shown).then(writer),
        count=pl.col("count").fill_null(0),
        answered=pl.concat_str(pl.lit('{"data":['), pl.col("answers"), pl.lit("]}")),
    )
    return json_lines(theirs, "facebook_comments")


def _instagram_lines(social: pl.DataFrame) -> pl.DataFrame:
    """Return all comments; an answer of the company has no customer but has a parent."""
    handle = pl.coalesce(
        "username", pl.concat_str(pl.lit("user_"), pl.col("person").str.slice(0, 8))
    )
    writer = obj({"id": plain_string(pl.col("person")), "username": string(handle)})
    is_shown = ~pl.col("is_hidden") & pl.col("record_id").is_not_null()
    handle_of_customer = pl.when(pl.col("record_id").is_not_null()).then(handle)
    social = social.with_columns(
        native_id="comment",
        username_text=pl.when("is_ours").then(pl.lit("shop.example")).otherwise(handle_of_customer),
        message=pl.col("body").fill_null(""),
        parent=pl.when("is_ours").then("first"),
        writer=pl.when("is_ours").then(pl.lit(_SHOP)).when(is_shown).then(writer),
        record_id=pl.when(~pl.col("is_ours")).then("record_id"),
    )
    return json_lines(social, "instagram_comments")


def _digits_after_one(bits: pl.Expr, width: int) -> pl.Expr:
    return pl.concat_str(pl.lit("1"), decimal_digits(bits, width - 1))


def _forms(_world: ExportedWorld) -> dict[str, FileForm]:
    end = '\n],\n"paging":{"cursors":{"before":"QVFI","after":"QVFJ"}}}\n'
    return {
        FACEBOOK: json_array_form(head='{"data":[\n', tail=end),
        INSTAGRAM: json_array_form(head='{"data":[\n', tail="\n]}\n"),
    }


META = Vendor(forms=_forms, batches=batches)
