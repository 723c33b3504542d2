r"""A web server's access log: NCSA combined with the cookie, mails' pixels and bots among it.

``LogFormat "%h %l %u %t \"%r\" %>s %b \"%{Referer}i\" \"%{User-Agent}i\" \"%{Cookie}i\""``, in the
server's local time (Europe/Berlin). Addresses are of the ranges kept for documentation. A consent
banner's decision is in the cookie header; without consent to analytics there is no ``_ga`` cookie.
Lines come customer by customer, not in the order of time. Bots' lines are about nobody.
"""

from collections.abc import Iterator

import polars as pl

from workbench.exports.cells import local, path_encoded, percent_encoded
from workbench.exports.ids import hexadecimal
from workbench.exports.slices import Slice
from workbench.exports.visits import SITE, ip_address, user_agent, visits
from workbench.exports.writing import Batch, Form, Vendor

LOG = "access.log"
_STAMP = "%d/%b/%Y:%H:%M:%S %z"
_BOTS = 0.04  # bots' lines per customer
_PROXIES = (
    "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)",
    "Mozilla/5.0",  # Apple's mail privacy says no more
)
_BOT_LINES = (
    '"GET /robots.txt HTTP/1.1" 200 98 "-" "Mozilla/5.0 (compatible; Googlebot/2.1; '
    '+http://www.google.com/bot.html)" "-"',
    '"GET /sitemap.xml HTTP/1.1" 200 20411 "-" "Mozilla/5.0 (compatible; bingbot/2.0; '
    '+http://www.bing.com/bingbot.htm)" "-"',
    '"GET /suche?q=\\xe4pfel HTTP/1.0" 404 - "-" "-" "-"',
    '"\\x16\\x03\\x01\\x02\\x00" 400 226 "-" "-" "-"',
    '"GET /wp-login.php HTTP/1.1" 404 196 "-" "python-requests/2.32.3" "-"',
)


def batches(part: Slice) -> Iterator[Batch]:
    """Yield the lines about a slice's customers, and the bots that came along."""
    lines = pl.concat([_pages(part), _pixels(part), _bots(part)])
    rows = part.ordered(lines).with_columns(native_id=pl.lit(None, pl.String))
    is_bot = pl.col("is_bot")
    told = pl.when(~is_bot).then("record_id")
    yield Batch(LOG, rows.select("line", "native_id", told.alias("record_id")))


