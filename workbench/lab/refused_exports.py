"""No export of notebooks: nbconvert would run in the server, which holds the key.

LaTeX and Chromium, by which nbconvert makes a PDF, read any file that a cell of the notebook names,
so an exported notebook could contain the key. It would also put customers' rows into a file.
"""

from tornado.web import Application, HTTPError, RequestHandler

_REASON = (
    "the lab exports no notebook: `workbench run NOTEBOOK --study STUDY` makes its page, without "
    "anything about single persons"
)


class _RefusedExport(RequestHandler):
    """Answers every request for an export."""

    def prepare(self) -> None:
        """Refuse the request, whatever its method."""
        raise HTTPError(403, _REASON)


class _NoFormats(RequestHandler):
    """Answers which formats there are, for the browser's menu: none."""

    def get(self) -> None:
        """Return an empty list of formats."""
        self.write({})


def refuse_exports(application: Application) -> None:
    """Put the refusal in front of the server's own handlers of exports.

    Parameters
    ----------
    application : Application
        The server's application; the base of its addresses is one of its settings.
    """
    base = application.settings.get("base_url", "/").rstrip("/")
    application.add_handlers(
        ".*$",
        [(rf"{base}/api/nbconvert", _NoFormats), (rf"{base}/nbconvert.*", _RefusedExport)],
    )
