"""Memory that nothing uses any more is given back."""

import weakref

from workbench.foundation.memory import release_freed_memory


class Node:
    """An object that refers to itself, which only a search for garbage can free."""

    def __init__(self) -> None:
        self.own = self


def test_objects_in_cycles_are_freed_too() -> None:
    seen = weakref.ref(Node())
    assert seen() is not None
    release_freed_memory()
    assert seen() is None
