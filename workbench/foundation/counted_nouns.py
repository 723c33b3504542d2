"""Write a number with its noun for messages: 1 record, 2,500 records."""


def count_text(number: int, noun: str, verb: str = "") -> str:
    """Return a number with its noun in the singular or plural, and with a verb that agrees.

    Parameters
    ----------
    number : int
        Number of things.
    noun : str
        Noun in the singular; the plural has an s at the end.
    verb : str, optional
        Verb in the plural, such as ``are`` or ``repeat``.

    Examples
    --------
    >>> count_text(1, "cell"), count_text(2500, "refused record")
    ('1 cell', '2,500 refused records')
    >>> count_text(1, "record", "are"), count_text(1, "record", "end"), count_text(3, "row", "have")
    ('1 record is', '1 record ends', '3 rows have')
    """
    text = f"{number:,} {noun}" + ("" if number == 1 else "s")
    if not verb:
        return text
    return f"{text} {_SINGULAR.get(verb, f'{verb}s') if number == 1 else verb}"


_SINGULAR = {"are": "is", "were": "was", "have": "has"}
