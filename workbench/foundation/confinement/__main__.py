"""Confine this process and become ipykernel.

    python -m workbench.foundation.confinement FOLDER REPORT PATH… -- ARGUMENTS OF IPYKERNEL

``FOLDER`` is the kernel's own folder. ``REPORT`` is the number of an open file, into which this
process writes the parts of the confinement that are in force; it closes the file before the first
line of a notebook can run. ``PATH`` is a file or folder that the kernel may read besides. The
option ``--required`` in front of them ends the process if a part is missing.

The kernel runs in this interpreter. A new interpreter could not import ``workbench``, because the
folder of this package is readable but the folder that contains it is not. Programs that the kernel
starts find the package through a link in the kernel's own folder.
"""

import json
import os
import runpy
import sys
from pathlib import Path

from workbench.foundation.confinement import PACKAGE, confine

#: Exit code of a process that requires confinement and lacks a part of it.
MISSING = 4

_PACKAGES = "packages"  # folder with the link to this package


def main(words: list[str]) -> None:
    """Confine this process and run ipykernel in it."""
    is_required = words[0] == "--required"
    folder, report, *reads = words[is_required : words.index("--")]
    own, working_folder = Path(folder), Path.cwd()
    confinement = confine(own, reads=[Path(path) for path in reads])
    if any(working_folder.is_relative_to(path) for path in reads):
        os.chdir(working_folder)  # A notebook of the lab opens files relative to its own folder.
    with open(int(report), "w", encoding="utf-8") as file:
        json.dump(confinement.as_json(), file)
    if is_required and confinement.missing:
        sys.exit(MISSING)
    _let_children_import(own / _PACKAGES)
    sys.argv = ["ipykernel_launcher", *words[words.index("--") + 1 :]]
    runpy.run_module("ipykernel_launcher", run_name="__main__", alter_sys=True)


def _let_children_import(packages: Path) -> None:
    packages.mkdir(exist_ok=True)
    link = packages / "workbench"
    link.unlink(missing_ok=True)  # A kernel that is restarted finds the link of its last start.
    link.symlink_to(PACKAGE)
    os.environ["PYTHONPATH"] = str(packages)
    sys.path.append(str(packages))  # Python passes this list to worker processes.


if __name__ == "__main__":
    main(sys.argv[1:])
