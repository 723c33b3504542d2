"""Saving of notebooks: the cells are saved, their outputs are not."""

from typing import Any

from tornado.web import HTTPError


def strip_outputs(*, model: dict[str, Any], path: str, **_: Any) -> None:
    """Remove outputs and execution counts from a notebook that is about to be saved.

    Parameters
    ----------
    model : dict
        The server's model of the file, changed in place; other files than notebooks stay as they
        are.
    path : str
        Path of the file, for the message.

    Raises
    ------
    HTTPError
        The notebook cannot be read: it is not saved, because its outputs could contain customers'
        data.
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
