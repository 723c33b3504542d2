r"""A web server's access log in NCSA combined format, with cookies, mail pixels and bots.

``LogFormat "%h %l %u %t \"%r\" %>s %b \"%{Referer}i\" \"%{User-Agent}i\" \"%{Cookie}i\""``, in the
server's local time (Europe/Berlin). Addresses are of the ranges reserved for documentation. The
decision in the consent banner is in the cookie header; without consent to analytics there is no
``_ga`` cookie. Lines are sorted by customer, not by time. Lines of bots have no customer.
"""

from collections.abc import Iterator

import polars as pl

from workbench.exports.cell_formats import local_time_text, percent_encode, percent_encode_path
from workbench.exports.export_files import Batch, FileForm, Vendor
from workbench.exports.slices import Slice
from workbench.exports.tracked_visits import SITE, ip_address, tracked_events, user_agent
from workbench.exports.vendor_ids import hexadecimal

LOG = "access.log"
_STAMP = "%d/%b/%Y:%H:%M:%S %z"
_BOTS = 0.04  # number of bots' lines per customer
_PROXIES = (
    "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)",
    "Mozilla/5.0",  # the whole user agent of Apple's mail privacy proxy
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
    """Yield the lines of a slice's customers and of bots."""
    lines = pl.concat([_page_lines(part), _pixel_lines(part), _bot_lines(part)])
    rows = part.sort_by_customer(lines).with_columns(native_id=pl.lit(None, pl.String))
    is_bot = pl.col("is_bot")
    shown_record = pl.when(~is_bot).then("record_id")
    yield Batch(LOG, rows.select("line", "native_id", shown_record.alias("record_id")))


def _page_lines(part: Slice) -> pl.DataFrame:
    """Return a line for each event on the site."""
    world = part.world
    rows = tracked_events(part, channels=("web",))
    purposes = {
        "analytics": "statistics",
        "personalize": "preferences",
        "marketing.advertising": "marketing",
    }
    for purpose, name in purposes.items():
        rows = part.add_consent(rows, purpose, at="occurred_at", name=name)
    key, owner_key = pl.col("event_id"), pl.coalesce("record_id", "session_id", "event_id")
    searched = pl.concat_str(pl.lit("q="), percent_encode(pl.col("search_text")))
    campaign = pl.concat_str(
        pl.lit("utm_source=newsletter&utm_medium=email&utm_campaign="),
        percent_encode(pl.col("campaign_id")),
    )
    both = pl.concat_str(searched, campaign, separator="&", ignore_nulls=True)
    query = pl.when(both == "").then(pl.lit("")).otherwise(pl.concat_str(pl.lit("?"), both))
    session = hexadecimal(world.bits("log session", pl.coalesce("session_id", "event_id")))
    decided = pl.any_horizontal(pl.col(name).is_not_null() for name in purposes.values())
    banner = pl.concat_str(
        pl.lit("CookieConsent={stamp:%27"),
        hexadecimal(world.bits("consent stamp", owner_key)),
        pl.lit("==%27%2Cnecessary:true"),
        *(
            pl.concat_str(pl.lit(f"%2C{name}:"), pl.col(name).fill_null(False).cast(pl.String))
            for name in ("preferences", "statistics", "marketing")
        ),
        pl.lit("%2Cmethod:%27explicit%27%2Cver:1%2Cutc:"),
        pl.max_horizontal(f"{name}_at" for name in purposes.values())
        .dt.epoch("ms")
        .cast(pl.String),
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
    is_cached = world.uniform("log cached", key) < 0.04
    size = (world.bits("log bytes", key) % 40_000 + 800).cast(pl.String)
    line = pl.concat_str(
        ip_address(world, owner_key),
        pl.lit(" - - ["),
        local_time_text(pl.col("occurred_at"), _STAMP),
        pl.lit('] "'),
        method,
        percent_encode_path(pl.col("page").fill_null("/")),
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


def _pixel_lines(part: Slice) -> pl.DataFrame:
    """Return a line for each opened mail, whose pixel the reader or a proxy fetched.

    As in careless real mails, the query of some pixels contains the reader's e-mail address.
    """
    world = part.world
    opened = part["interactions"].filter(pl.col("channel") == "email", pl.col("action") == "opened")
    rows = part.add_person_columns(opened, "email").with_columns(device_type=pl.lit("mobile"))
    key, owner_key = pl.col("interaction_id"), pl.coalesce("record_id", "interaction_id")
    reader = pl.coalesce(
        pl.when(world.uniform("pixel names", owner_key) < 0.1).then(
            percent_encode(pl.col("email"))
        ),
        hexadecimal(world.bits("mail reader", owner_key)).str.head(10),
    )
    is_proxy = pl.col("is_machine")
    line = pl.concat_str(
        pl.when(is_proxy).then(pl.lit("203.0.113.254")).otherwise(ip_address(world, owner_key)),
        pl.lit(" - - ["),
        local_time_text(pl.col("occurred_at"), _STAMP),
        pl.lit('] "GET /px.gif?e=open&cid='),
        percent_encode(pl.col("campaign_id")).fill_null(""),
        pl.lit("&uid="),
        reader,
        pl.lit(' HTTP/2.0" 200 43 "-" "'),
        pl.when(is_proxy)
        .then(world.option("mail proxy", key, _PROXIES))
        .otherwise(user_agent(world)),
        pl.lit('" "-"'),
    )
    return rows.select("record_id", line=line, is_bot=pl.lit(False))


def _bot_lines(part: Slice) -> pl.DataFrame:
    """Return the lines of bots; each follows a customer's, whatever slice the customer is in."""
    world, key = part.world, pl.col("record_id")
    beside = part["customers"].filter(world.uniform("bot", key) < _BOTS)
    line = pl.concat_str(
        pl.lit("198.51.100."),
        (world.bits("bot address", key) % 254 + 1).cast(pl.String),
        pl.lit(" - - ["),
        local_time_text(pl.col("first_seen_at"), _STAMP),
        pl.lit("] "),
        world.option("bot line", key, _BOT_LINES),
    )
    return beside.select("record_id", line=line, is_bot=pl.lit(True))


def _forms(_world: object) -> dict[str, FileForm]:
    return {LOG: FileForm()}


ACCESS_LOG = Vendor(forms=_forms, batches=batches)
