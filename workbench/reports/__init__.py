"""From records to what reviewers read: one offline page per run, and the catalogue of runs.

    reports/runs/ID/ ──publish──> reports/site/runs/ID.html
                     ──build_site──> reports/site/index.html

A page is made from the run's record alone, so it can be made again at any time, and equal records
give equal pages. It needs no network and no script, follows the reader's light or dark preference,
and holds only what went through ``wb.show``. A run's folder is compared with its seal in the vault
before any of it is published; without the key pages say that they are not verified.
"""

from workbench.reports.page import page_of, publish
from workbench.reports.realism import build_realism
from workbench.reports.site import Site, build_site

__all__ = ["Site", "build_realism", "build_site", "page_of", "publish"]
