"""The text of an HTML fragment."""

from html.parser import HTMLParser

from workbench.sources.formats.json_values import Tree

_BLOCKS = frozenset({"p", "br", "div", "li", "tr", "h1", "h2", "h3", "blockquote"})
_SILENT = frozenset({"script", "style", "head", "title"})


class _Text(HTMLParser):
    """Collects the text outside scripts and styles, a line per block."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._silent += tag in _SILENT
        if tag in _BLOCKS:
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in _SILENT and self._silent > 0
        if tag in _BLOCKS:
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.parts.append(data)


def decode_html(text: str, mark: str | None = None) -> Tree:
    """Return the text of a fragment, blocks on lines of their own, without tags and scripts.

    >>> decode_html("<p>So <b>good</b> &amp; cheap</p><script>x()</script>")
    'So good & cheap'
    """
    parser = _Text()
    parser.feed(text)
    parser.close()
    lines = (" ".join(line.split()) for line in "".join(parser.parts).split("\n"))
    return "\n".join(line for line in lines if line)
