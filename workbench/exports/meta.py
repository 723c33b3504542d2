"""Meta's Graph API: comments under the company's Facebook and Instagram posts.

Instants are UTC, written ``+0000`` without a colon. Facebook's answers stand within the comment
they answer, Instagram's beside it with a ``parent_id``. ``from`` is absent where the writer did
not allow it; its id is the page's own for that person and joins to nothing else.
"""

from collections.abc import Iterator

import polars as pl

from workbench.exports.ids import decimal_digits
from workbench.exports.jsontext import obj, plain, string
from workbench.exports.objects import json_object, lines
from workbench.exports.slices import Slice, World
from workbench.exports.writing import Batch, Form, Vendor, array_of

FACEBOOK = "comments.json"
INSTAGRAM = "ig_comments.json"
_FACEBOOK = 0.6  # share of the threads
_HIDDEN = 0.3  # share of the people whose name the page may not see
_SHOP = '{"id":"1001","username":"shop.example"}'


def batches(part: Slice) -> Iterator[Batch]:
    """Yield the comments about a slice's customers."""
    world = part.world
    thread = pl.coalesce("thread_id", "interaction_id")
    said = part["interactions"].filter(pl.col("channel") == "social", pl.col("action") == "message")
    said = part.with_people(said, "full_name", "username").with_columns(
        thread=thread,
        is_facebook=world.u("meta place", thread) < _FACEBOOK,
        is_ours=pl.col("direction") == "outbound",
        is_hidden=world.u("meta hidden", pl.col("record_id")) < _HIDDEN,
        person=_digits(world.bits("meta person", pl.col("record_id")), 17),
        comment=_digits(world.bits("meta comment", pl.col("interaction_id")), 17),
        post=_digits(world.bits("meta post", thread), 15),
        likes=(world.bits("meta likes", pl.col("interaction_id")) % 6).cast(pl.String),
    )
    said = said.with_columns(
        first=pl.col("comment").filter(~pl.col("is_ours")).first().over("thread")
    )
    yield Batch(FACEBOOK, _facebook(said.filter("is_facebook")))
    yield Batch(INSTAGRAM, _instagram(said.filter(~pl.col("is_facebook"))))


def _facebook(said: pl.DataFrame) -> pl.DataFrame:
    """Return the customers' comments with the company's answers in them."""
    named = pl.concat_str("post", pl.lit("_"), "comment")
    parent = pl.concat_str("post", pl.lit("_"), "first")
    said = said.with_columns(named=named, parent=parent, message=pl.col("body").fill_null(""))
    ours = said.filter("is_ours", pl.col("first").is_not_null())
    answers = (
        ours.with_columns(answer=json_object("facebook_answers"))
        .group_by("thread", comment="first", maintain_order=True)
        .agg(count=pl.len(), answers=pl.col("answer").str.join(","))
        .drop("thread")
    )
    theirs = said.filter(~pl.col("is_ours")).join(
        answers, on="comment", how="left", maintain_order="left"
    )
    writer = obj({"id": plain(pl.col("person")), "name": string(pl.col("full_name"))})
    is_shown = ~pl.col("is_hidden") & pl.col("record_id").is_not_null()
    theirs = theirs.with_columns(
        native_id="named",
        writer=pl.when(is_shown).then(writer),
        count=pl.col("count").fill_null(0),
        answered=pl.concat_str(pl.lit('{"data":['), pl.col("answers"), pl.lit("]}")),
    )
    return lines(theirs, "facebook_comments")


def _instagram(said: pl.DataFrame) -> pl.DataFrame:
    """Return all comments; an answer of the company is about nobody but names its parent."""
    handle = pl.coalesce(
        "username", pl.concat_str(pl.lit("user_"), pl.col("person").str.slice(0, 8))
    )
    writer = obj({"id": plain(pl.col("person")), "username": string(handle)})
    is_shown = ~pl.col("is_hidden") & pl.col("record_id").is_not_null()
    whose = pl.when(pl.col("record_id").is_not_null()).then(handle)
    said = said.with_columns(
        native_id="comment",
        username_text=pl.when("is_ours").then(pl.lit("shop.example")).otherwise(whose),
        message=pl.col("body").fill_null(""),
        parent=pl.when("is_ours").then("first"),
        writer=pl.when("is_ours").then(pl.lit(_SHOP)).when(is_shown).then(writer),
        record_id=pl.when(~pl.col("is_ours")).then("record_id"),
    )
    return lines(said, "instagram_comments")


def _digits(bits: pl.Expr, width: int) -> pl.Expr:
    return pl.concat_str(pl.lit("1"), decimal_digits(bits, width - 1))


def _forms(_world: World) -> dict[str, Form]:
    end = '\n],\n"paging":{"cursors":{"before":"QVFI","after":"QVFJ"}}}\n'
    return {
        FACEBOOK: array_of(head='{"data":[\n', tail=end),
        INSTAGRAM: array_of(head='{"data":[\n', tail="\n]}\n"),
    }


META = Vendor(forms=_forms, batches=batches)
