"""Visits as trackers record them: the device's cookie, the session, and logins of customers.

Cookie and device ids belong to a customer's device, so two trackers on one site record the same:
the ``_ga`` cookie in an access log contains the ``user_pseudo_id`` of the analytics export.
"""

import polars as pl

from workbench.exports.cell_formats import percent_encode_path
from workbench.exports.slices import ExportedWorld, Slice
from workbench.exports.vendor_ids import decimal_digits, uuid
from workbench.synthetic.draws import child_rows

SITE = "https://shop.example.org"

_LOGS_IN = ("sign_up", "login", "purchase")
_STAYS_LOGGED_IN = 0.35  # share of sessions in which a customer is logged in from the second event

_AGENTS = {
    "desktop": (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
        "Chrome/131.0.0.0 Safari/537.36",
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) "
        "Version/17.6 Safari/605.1.15",
        "Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0",
    ),
    "mobile": (
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 "
        "(KHTML, like Gecko) Version/17.4 Mobile/15E148 Safari/604.1",
        "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) "
        "Chrome/131.0.0.0 Mobile Safari/537.36",
    ),
    "tablet": (
        "Mozilla/5.0 (iPad; CPU OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
        "Version/17.4 Mobile/15E148 Safari/604.1",
    ),
}


def tracked_events(part: Slice, *, channels: tuple[str, ...]) -> pl.DataFrame:
    """Return the events of these channels with the columns that trackers record.

    Returns
    -------
    DataFrame
        The columns of ``events`` in their order, ``country``, ``language``, ``first_seen_at`` and
        ``shop_customer`` of the customer, and ``client_id`` (cookie of a browser), ``device_uuid``
        (of an app), ``session_at`` (time of the session's first event, in whole seconds),
        ``session_number`` (of the customer, from 1) and ``is_logged_in``.
    """
    world = part.world
    events = part["events"].filter(pl.col("channel").cast(pl.String).is_in(channels))
    rows = part.add_person_columns(events, "country", "language", "first_seen_at", "shop_customer")
    owner_key = pl.coalesce("record_id", "session_id", "event_id")
    device = device_code()
    session = pl.coalesce("session_id", "event_id")
    rows = rows.with_columns(
        client_id=pl.concat_str(
            (world.bits("browser", owner_key, device) % 2**31).cast(pl.String),
            pl.lit("."),
            pl.coalesce("first_seen_at", "occurred_at").dt.epoch("s").cast(pl.String),
        ),
        device_uuid=device_uuid(world, owner_key),
        session_at=pl.col("occurred_at").min().over(session).dt.truncate("1s"),
        is_logged_in=pl.col("record_id").is_not_null()
        & (
            pl.col("event_name").is_in(_LOGS_IN)
            | (
                (world.uniform("stays logged in", session) < _STAYS_LOGGED_IN)
                & (pl.col("occurred_at") > pl.col("occurred_at").min().over(session))
            )
        ),
    )
    return rows.with_columns(session_number=pl.col("session_at").rank("dense").over(owner_key))


def device_uuid(world: ExportedWorld, owner_key: pl.Expr) -> pl.Expr:
    """Return the id of the device of a customer or visit, for rows with ``device_type``."""
    device = device_code()
    return uuid(
        world.bits("device", owner_key, device), world.bits("device, rest", owner_key, device)
    )


def device_code() -> pl.Expr:
    """Return the number of a row's kind of device; a customer has one device of each kind."""
    return pl.col("device_type").to_physical().cast(pl.UInt64).fill_null(9)


def repeat_rows(rows: pl.DataFrame, again: pl.Expr) -> pl.DataFrame:
    """Return rows in which each row with ``again`` is immediately repeated."""
    times = 1 + rows.select(again).to_series().cast(pl.Int64)
    place, _ = child_rows(times.to_numpy())
    return rows if len(place) == rows.height else rows[place]


def user_agent(world: ExportedWorld) -> pl.Expr:
    """Return the user agent for rows with ``record_id`` and ``device_type``."""
    chosen = pl.lit(None, pl.String)
    for kind, agents in _AGENTS.items():
        option = world.option(f"user agent {kind}", pl.col("record_id"), agents)
        chosen = pl.when(pl.col("device_type") == kind).then(option).otherwise(chosen)
    return chosen.fill_null("Mozilla/5.0")


def ip_address(world: ExportedWorld, key: pl.Expr) -> pl.Expr:
    """Return an address of the ranges reserved for documentation (RFC 5737, RFC 3849)."""
    network = world.option("network", key, ("192.0.2.", "198.51.100.", "203.0.113."))
    last = (world.bits("address", key) % 254 + 1).cast(pl.String)
    tail = decimal_digits(world.bits("address", key), 4)
    newer = pl.concat_str(pl.lit("2001:db8::"), tail)
    older = pl.concat_str(network, last)
    return pl.when(world.uniform("has IPv6", key) < 0.2).then(newer).otherwise(older)


def page_address(page: pl.Expr, search: pl.Expr | None = None) -> pl.Expr:
    """Return the full address of a page, with a query string if ``search`` is given."""
    full = pl.concat_str(pl.lit(SITE), percent_encode_path(page.fill_null("/")))
    if search is None:
        return full
    return pl.concat_str(full, pl.concat_str(pl.lit("?q="), search).fill_null(""))
