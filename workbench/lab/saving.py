"""What is saved of a notebook: its cells, and nothing that they printed."""

from typing import Any

from tornado.web import HTTPError


def strip_outputs(*, model: dict[str, Any], path: str, **_: Any) -> None:
    """Take outputs and execution counts out of a notebook that is about to be saved.

    Parameters
    ----------
    model : dict
        The server's model of the file, changed in place; other kinds of files are left alone.
    path : str
        Where it is saved, for the message.

    Raises
    ------
    HTTPError
        The notebook cannot be read: it is not saved, as its outputs could hold customers' data.
    """
    if model.get("type") != "notebook" or model.get("content") is None:
        return
    try:
        for cell in model["content"]["cells"]:
            if cell["cell_type"] == "code":
                cell["outputs"] = []
                cell["execution_count"] = None
            cell.get("metadata", {}).pop("execution", None)  # when and how long it ran
    except (KeyError, TypeError, AttributeError) as error:
        raise HTTPError(
            400, f"{path} is not saved: its cells cannot be read, and outputs may hold data"
        ) from error
