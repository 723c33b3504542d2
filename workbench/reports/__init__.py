"""Pages for reviewers: one offline page for each run, and the catalogue of all runs.

    reports/runs/ID/ ──publish──> reports/site/runs/ID.html
                     ──build_site──> reports/site/index.html

A page is made from the files of the run's folder, so it can be made again at any time, and equal
runs of a day have equal pages. It needs no network and no script, follows the reader's light or
dark preference, and contains only what went through ``wb.show`` and ``wb.record``. The folder of a
run is compared with its seal in the vault before any of it is published; without the key a page
says that it is not verified.
"""

from workbench.reports.page import page_of, publish
from workbench.reports.realism import build_realism
from workbench.reports.site_builder import Site, build_site

__all__ = ["Site", "build_realism", "build_site", "page_of", "publish"]
