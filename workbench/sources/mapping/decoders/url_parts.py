"""The parts of a URL."""

from urllib.parse import parse_qsl, urlsplit

from workbench.sources.formats.json_values import Tree


def decode_url(text: str, mark: str | None = None) -> Tree:
    """Return host, path and query of a URL; of repeated parameters the first counts.

    >>> decode_url("https://shop.example.org/p/42?utm_source=mail&q=t%20shirt")
    {'host': 'shop.example.org', 'path': '/p/42', 'query': {'utm_source': 'mail', 'q': 't shirt'}}
    """
    parts = urlsplit(text.strip())
    query: dict[str, Tree] = {}
    for name, value in parse_qsl(parts.query, keep_blank_values=True):
        query.setdefault(name, value)
    return {"host": parts.hostname or "", "path": parts.path or "/", "query": query}
