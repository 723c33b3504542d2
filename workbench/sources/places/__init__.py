"""Where bytes lie: a file, a folder, a pattern of names, an archive; each gives files by name."""

from workbench.sources.places.stored_files import StoredFile, find_files

__all__ = ["StoredFile", "find_files"]
