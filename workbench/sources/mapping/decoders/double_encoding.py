"""UTF-8 text whose bytes were read as another encoding: ``ZoÃ«`` for ``Zoë``."""

from workbench.sources.formats.json_values import Tree


def repair_double_encoding(text: str, mark: str | None = None) -> Tree:
    """Return the text as it was written; ``mark`` names the wrong encoding, by default latin-1.

    A text that is right already does not survive the round trip and stays as it is.

    >>> repair_double_encoding("Zo\u00c3\u00ab"), repair_double_encoding("Zo\u00eb")
    ('Zoë', 'Zoë')
    """
    try:
        return text.encode(mark or "latin-1").decode("utf-8")
    except UnicodeError:
        return text
