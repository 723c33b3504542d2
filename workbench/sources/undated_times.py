"""The time of statements and facts of which an export gives no time.

A statement without a time was true when the export was made, so the latest view that a study may
ask for must show it. The day of that view begins in the zone of the study: up to 25 hours before
the data of the source end, or earlier if another source of the dataset ends first. With exports of
Berlin and New York and a study in UTC these are 28 hours. So the statement holds since the
beginning of the last covered day but one, which is early enough if the days of the sources end up
to 22 hours apart.

The beginning of the last covered day would be too late even for a single source. On the day when
Adelaide puts its clocks forward, its day begins half an hour after that of Brisbane and ends half
an hour before it.

Mappings date facts without a time likewise, as refunds of which an export contains only the amount,
but not before the order or charge to which they belong. If several exports contain the fact, the
earliest of these times counts, and a time that an export states counts before all of them. A
microsecond is added, by which a load tells these times from stated ones.
"""

from datetime import date, datetime, timedelta

from workbench.schema.timeline import first_moment

_BEFORE_END = timedelta(days=2)

#: Added to the first moment of the day, so that no export states the same time.
_MARK = timedelta(microseconds=1)


def undated_moment(data_until_on: date, zone: str) -> datetime:
    """Return the time of what has none in the exports of a source.

    Parameters
    ----------
    data_until_on : date
        First local day that the source does not cover.
    zone : str
        IANA name of its zone.

    Returns
    -------
    datetime
        An instant in UTC.

    Examples
    --------
    >>> undated_moment(date(2024, 3, 1), "Asia/Tokyo").isoformat()
    '2024-02-27T15:00:00.000001+00:00'
    """
    return first_moment(data_until_on - _BEFORE_END, zone) + _MARK
