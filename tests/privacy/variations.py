"""Forms in which customers get into what is published, written without the search's own code.

A *form* writes one customer's identifier in another way, or returns None where it has none (a name
without diacritics has no other spelling). A *carrier* puts the written form into a document, as a
page, a picture, a table or a link would carry it. ``planted`` crosses both over customers of eight
locales. Nothing here is imported from the search, so that neither hides the other's mistakes.
"""

import base64
import hashlib
import html
import json
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote, quote_plus

from tests.privacy.people import Person

Form = Callable[[Person], str | tuple[str, ...] | None]
Carrier = Callable[[str], str]

_CODES = {
    "de_DE": "49", "en_GB": "44", "en_US": "1", "es_ES": "34", "fr_FR": "33", "ja_JP": "81",
    "nl_NL": "31", "pl_PL": "48",
}  # fmt: skip
_TRUNK = {"de_DE", "en_GB", "fr_FR", "ja_JP", "nl_NL"}
_GERMAN = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "Ä": "Ae", "Ö": "Oe",
                         "Ü": "Ue"})  # fmt: skip
_STROKES = str.maketrans({"ł": "l", "Ł": "L", "ø": "o", "ß": "ss", "æ": "ae", "đ": "d"})
_DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212"
_WIDE = str.maketrans("0123456789", "０１２３４５６７８９")
_ARABIC = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")
_MONTHS = {
    "en": "January February March April May June July August September October November December",
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "es": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre "
    "diciembre",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "nl": "januari februari maart april mei juni juli augustus september oktober november december",
    "pl": "stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października "
    "listopada grudnia",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Variation:
    """One planted variation: what was written of whom, how, and in what."""

    family: str
    form: str
    carrier: str
    person: Person
    content: bytes


def _dash(p: Person) -> str:
    return _DASHES[p.number % len(_DASHES)]


def _plain(text: str) -> str:
    """Return text without diacritics, as somebody types who has no such keys."""
    split = unicodedata.normalize("NFD", text.translate(_STROKES))
    return "".join(sign for sign in split if not unicodedata.combining(sign))


def _other(text: str, written: str) -> str | None:
    return written if written != text else None


def _latin(p: Person) -> bool:
    return p.locale != "ja_JP"


def _initial(p: Person) -> str:
    return p.given[0]


def _with_accent(text: str) -> str | None:
    """Return text with a diacritic on the first vowel that has none."""
    for place, sign in enumerate(text[1:], start=1):
        if sign in "aeou":
            return text[:place] + {"a": "á", "e": "é", "o": "ö", "u": "ü"}[sign] + text[place + 1 :]
    return None


def _national(p: Person) -> str:
    digits = p.phone.removeprefix("+").removeprefix(_CODES[p.locale])
    return ("0" if p.locale in _TRUNK else "") + digits


def _grouped(digits: str, sign: str, size: int = 3) -> str:
    return sign.join(digits[i : i + size] for i in range(0, len(digits), size))


def _subscriber(p: Person) -> str:
    return p.phone.removeprefix("+").removeprefix(_CODES[p.locale])


NAMES: Mapping[str, Form] = {
    "plain": lambda p: p.full,
    "given then family": lambda p: f"{p.given} {p.family}",
    "last, first": lambda p: f"{p.family}, {p.given}",
    "LAST, First": lambda p: f"{p.family.upper()}, {p.given}" if _latin(p) else None,
    "upper case": lambda p: p.full.upper() if _latin(p) else None,
    "lower case": lambda p: p.full.lower() if _latin(p) else None,
    "first and last word": lambda p: (
        f"{p.given.split()[0]} {p.family.split()[-1]}" if " " in p.family else None
    ),
    "first of two family names": lambda p: (
        f"{p.given} {p.family.split()[0]}" if p.locale == "es_ES" and " " in p.family else None
    ),
    "possessive": lambda p: f"{p.full}'s" if _latin(p) else None,
    "with a title": lambda p: f"Dr. {p.full}" if _latin(p) else f"{p.full}様",
    "middle initial": lambda p: f"{p.given} B. {p.family}" if _latin(p) else None,
    "as one word": lambda p: (
        f"#{p.given}{p.family}".replace(" ", "")
        if _latin(p) and len(p.given + p.family) > 12
        else None
    ),
    "words parted by marks": lambda p: f"<b>{p.given}</b> <i>{p.family}</i>",
}
SPELLING: Mapping[str, Form] = {
    "without diacritics": lambda p: _other(p.full, _plain(p.full)) if _latin(p) else None,
    "ae oe ue ss": lambda p: _other(p.full, p.full.translate(_GERMAN)),
    "ß as ss in capitals": lambda p: p.full.upper() if "ß" in p.full else None,
    "diacritics added": lambda p: (
        f"{p.given} {added}" if _latin(p) and (added := _with_accent(p.family)) else None
    ),
    "decomposed (NFD)": lambda p: _other(p.full, unicodedata.normalize("NFD", p.full)),
    "soft hyphen inside": lambda p: f"{p.full[:2]}\u00ad{p.full[2:]}",
    "zero width inside": lambda p: f"{p.full[:1]}\u200b{p.full[1:-1]}\u2060{p.full[-1:]}",
    "no-break blank": lambda p: p.full.replace(" ", "\u00a0"),
    "thin blank": lambda p: p.full.replace(" ", "\u2009"),
    "full width": lambda p: (
        "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in p.full)
        if _latin(p)
        else None
    ),
    "dash for blank": lambda p: p.full.replace(" ", _dash(p)),
    "underscore for blank": lambda p: p.full.replace(" ", "_"),
    "other dash in name": lambda p: (
        p.full.replace("-", _dash(p)) if "-" in p.full and _latin(p) else None
    ),
    "hyphen dropped": lambda p: p.full.replace("-", "") if "-" in p.full and _latin(p) else None,
    "hyphen as blank": lambda p: p.full.replace("-", " ") if "-" in p.full and _latin(p) else None,
    "hyphenated": lambda p: (
        f"{p.given} {p.family[:-3]}-{p.family[-3:]}"
        if _latin(p) and len(p.family) > 7 and p.family[-4:].isalpha()
        else None
    ),
    "curly apostrophe": lambda p: p.full.replace("'", "’") if "'" in p.full else None,
    "apostrophe dropped": lambda p: p.full.replace("'", "") if "'" in p.full else None,
}
INITIALS: Mapping[str, Form] = {
    "A. | Last in columns": lambda p: (f"{_initial(p)}.", p.family) if _latin(p) else None,
    "A. Last": lambda p: f"{_initial(p)}. {p.family}" if _latin(p) else None,
    "A Last": lambda p: f"{_initial(p)} {p.family}" if _latin(p) else None,
    "Last, A.": lambda p: f"{p.family}, {_initial(p)}." if _latin(p) else None,
    "A.Last": lambda p: f"{_initial(p)}.{p.family}" if _latin(p) else None,
    "A. LAST": lambda p: f"{_initial(p)}. {p.family.upper()}" if _latin(p) else None,
    "A. B. Last of double given names": lambda p: (
        f"{p.given[0]}.-{p.given.split('-')[1][0]}. {p.family}"
        if _latin(p) and "-" in p.given
        else None
    ),
}
SECOND: Mapping[str, Form] = {
    "First L. and postcode": lambda p: (
        f"{p.given} {p.family[0].upper()}. of {p.postcode}" if _latin(p) else None
    ),
    "A. Last and birth date": lambda p: (
        f"{_initial(p)}. {p.family}, born {p.birth_on}" if _latin(p) else None
    ),
    "First L. and year of birth": lambda p: (
        f"{p.given} {p.family[0].upper()}. ({p.birth_on[:4]})" if _latin(p) else None
    ),
}
ORDINARY: Mapping[str, Form] = {
    "name and postcode": lambda p: f"{p.full}, {p.postcode}",
    "postcode before name": lambda p: f"{p.postcode}: the order of {p.full}",
    "name and year of birth": lambda p: f"{p.full} (born {p.birth_on[:4]})",
    "name and birth date": lambda p: f"{p.full}, {p.birth_on}",
    "name and e-mail": lambda p: f"{p.full} <{p.email}>",
    "name and phone": lambda p: f"{p.full}, {p.phone}",
    "name, street and city": lambda p: f"{p.full}, {p.street}, {p.city}",
    "name and id": lambda p: f"{p.full} is {p.user_id}",
    "initial and postcode": lambda p: f"{p.given[0]}. {p.family}, {p.postcode}",
}
PHONES: Mapping[str, Form] = {
    "+49": lambda p: p.phone,
    "0049": lambda p: "00" + p.phone[1:],
    "national": _national,
    "national with blanks": lambda p: _grouped(_national(p), " "),
    "national with dots": lambda p: _grouped(_national(p), ".", 4),
    "national with a slash": lambda p: f"{_national(p)[:4]}/{_national(p)[4:]}",
    "national in brackets": lambda p: f"({_national(p)[:4]}) {_grouped(_national(p)[4:], '-')}",
    "(0)": lambda p: (
        f"+{_CODES[p.locale]} (0){_grouped(_subscriber(p), ' ')}" if p.locale in _TRUNK else None
    ),
    "(0) with dashes": lambda p: (
        f"+{_CODES[p.locale]}-(0)-{_grouped(_subscriber(p), '-', 4)}"
        if p.locale in _TRUNK
        else None
    ),
    "every dash": lambda p: f"+{_CODES[p.locale]}{_dash(p)}{_grouped(_subscriber(p), _dash(p))}",
    "no-break blanks": lambda p: (
        f"+{_CODES[p.locale]}\u00a0{_grouped(_subscriber(p), chr(0x202F))}"
    ),
    "full-width digits": lambda p: p.phone.translate(_WIDE),
    "Arabic digits": lambda p: p.phone.translate(_ARABIC),
    "blanks round dashes": lambda p: f"{_national(p)[:5]} - {_national(p)[5:]}",
    "pairs": lambda p: _grouped(_national(p), " ", 2),
}


def _abbreviated(street: str) -> str | None:
    short = street
    for long, brief in (
        ("straße", "str."), ("straat", "str."), ("Street", "St"), ("Avenue", "Ave"),
        ("Road", "Rd."), ("Lane", "Ln"), ("Drive", "Dr"), ("Court", "Ct."), ("Boulevard", "Blvd"),
        ("Close", "Cl"), ("Calle", "C/"), ("Avenida", "Avda."), ("Plaza", "Pza."),
        ("Paseo", "Pº"), ("rue", "r."), ("avenue", "av."), ("chemin", "ch."), ("impasse", "imp."),
        ("ul.", "ulica"),
    ):  # fmt: skip
        short = short.replace(long, brief)
    return _other(street, short)


def _turned(p: Person) -> str | None:
    """Return the street with its house number on the other side."""
    if p.locale in ("en_GB", "en_US", "fr_FR"):
        number, _, rest = p.street.partition(" ")
        return f"{rest} {number}" if number.isdigit() and "Apt" not in rest else None
    if p.locale in ("de_DE", "nl_NL", "pl_PL"):
        rest, _, number = p.street.rpartition(" ")
        return f"{number} {rest}"
    if p.locale == "es_ES":
        rest, _, number = p.street.partition(", ")
        return f"{number} {rest}" if number.isdigit() else None
    return None


STREETS: Mapping[str, Form] = {
    "plain": lambda p: p.street,
    "abbreviated": lambda p: _abbreviated(p.street),
    "strasse": lambda p: _other(p.street, p.street.replace("ß", "ss")),
    "parted": lambda p: (
        p.street.replace("straße", " Straße") if "straße" in p.street else None
    ),
    "upper case": lambda p: p.street.upper() if _latin(p) else None,
    "number on the other side": _turned,
    "comma before the number": lambda p: (
        f"{p.street.rpartition(' ')[0]}, {p.street.rpartition(' ')[2]}"
        if p.locale in ("de_DE", "nl_NL", "pl_PL")
        else None
    ),
    "without commas": lambda p: _other(p.street, p.street.replace(",", "")),
    "without ul.": lambda p: p.street.replace("ul. ", "") if "ul." in p.street else None,
    "without the flat": lambda p: (
        p.street.rpartition("/")[0] if p.locale == "pl_PL" and "/" in p.street
        else p.street.partition(" Apt")[0] if " Apt" in p.street
        else p.street.partition(", ")[2] if p.street.startswith("Flat") else None
    ),
    "without diacritics": lambda p: (
        _other(p.street, _plain(p.street)) if _latin(p) else None
    ),
    "every dash": lambda p: p.street.replace("-", _dash(p)) if not _latin(p) else None,
    "with the city": lambda p: f"{p.street}, {p.postcode} {p.city}",
}  # fmt: skip


def _entities(text: str) -> str:
    return "".join(f"&#{ord(sign)};" for sign in text)


def _twice(text: str) -> str:
    return quote(quote(text, safe=""), safe="")


EMAILS: Mapping[str, Form] = {
    "plain": lambda p: p.email,
    "upper case": lambda p: p.email.upper(),
    "in angle brackets": lambda p: f"<{p.email}>",
    "[at]": lambda p: p.email.replace("@", "[at]"),
    " [at] ": lambda p: p.email.replace("@", " [at] "),
    "(at)": lambda p: p.email.replace("@", "(at)"),
    " at ": lambda p: p.email.replace("@", " at "),
    "[at] [dot]": lambda p: p.email.replace("@", " [at] ").replace(".", " [dot] "),
    " at  dot ": lambda p: p.email.replace("@", " at ").replace(".", " dot "),
    "(at) (dot)": lambda p: p.email.replace("@", "(at)").replace(".", "(dot)"),
    "mailto": lambda p: f"mailto:{p.email}?subject=x",
    "percent once": lambda p: quote(p.email, safe=""),
    "percent twice": lambda p: _twice(p.email),
    "every sign in percent": lambda p: "".join(f"%{byte:02X}" for byte in p.email.encode()),
    "zero width inside": lambda p: p.email.replace("@", "\u200b@\u200b"),
    "other dash": lambda p: p.email.replace("-", _dash(p)) if "-" in p.email else None,
    "blanks round @": lambda p: p.email.replace("@", " @ "),
}


def _b64(content: bytes, *, url: bool = False, pad: bool = True) -> str:
    made = (base64.urlsafe_b64encode if url else base64.b64encode)(content).decode()
    return made if pad else made.rstrip("=")


ENCODED: Mapping[str, Form] = {
    "base64": lambda p: _b64(p.email.encode()),
    "base64 without padding": lambda p: _b64(p.email.encode(), pad=False),
    "base64 for addresses": lambda p: _b64(p.email.encode(), url=True, pad=False),
    "base64 of JSON": lambda p: _b64(json.dumps({"id": 7, "email": p.email}).encode()),
    "base64 at offset 1": lambda p: _b64(f"={p.email}".encode()),
    "base64 at offset 2": lambda p: _b64(f"m={p.email};".encode()),
    "base64 within base64 text": lambda p: (
        "Qk" + "A" * (p.number % 4) + _b64(f" {p.email} ".encode())
    ),
    "base64 for addresses of JSON": lambda p: _b64(
        json.dumps({"ü": "?>~", "mail": p.email}, ensure_ascii=False).encode(), url=True
    ),
    "hex": lambda p: p.email.encode().hex(),
    "HEX": lambda p: p.email.encode().hex().upper(),
    "base64 of the name": lambda p: _b64(f"name={p.full}".encode()),
}


def _gmail(email: str) -> str | None:
    """Return what an ad platform hashes of an address at gmail.com."""
    local, _, domain = email.partition("@")
    if domain != "gmail.com":
        return None
    return f"{local.partition('+')[0].replace('.', '')}@{domain}"


def _digest(name: str, text: str | None) -> str | None:
    return (
        None
        if text is None
        else hashlib.new(name, text.encode(), usedforsecurity=False).hexdigest()
    )


HASHES: Mapping[str, Form] = {
    "SHA-256 of e-mail": lambda p: _digest("sha256", p.email),
    "SHA-256 OF E-MAIL": lambda p: hashlib.sha256(p.email.encode()).hexdigest().upper(),
    "SHA-1 of e-mail": lambda p: _digest("sha1", p.email),
    "MD5 of e-mail": lambda p: _digest("md5", p.email),
    "SHA-256 of gmail without dots": lambda p: _digest("sha256", _gmail(p.email)),
    "MD5 of gmail without dots": lambda p: _digest("md5", _gmail(p.email)),
    "SHA-256 of phone with +": lambda p: _digest("sha256", p.phone),
    "SHA-256 of phone": lambda p: _digest("sha256", p.phone[1:]),
    "MD5 of phone": lambda p: _digest("md5", p.phone[1:]),
    "SHA-1 of phone with +": lambda p: _digest("sha1", p.phone),
    "base64 of SHA-256": lambda p: _b64(hashlib.sha256(p.email.encode()).digest()),
    "base64 of SHA-256 for addresses": lambda p: _b64(
        hashlib.sha256(p.email.encode()).digest(), url=True, pad=False
    ),
    "base64 of MD5": lambda p: _b64(hashlib.md5(p.email.encode(), usedforsecurity=False).digest()),
    "in a link": lambda p: f"em={_digest('sha256', p.email)}&ph={p.number}",
}


def _dated(p: Person, pattern: str) -> str:
    year, month, day = p.birth_on.split("-")
    language = p.locale[:2] if p.locale[:2] in _MONTHS else "en"
    said = _MONTHS[language].split()[int(month) - 1]
    english = _MONTHS["en"].split()[int(month) - 1]
    return pattern.format(
        p=p, year=year, month=month, day=day, d=int(day), m=int(month), said=said, english=english,
        short=english[:3], yy=year[2:],
    )  # fmt: skip


def _date_form(pattern: str) -> Form:
    return lambda p: _dated(p, pattern)


BIRTH: Mapping[str, Form] = {
    "first and ISO": _date_form("{p.given}, {year}-{month}-{day}"),
    "first and D.M.Y": _date_form("{p.given}, {d}.{m}.{year}"),
    "first and DD.MM.Y": _date_form("{p.given} ({day}.{month}.{year})"),
    "first and D/M/Y": _date_form("{p.given} {day}/{month}/{year}"),
    "first and M/D/Y": _date_form("{p.given} {month}/{day}/{year}"),
    "first and Y/M/D": _date_form("{p.given} {year}/{month}/{day}"),
    "first and D-M-Y": _date_form("{p.given} {day}-{month}-{year}"),
    "first and D Month Y": _date_form("{p.given}, {d} {said} {year}"),
    "first and D. Month Y": _date_form("{p.given}, {d}. {said} {year}"),
    "first and Month D, Y": _date_form("{p.given} born {english} {d}, {year}"),
    "first and Dth Mon Y": _date_form("{p.given} born on {d}th {short} {year}"),
    "date before first": _date_form("{year}-{month}-{day}: {p.given}"),
    "last and ISO": _date_form("{p.family} {year}-{month}-{day}"),
    "first and 年月日": _date_form("{p.given} {year}年{m}月{d}日"),
    "first and D.M.YY": _date_form("{p.given}, {d}.{m}.{yy}"),
    "first and YYYYMMDD": _date_form("{p.given} {year}{month}{day}"),
}
IDS: Mapping[str, Form] = {
    "user id": lambda p: p.user_id.partition(":")[2],
    "user id with its system": lambda p: p.user_id,
    "user id in capitals": lambda p: p.user_id.partition(":")[2].upper(),
    "user id with other dashes": lambda p: p.user_id.partition(":")[2].replace("-", _dash(p)),
    "user id in a path": lambda p: f"/users/{p.user_id.partition(':')[2]}/edit?x=1",
    "cookie id": lambda p: p.cookie_id.partition(":")[2],
}
COLUMNS: Mapping[str, Form] = {
    "first and last": lambda p: (p.given, p.family),
    "last and first": lambda p: (p.family, p.given),
    "number, first, last": lambda p: (str(p.number % 90), p.given, p.family),
    "street and number": lambda p: (
        (p.street.rpartition(" ")[0], p.street.rpartition(" ")[2])
        if p.locale in ("de_DE", "nl_NL", "pl_PL")
        else None
    ),
    "first and birth date": lambda p: (p.given, "12", p.birth_on),
}

FAMILIES: Mapping[str, Mapping[str, Form]] = {
    "names": NAMES,
    "spelling of names": SPELLING,
    "initials": INITIALS,
    "initials with a second sign": SECOND,
    "ordinary words with a second sign": ORDINARY,
    "columns side by side": COLUMNS,
    "phones": PHONES,
    "streets": STREETS,
    "e-mail addresses": EMAILS,
    "encoded e-mail addresses": ENCODED,
    "hashes": HASHES,
    "birth dates beside a name": BIRTH,
    "ids": IDS,
}

CARRIERS: Mapping[str, Carrier] = {
    "HTML text": lambda t: f"<body><h1>Report</h1><p>Seen: {_escaped(t)} today.</p></body>",
    "attribute": lambda t: f'<p><img src="a.png" alt="{_attribute(t)}" width="10">x</p>',
    "attribute in single quotes": lambda t: f"<a title='{_attribute(t)}'>x</a>",
    "data in an attribute": lambda t: (
        f'<div data-rows="{html.escape(json.dumps(["a", _bare(t)]))}">x</div>'
    ),
    "table cell": lambda t: f"<table><tr><td>a</td><td>{_escaped(t)}</td><td>b</td></tr></table>",
    "JSON with escapes": lambda t: json.dumps({"n": 1, "note": _bare(t)}),
    "JSON table": lambda t: json.dumps(
        {"columns": [["n", "String"], ["who", "String"]], "rows": [["a", _bare(t)], ["b", "c"]]},
        ensure_ascii=False, sort_keys=True, separators=(",", ":"),
    ),
    "notebook": lambda t: json.dumps(
        {"cells": [{"cell_type": "markdown", "source": ["# Title\n", f"Seen\n{_bare(t)}\nhere"]}]}
    ),
    "SVG text": lambda t: f'<svg><g><text x="1" y="2">{_escaped(t)}</text></g></svg>',
    "SVG tspans": lambda t: f'<svg><text x="1" y="2">{_tspans(t)}</text></svg>',
    "markdown": lambda t: f"## Found\n\n- *{_bare(t)}* and others\n",
    "plain text": lambda t: f"we saw {_bare(t)}\nand nobody else",
    "comma separated": lambda t: f'group,who,n\na,"{_bare(t)}",\n',
    "query of a link": lambda t: f'<a href="https://x.example/s?n=1&amp;q={quote_plus(_bare(t))}">x</a>',
    "path of a link": lambda t: f"see https://x.example/find/{quote(_bare(t), safe='')} there",
}  # fmt: skip
_MANY: Mapping[str, Callable[[Sequence[str]], str]] = {
    "cells of a table": lambda c: f"<table><tr><td>a</td>{_each('<td>{}</td>', c)}</tr></table>",
    "cells over lines": lambda c: (
        "<table>\n<tr>\n" + _each('  <td class="x">{}</td>\n', c) + "</tr></table>"
    ),
    "JSON list": lambda c: json.dumps({"rows": [["x", *c], ["y"]]}),
    "JSON object": lambda c: json.dumps(
        [{f"column_{letter}": t for letter, t in zip("abc", c, strict=False)}], ensure_ascii=False
    ),
    "comma separated": lambda c: f"a,b,c\nx,{','.join(c)}\n",
    "comma separated and quoted": lambda c: ";".join(f'"{t}"' for t in c),
    "tab separated": lambda c: "\t".join(c),
    "markdown table": lambda c: f"| a | b |\n|---|---|\n| {' | '.join(c)} |\n",
    "tspans": lambda c: "<text>" + _each('<tspan x="1">{}</tspan>', c) + "</text>",
    "query of a link": lambda c: (
        "/find?" + "&".join(f"{k}={quote_plus(t)}" for k, t in zip("pqr", c, strict=False))
    ),
    "attributes": lambda c: "<i " + _each('data-a="{}"', c, between=" ") + ">x</i>",
}


def _each(pattern: str, parts: Sequence[str], *, between: str = "") -> str:
    return between.join(pattern.format(html.escape(part)) for part in parts)


def _is_markup(text: str) -> bool:
    return text.startswith("<b>")


def _bare(text: str) -> str:
    """Return the text itself where a carrier has no markup."""
    return text.replace("<b>", "**").replace("</b>", "**").replace("<i>", "_").replace("</i>", "_")


def _escaped(text: str) -> str:
    return text if _is_markup(text) else html.escape(text)


def _attribute(text: str) -> str:
    return html.escape(_bare(text))


def _tspans(text: str) -> str:
    words = _bare(text).split(" ")
    return "".join(f'<tspan x="4" dy="1.2em">{html.escape(word)}</tspan>' for word in words)


def planted(
    customers: Sequence[Person],
    *,
    rare: Sequence[Person],
    ordinary: Sequence[Person],
    count: int,
) -> Iterator[Variation]:
    """Write ``count`` variations: every form in turn, over customers, locales and carriers.

    Parameters
    ----------
    customers : sequence of Person
        Customers whom all forms are of but those below.
    rare : sequence of Person
        Customers with rare family names, of whom an initial with the family name is written.
    ordinary : sequence of Person
        Customers named by ordinary words, who are written with a second sign.
    count : int
        Number of variations.
    """
    pools = dict.fromkeys(FAMILIES, customers)
    pools |= {"initials": rare, "ordinary words with a second sign": ordinary}
    forms = [(family, name) for family, of in FAMILIES.items() for name in of]
    places = {form: 37 * number for number, form in enumerate(forms)}
    for made in range(count):
        family, name = forms[made % len(forms)]
        pool = pools[family]
        for _ in range(len(pool)):
            person = pool[places[family, name] % len(pool)]
            places[family, name] += 1
            written = FAMILIES[family][name](person)
            if written is not None:
                break
        else:
            raise LookupError(f"no customer has the form {family}: {name}")
        chosen: Mapping[str, Callable[..., str]] = _MANY if isinstance(written, tuple) else CARRIERS
        # the place shifts with every round, so that each form meets every carrier
        carrier = list(chosen)[(made + made // len(forms)) % len(chosen)]
        yield Variation(
            family=family,
            form=name,
            carrier=carrier,
            person=person,
            content=chosen[carrier](written).encode(),
        )
