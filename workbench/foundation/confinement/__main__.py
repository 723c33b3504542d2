"""Confine this process and become ipykernel.

    python -m workbench.foundation.confinement FOLDER REPORT PATH… -- ARGUMENTS OF IPYKERNEL

``FOLDER`` is the kernel's own and ``REPORT`` the number of an open file: what holds is written
there, and the file is closed, before the first line of a notebook can run. ``PATH`` is a file or
folder that the kernel may read besides. The option ``--required`` in front of them ends the process
where anything is missing.

The kernel's process does not start another interpreter: this package's folder is readable but not
the folder it is installed from, so an import of ``workbench`` would not find it. Programs that the
kernel starts find it through a link in the kernel's own folder.
"""

import json
import os
import runpy
import sys
from pathlib import Path

from workbench.foundation.confinement import PACKAGE, confine

#: Exit code where confinement was demanded and something is missing.
MISSING = 4

_PACKAGES = "packages"  # folder with the link to this package


def main(words: list[str]) -> None:
    """Confine this process and run ipykernel in it."""
    is_required = words[0] == "--required"
    folder, report, *reads = words[is_required : words.index("--")]
    own, stood = Path(folder), Path.cwd()
    confinement = confine(own, reads=[Path(path) for path in reads])
    if any(stood.is_relative_to(path) for path in reads):
        os.chdir(stood)  # beside the notebook, where it can be read
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
    link.unlink(missing_ok=True)  # of this kernel before it was started again
    link.symlink_to(PACKAGE)
    os.environ["PYTHONPATH"] = str(packages)
    sys.path.append(str(packages))  # worker processes are given this list


if __name__ == "__main__":
    main(sys.argv[1:])
