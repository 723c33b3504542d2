"""Formats of dates and times, and how polars must be asked to read them.

polars reads formats with the directives of chrono, and some of them lose what the cell contains:
``%Z`` skips the name of a zone, ``%s`` gives a time without zone that would count as local, ``%f``
takes the digits of a fraction for nanoseconds, and a literal ``Z`` is no zone at all. Each of them
is replaced by a directive that keeps the meaning, or refused when the mapping is read.
"""

import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType

import polars as pl
from polars.exceptions import ChronoFormatWarning, PolarsError

from workbench.schema.record_faults import EXAMPLE_MOMENT

#: Microseconds of each unit in which a column may count time since 1970.
EPOCHS: Mapping[str, int] = MappingProxyType(
    {"epoch_s": 1_000_000, "epoch_ms": 1_000, "epoch_us": 1}
)
#: The units in words.
EPOCH_UNITS: Mapping[str, str] = MappingProxyType(
    {"epoch_s": "seconds", "epoch_ms": "milliseconds", "epoch_us": "microseconds"}
)

#: Form in which the reader of workbooks writes dates and times.
DATE_OF_WORKBOOK = "%Y-%m-%dT%H:%M:%S%.f"

_OFFSET = "%#z"  # Reads +02, +0200, +02:00 and Z.
_DIRECTIVE = re.compile(r"%[-_0]?(?::{0,3}z|#z|\.[369]?f|[369]f|.|$)", re.DOTALL)
_KNOWN = frozenset("%" + letter for letter in "YCymbBhdeaAwuUWGVjFHkIlPpMSfRTrztn%") | {
    "%.f", "%.3f", "%.6f", "%.9f", "%3f", "%6f", "%9f", "%:z", "%#z", "%Z", "%D", "%x", "%c", "%v",
    "%X", "%q",
}  # fmt: skip
#: Directives that stand for several others, of which one is a year of two digits or an order.
_COMPOUND = {"%D": "%m/%d/%y", "%x": "%m/%d/%y", "%c": "%a %b %e %H:%M:%S %Y", "%v": "%e-%b-%Y"}
_UTC_NAME = re.compile(r"(?<![A-Za-z])(?:UTC|GMT|Z)(?![A-Za-z])")
_UTC_OFFSET = re.compile(r"^(\s*)[+-]\d\d(?::?\d\d)?$")
#: Names of other zones than UTC, as they are written in formats: CET, PDT, MESZ.
_ZONE_NAME = re.compile(r"\b(?!GMT\b)(?:[A-Z]{2,4}T|MEZ|MESZ)\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeFormat:
    """A format that keeps its meaning when polars reads it.

    Attributes
    ----------
    chrono : str
        Format for polars; empty for a count of time since 1970.
    epoch : str or None
        Unit of a count of time since 1970, a key of ``EPOCHS``.
    has_offset : bool
        Whether each cell states its offset from UTC, so that the zone of the source does not count.
    names_zone : bool
        Whether cells contain the name of a zone, of which only UTC, GMT and Z are understood.
    has_comma : bool
        Whether a comma stands before the fraction of a second.
    has_short_year : bool
        Whether the year has two digits.
    """

    chrono: str
    epoch: str | None = None
    has_offset: bool = False
    names_zone: bool = False
    has_comma: bool = False
    has_short_year: bool = False

    @classmethod
    def of(cls, form: str) -> "TimeFormat":
        """Return the format for polars.

        Raises
        ------
        ValueError
            The format cannot be read without losing what the cell contains.

        Examples
        --------
        >>> TimeFormat.of("%Y-%m-%dT%H:%M:%SZ").chrono
        '%Y-%m-%dT%H:%M:%S%#z'
        >>> TimeFormat.of("%d.%m.%Y %H:%M CET")
        Traceback (most recent call last):
        ...
        ValueError: it names the zone CET: leave the name out and declare zone = "…"
        """
        if form in EPOCHS:
            return cls(chrono="", epoch=form)
        if form in ("%s", "%s%.f", "%s.%f"):
            return cls(chrono="", epoch="epoch_s")
        if form == "%+":
            return cls(chrono="%+", has_offset=True)
        form = re.sub("|".join(_COMPOUND), lambda found: _COMPOUND[found[0]], form)
        _check_directives(form)
        has_comma = re.search(r"%S,(%f|%[369]f)|%T,(%f|%[369]f)", form) is not None
        if has_comma:
            form = re.sub(r"(%S|%T),(?:%f|%[369]f)", r"\1%.f", form)
        form = re.sub(r"\.(?:%f|%[369]f)|%\.[369]f", "%.f", form)
        if re.search(r"%[-_0]?f", form):
            raise ValueError("%f would be read as nanoseconds: use %.f, %3f or %6f")
        chrono, names_zone = _keep_zone(form)
        _try_format(chrono)
        return cls(
            chrono=chrono,
            has_offset=_OFFSET in chrono,
            names_zone=names_zone,
            has_comma=has_comma,
            has_short_year="%y" in chrono and "%C" not in chrono,
        )


def exchange_day_and_month(form: str) -> str | None:
    """Return the format with day and month in the other order, None if nobody writes that one.

    Nobody exchanges them after the year, or where the month is a word.

    Examples
    --------
    >>> exchange_day_and_month("%d/%m/%Y"), exchange_day_and_month("%Y-%m-%d")
    ('%m/%d/%Y', None)
    """
    form = form.replace("%D", "%m/%d/%y").replace("%e", "%d")
    if re.search("%d.*%m.*%[yY]|%m.*%d.*%[yY]", form) is None:
        return None
    return form.replace("%d", "\0").replace("%m", "%d").replace("\0", "%m")


def example_text(forms: tuple[str, ...], *, is_date: bool) -> str:
    """Return an example of a date or an instant in each form, always of the same moment.

    Examples
    --------
    >>> example_text(("%d.%m.%Y", "%d/%m/%y"), is_date=True), example_text((), is_date=False)
    ('31.03.2024 or 31/03/24', '2024-03-31 14:30:00')
    """
    shown = forms or ("%Y-%m-%d" if is_date else "%Y-%m-%d %H:%M:%S",)
    return " or ".join(_example_of(form) for form in shown)


def _example_of(form: str) -> str:
    moment = EXAMPLE_MOMENT.replace(tzinfo=UTC)
    chosen = TimeFormat.of(form)
    if chosen.epoch:
        return str(int(moment.timestamp()) * 1_000_000 // EPOCHS[chosen.epoch])
    if chosen.names_zone and "%Z" in form:
        form = form.replace("%Z", "UTC")
    for lenient in ("%#z", "%:z"):
        form = form.replace(lenient, "%z")
    return _format_moment(moment, form)


def _format_moment(moment: datetime, form: str) -> str:
    moments = pl.Series([moment], dtype=pl.Datetime("us", "UTC"))
    return str(moments.dt.to_string(form).item())


def _check_directives(form: str) -> None:
    found = _DIRECTIVE.findall(form)
    if not found:
        raise ValueError(
            f"{form!r} has no directive: write one like %d.%m.%Y, or {', '.join(EPOCHS)}"
        )
    for directive in found:
        bare = directive if directive in _KNOWN else re.sub("^%[-_0]", "%", directive)
        if bare == "%s":
            raise ValueError("%s counts seconds since 1970 and must be the whole format")
        if bare == "%+":
            raise ValueError("%+ is a date, a time and an offset and must be the whole format")
        if bare not in _KNOWN:
            raise ValueError(f"{directive} is a directive that cannot be read: choose another")


def _keep_zone(form: str) -> tuple[str, bool]:
    """Replace a zone in the format, whether directive or literal, by the offset that is read.

    Returns
    -------
    chrono : str
        Format whose zone, if it has one, is ``%#z``.
    names_zone : bool
        Whether cells contain the name of a zone in its place.
    """
    form = re.sub("%:?z", _OFFSET, form)
    literals = _DIRECTIVE.split(form)
    if found := _ZONE_NAME.search("\n".join(literals)):
        raise ValueError(f'it names the zone {found[0]}: leave the name out and declare zone = "…"')
    names = form.count("%Z") + sum(len(_UTC_NAME.findall(literal)) for literal in literals)
    if _OFFSET in form and "%Z" not in form:  # In "GMT+0200" the offset counts.
        return form, False
    if names + form.count(_OFFSET) > 1:
        raise ValueError("it has more than one zone: keep one of them")
    directives = [*_DIRECTIVE.findall(form), ""]
    if names:
        named = [_UTC_NAME.sub(_OFFSET, literal) for literal in literals]
        pairs = zip(named, directives, strict=True)
        return "".join(map("".join, pairs)).replace("%Z", _OFFSET), True
    # An offset that is the same in all cells stands in the format as digits.
    literals[-1] = _UTC_OFFSET.sub(rf"\1{_OFFSET}", literals[-1])
    return "".join(map("".join, zip(literals, directives, strict=True))), False


def _try_format(chrono: str) -> None:
    """Refuse a format that polars cannot compile, like an hour of twelve without am or pm."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ChronoFormatWarning)
            pl.Series([""]).str.to_datetime(chrono, strict=False)
    except PolarsError as error:
        raise ValueError(f"it cannot be read: {str(error).partition('.')[0]}") from error
