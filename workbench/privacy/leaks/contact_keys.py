"""Keys of e-mail addresses, phones and ids, which are compared as whole texts."""

from collections.abc import Callable

import polars as pl
import polars_hash as plh

from workbench.privacy.leaks.spelling import UNSPACED, OwnedKeys, beyond_ascii, hash_text

IDS = ("user_id", "cookie_id", "device_id", "order_number", "username")
SHORTEST_PHONE, LONGEST_PHONE = 8, 17  # digits; E.164 allows 15, and two zeros before
SHORTEST_ID, SHORTEST_NUMBER = 8, 10  # shorter ids occur by chance
#: Dashes, which all count as a hyphen.
DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u2043\ufe58\ufe63\uff0d"

_CALLING_CODE = r"^(1|7|2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]|\d{3})"
#: Countries in which a number is dialled without a zero before it.
_WITHOUT_ZERO = ("1", "7", "30", "34", "39", "45", "47", "48", "351", "352", "371", "372", "420")
_GMAIL = ("gmail.com", "googlemail.com")


def contact_keys(read: Callable[..., pl.DataFrame]) -> dict[str, OwnedKeys]:
    """Return the keys and their owners by kind of identifier.

    Parameters
    ----------
    read : callable
        Function that returns ``owner`` and ``text`` of the identifiers of a kind.
    """
    text = pl.col("text")
    emails = (
        read("email").with_columns(_normalise(text)).filter(text.str.contains("@", literal=True))
    )
    phones = read("phone").with_columns(text.str.replace_all(r"\D", "").str.strip_prefix("00"))
    phones = phones.filter(text.str.len_chars() >= SHORTEST_PHONE)
    made = {"email": emails, "phone": pl.concat(_dialled_forms(phones))}
    made["email_digest"] = _digests(pl.concat([emails, _plain_gmail(emails)]).unique())
    plus = phones.with_columns(text=pl.lit("+") + text)
    made["phone_digest"] = _digests(pl.concat([phones, plus]))
    for kind in IDS:
        native = read(kind).with_columns(_normalise(text).str.replace(r"^[a-z0-9_-]+:", ""))
        least = pl.when(text.str.contains(r"^\d+$")).then(SHORTEST_NUMBER).otherwise(SHORTEST_ID)
        is_date = text.str.contains(r"^\d{4}-\d\d-\d\d$")
        made[kind] = native.filter(
            (text.str.len_chars() >= least) & text.str.contains(r"\d") & ~is_date
        )
    streets = read("street_address").filter(beyond_ascii(text).is_not_null())
    streets = streets.with_columns(_normalise(text).str.replace_all(r"\s+", ""))
    made["unspaced_address"] = streets.filter(text.str.contains(rf"[{UNSPACED}].*\d-\d"))
    return {
        kind: (hash_text(keys["text"]), keys["owner"].to_numpy()) for kind, keys in made.items()
    }


def _normalise(text: pl.Expr) -> pl.Expr:
    plain = beyond_ascii(text).str.normalize("NFKC").str.replace_all(f"[{DASHES}]", "-")
    return pl.coalesce(plain, text).str.to_lowercase().str.strip_chars()


def _dialled_forms(phones: pl.DataFrame) -> list[pl.DataFrame]:
    """Return phones as they are dialled from abroad, with a zero in brackets, and at home."""
    code = pl.col("text").str.extract(_CALLING_CODE)
    rest = pl.col("text").str.replace(_CALLING_CODE, "")
    bare = phones.filter(code.is_in(list(_WITHOUT_ZERO))).select("owner", text=rest)
    ways = [
        phones,
        phones.select("owner", text=code + "0" + rest),
        phones.select("owner", text="0" + rest),
        bare,
    ]
    return [way.filter(pl.col("text").str.len_chars() >= SHORTEST_PHONE) for way in ways]


def _plain_gmail(emails: pl.DataFrame) -> pl.DataFrame:
    """Return the Gmail addresses without dots and tag, as ad platforms hash them."""
    email = pl.col("text")
    local = email.str.extract(r"^([^@+]*)").str.replace_all(".", "", literal=True)
    domain = email.str.extract(r"@(.*)$")
    gmail = emails.filter(pl.any_horizontal(email.str.ends_with(f"@{each}") for each in _GMAIL))
    plain = gmail.filter(domain.is_in(list(_GMAIL)))  # Addresses with a second @ are left out.
    return plain.select("owner", text=local + "@" + domain)


def _digests(texts: pl.DataFrame) -> pl.DataFrame:
    """Return the SHA-256, SHA-1 and MD5 of texts, in hex."""
    text = plh.col("text")
    ways = (text.chash.sha2_256(), text.nchash.sha1(), text.nchash.md5())
    return pl.concat(texts.select("owner", text=way) for way in ways)
