"""The Cookie header of a request: ``name=value; name=value``."""

from urllib.parse import unquote

from workbench.sources.formats.json_values import Tree


def decode_cookies(text: str, mark: str | None = None) -> Tree:
    """Return the cookies by name; a value may contain ``=`` and is percent-decoded.

    >>> decode_cookies("sid=4f; consent=a%3D1=b; flag")
    {'sid': '4f', 'consent': 'a=1=b', 'flag': ''}
    """
    found: dict[str, Tree] = {}
    for each in text.split(mark or ";"):
        name, _, value = each.strip().partition("=")
        if name and name not in found:  # of repeated names the first is the most specific path
            found[name] = unquote(value.strip().strip('"'))
    return found
