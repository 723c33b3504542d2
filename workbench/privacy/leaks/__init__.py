"""Look for persons in what is about to be written where anyone may read it."""

from workbench.privacy.leaks.identifiers import KnownIdentifiers, known_identifiers
from workbench.privacy.leaks.search import find_leaks

__all__ = ["KnownIdentifiers", "find_leaks", "known_identifiers"]