def _pages(part: Slice) -> pl.DataFrame:
    """Return a line for each event of the site."""
    world = part.world
    rows = visits(part, channels=("web",))
    purposes = {
        "analytics": "statistics",
        "personalize": "preferences",
        "marketing.advertising": "marketing",
    }
    for purpose, name in purposes.items():
        rows = part.with_consent(rows, purpose, at="occurred_at", name=name)
    key, whose = pl.col("event_id"), pl.coalesce("record_id", "session_id", "event_id")
    campaign = pl.concat_str(
        pl.lit("?utm_source=newsletter&utm_medium=email&utm_campaign="),
        percent_encoded(pl.col("campaign_id")),
    )
    query = pl.coalesce(
        pl.concat_str(pl.lit("?q="), percent_encoded(pl.col("search_text"))), campaign, pl.lit("")
    )
    session = hexadecimal(world.bits("log session", pl.coalesce("session_id", "event_id")))
    decided = pl.any_horizontal(pl.col(name).is_not_null() for name in purposes.values())
    banner = pl.concat_str(
        pl.lit("CookieConsent={stamp:%27"),
        hexadecimal(world.bits("consent stamp", whose)),
        pl.lit("==%27%2Cnecessary:true"),
        *(
            pl.concat_str(pl.lit(f"%2C{name}:"), pl.col(name).fill_null(False).cast(pl.String))
            for name in ("preferences", "statistics", "marketing")
        ),
        pl.lit("%2Cmethod:%27explicit%27%2Cver:1%2Cutc:"),
        pl.coalesce("first_seen_at", "session_at").dt.epoch("ms").cast(pl.String),
        pl.lit("%2Cregion:%27"),
        pl.col("country").fill_null("de").str.to_lowercase(),
        pl.lit("%27}"),
    )
    cookie = pl.concat_str(
        pl.when(pl.col("statistics")).then(
            pl.concat_str(pl.lit("_ga=GA1.1."), pl.col("client_id"))
        ),
        pl.concat_str(pl.lit("sid="), session.str.head(6)),
        pl.when(decided).then(banner),
        separator="; ",
        ignore_nulls=True,
    )
    came_from = (
        pl.when(pl.col("occurred_at").dt.truncate("1s") > pl.col("session_at"))
        .then(pl.lit(f"{SITE}/"))
        .when(pl.col("traffic_source").str.starts_with("google"))
        .then(pl.lit("https://www.google.com/"))
        .when(pl.col("traffic_source").str.starts_with("bing"))
        .then(pl.lit("https://www.bing.com/"))
        .otherwise(pl.lit("-"))
    )
    method = (
        pl.when(pl.col("event_name").is_in(["add_to_cart", "purchase", "sign_up"]))
        .then(pl.lit("POST "))
        .otherwise(pl.lit("GET "))
    )
    is_cached = world.u("log cached", key) < 0.04
    size = (world.bits("log bytes", key) % 40_000 + 800).cast(pl.String)
    line = pl.concat_str(
        ip_address(world, whose),
        pl.lit(" - - ["),
        local(pl.col("occurred_at"), _STAMP),
        pl.lit('] "'),
        method,
        path_encoded(pl.col("page").fill_null("/")),
        query,
        pl.lit(' HTTP/1.1" '),
        pl.when(is_cached).then(pl.lit("304 -")).otherwise(pl.lit("200 ") + size),
        pl.lit(' "'),
        came_from,
        pl.lit('" "'),
        user_agent(world),
        pl.lit('" "'),
        cookie,
        pl.lit('"'),
    )
    return rows.select("record_id", line=line, is_bot=pl.lit(False))


def _pixels(part: Slice) -> pl.DataFrame:
    """Return a line for each opened mail: its pixel, fetched by the reader or a proxy.

    Some mails name the reader by address in the pixel's query, as careless ones do.
    """
    world = part.world
    opened = part["interactions"].filter(pl.col("channel") == "email", pl.col("action") == "opened")
    rows = part.with_people(opened, "email").with_columns(device_type=pl.lit("mobile"))
    key, whose = pl.col("interaction_id"), pl.coalesce("record_id", "interaction_id")
    reader = pl.coalesce(
        pl.when(world.u("pixel names", whose) < 0.1).then(percent_encoded(pl.col("email"))),
        hexadecimal(world.bits("mail reader", whose)).str.head(10),
    )
    is_proxy = pl.col("is_machine")
    line = pl.concat_str(
        pl.when(is_proxy).then(pl.lit("203.0.113.254")).otherwise(ip_address(world, whose)),
        pl.lit(" - - ["),
        local(pl.col("occurred_at"), _STAMP),
        pl.lit('] "GET /px.gif?e=open&cid='),
        percent_encoded(pl.col("campaign_id")).fill_null(""),
        pl.lit("&uid="),
        reader,
        pl.lit(' HTTP/2.0" 200 43 "-" "'),
        pl.when(is_proxy)
        .then(world.option("mail proxy", key, _PROXIES))
        .otherwise(user_agent(world)),
        pl.lit('" "-"'),
    )
    return rows.select("record_id", line=line, is_bot=pl.lit(False))


def _bots(part: Slice) -> pl.DataFrame:
    """Return the bots' lines; each stands beside a customer's, so that a cut does not move it."""
    world, key = part.world, pl.col("record_id")
    beside = part["customers"].filter(world.u("bot", key) < _BOTS)
    line = pl.concat_str(
        pl.lit("198.51.100."),
        (world.bits("bot address", key) % 254 + 1).cast(pl.String),
        pl.lit(" - - ["),
        local(pl.col("first_seen_at"), _STAMP),
        pl.lit("] "),
        world.option("bot line", key, _BOT_LINES),
    )
    return beside.select("record_id", line=line, is_bot=pl.lit(True))


def _forms(_world: object) -> dict[str, Form]:
    return {LOG: Form()}


ACCESS_LOG = Vendor(forms=_forms, batches=batches)
