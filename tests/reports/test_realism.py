"""The page of realism says what was met, what was not, and where each figure comes from."""

from pathlib import Path

import polars as pl
import pytest

from workbench.foundation.errors import InputError
from workbench.reports import build_realism, build_site


def held() -> pl.DataFrame:
    row = {
        "fact": "lines_per_order", "component": "purchases", "definition": "lines of an order",
        "world": "retail", "low": 1.5, "high": 3.0, "measured": 1.98, "is_inside": True,
        "source": "retail <2 to 3> lines", "sure": "medium",
    }  # fmt: skip
    off = row | {"fact": "conversion", "component": "visits", "definition": "visits with an order",
                 "measured": 0.2, "low": 0.018, "high": 0.044, "is_inside": False}  # fmt: skip
    return pl.DataFrame([row, off])


def test_the_page_opens_with_what_is_outside_and_tells_source_and_real_data(
    tmp_path: Path,
) -> None:
    page = build_realism(held(), {"CDNOW": {"lines_per_order": 2.48}}, site=tmp_path)
    text = page.read_text()
    assert "1 of 2 published facts are met" in text
    assert text.index("What is outside its range") < text.index("<table>")
    assert "<strong>Conversion</strong> (retail): 0.200, published 0.018 to 0.044" in text
    assert "CDNOW 2.48" in text
    assert "Retail &lt;2 to 3&gt; lines. Sure: medium." in text
    assert "<script" not in text


def test_the_catalogue_links_to_the_page_once_it_is_there(tmp_path: Path) -> None:
    runs, site = tmp_path / "runs", tmp_path / "site"
    runs.mkdir()
    assert "realism.html" not in build_site(runs, site=site).index.read_text()
    build_realism(held(), {}, site=site)
    assert 'href="realism.html"' in build_site(runs, site=site).index.read_text()


def test_a_folder_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "site").write_text("a file")
    with pytest.raises(InputError, match="cannot write"):
        build_realism(held(), {}, site=tmp_path / "site")
