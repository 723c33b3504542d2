"""Pages in a real browser: both themes, wide and narrow, offline, accessible."""

import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

from tests.conftest import PROJECT
from tests.realism.measured import held_against
from tests.worlds import Place
from workbench.privacy.known_facts import known_facts_risk
from workbench.privacy.risk import RiskQuestion, assess_risk
from workbench.reports import build_realism, build_site
from workbench.reports.risk_page import ReleaseContext, render_risk_page
from workbench.vault import Vault

WIDTHS = (320, 360, 1280)
THEMES = ("light", "dark")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Return the system's Chromium; without one skip, or fail where CI promises it."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        if os.environ.get("CI"):
            pytest.fail("no chromium on this machine: install it")
        pytest.skip("no chromium on this machine")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(
            executable_path=program,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Path]]:
    """Return the catalogue and the pages of the demo study, a failed run's among them."""
    place = Place(tmp_path_factory.mktemp("browser"))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(PROJECT)
        assert place.do("init") == 0
        place.world("retail", "demo", customers=3_000)
        assert place.run("demo") == 0
        assert place.run("churn", "--study", "demo", "-p", "horizon_days=400") == 2
        site = place.reports / "site"
        held = held_against({"retail": place.root / "world-demo"})
        realism = build_realism(held, {"CDNOW": {"mean_gap_days": 72.2}}, site=site)
        vault = Vault.open(place.workspace)
        index = build_site(place.reports / "runs", site=site, vault=vault).index
        found = [index, *sorted((site / "runs").glob("*.html")), realism]
        assert len(found) == 7
        yield found


@pytest.fixture(scope="module")
def all_pages(pages: list[Path], risk_page: Path) -> list[Path]:
    """Return the pages, and those made without a key after one run was damaged."""
    runs, site = pages[0].parents[1] / "runs", pages[0].parents[2] / "unverified"
    (runs / index_of_a_run(pages[0]) / "record.json").write_text("{")
    made = build_site(runs, site=site)
    assert len(made.withheld) == 1
    return [*pages, risk_page, made.index, *sorted((site / "runs").glob("*.html"))]


@pytest.fixture(scope="module")
def risk_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the page on the risk of a release that has everything a page can show."""
    random = np.random.default_rng(1)
    people = pl.DataFrame(
        {
            "who": range(900),
            "age": random.integers(18, 90, 900),
            "area": [f"a district with a long name {each}" for each in random.integers(0, 9, 900)],
            "plan": [f"plan {each}" for each in random.integers(0, 4, 900)],
        }
    )
    original, control = people[:600], people[600:]
    question = RiskQuestion(
        quasi_identifiers=("age", "area"), sensitive=("plan",), persons="who", population=50_000
    )
    coarse = original.with_columns(age=pl.lit("*"))
    report, other = (
        assess_risk(original, released, question, control=control)
        for released in (original, coarse)
    )
    facts = known_facts_risk(original, person="who", facts=["age", "plan"], known=[1])
    context = ReleaseContext(name="April extract", recipient="A university", is_synthetic=True)
    path = tmp_path_factory.mktemp("risk") / "risk.html"
    page = render_risk_page(
        replace(report, known_facts=facts), context, alternatives={"without ages": other}
    )
    path.write_text(page, encoding="utf-8")
    return path


def index_of_a_run(index: Path) -> str:
    """Return the first run of the list that finished."""
    found = re.search(r'href="runs/([0-9a-f]+)\.html"', index.read_text(encoding="utf-8"))
    assert found is not None
    return found[1]


def opened(browser: Browser, path: Path, *, width: int, theme: Any) -> tuple[Page, list[str]]:
    """Open a page and return it with everything it asked for and complained of."""
    page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=theme)
    told: list[str] = []
    page.on("console", lambda message: told.append(message.text))
    page.on("pageerror", lambda error: told.append(str(error)))
    page.on("request", lambda asked: told.append(asked.url) if asked.url != path.as_uri() else None)
    page.goto(path.as_uri())
    return page, told


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_a_page_needs_nothing_from_outside_and_never_scrolls_sideways(
    browser: Browser, all_pages: list[Path], width: int, theme: str
) -> None:
    for path in all_pages:
        page, told = opened(browser, path, width=width, theme=theme)
        assert told == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.close()


@pytest.mark.parametrize("theme", THEMES)
def test_a_page_breaks_no_rule_of_accessibility(
    browser: Browser, all_pages: list[Path], theme: str
) -> None:
    for path in all_pages:
        page, _ = opened(browser, path, width=1280, theme=theme)
        page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
        found = Axe().run(page).response["violations"]
        assert [(each["id"], each["nodes"][0]["html"]) for each in found] == [], path.name
        page.close()


def test_the_first_screen_holds_question_verdicts_and_status(
    browser: Browser, pages: list[Path], risk_page: Path
) -> None:
    for path in [*pages[1:], risk_page]:
        if "-failed" in path.name:
            continue
        page, _ = opened(browser, path, width=1280, theme="light")
        for part in page.locator("h1, header .status, .verdict").all():
            box = part.bounding_box()
            assert box is not None
            assert box["y"] + box["height"] <= 720
        page.close()


def test_every_figure_has_a_name_a_description_and_its_data(
    browser: Browser, pages: list[Path], risk_page: Path
) -> None:
    drawn = 0
    for path in [*pages[1:], risk_page]:
        page, _ = opened(browser, path, width=1280, theme="light")
        for figure in page.locator("figure").all():
            for kind in ("wide", "narrow"):
                assert figure.locator(f"svg.{kind} > title").count() == 1
            assert figure.locator("svg:visible").count() == 1
            description = figure.locator("svg:visible > desc").text_content() or ""
            assert len(description) > 40
            assert figure.locator("details table").count() == 1
            drawn += 1
        page.close()
    assert drawn >= 6


@pytest.mark.parametrize("width", WIDTHS)
def test_the_type_of_a_figure_is_as_large_as_the_page_s(
    browser: Browser, pages: list[Path], width: int
) -> None:
    measured = """() => [...document.querySelectorAll('figure svg')].filter(e => e.clientWidth)
        .map(e => e.clientWidth / e.viewBox.baseVal.width)"""
    for path in pages[1:-1]:
        page, _ = opened(browser, path, width=width, theme="light")
        assert all(scale > 0.8 for scale in page.evaluate(measured)), path.name
        page.close()


def test_on_paper_everything_is_open_and_nothing_is_cut(
    browser: Browser, pages: list[Path]
) -> None:
    for path in pages[1:-1]:
        page, _ = opened(browser, path, width=680, theme="dark")
        page.emulate_media(media="print")
        ground = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
        assert ground == "rgb(255, 255, 255)"
        assert page.evaluate("document.documentElement.scrollWidth") <= 680
        assert page.locator("figure svg.narrow:visible").count() == 0
        page.close()


def test_a_page_is_small_and_has_no_script(pages: list[Path]) -> None:
    for path in pages:
        text = path.read_text(encoding="utf-8")
        assert len(text) < 150_000
        assert "<script" not in text
        assert not re.search(r'(?:src|href)="https?:', text)


def test_the_catalogue_leads_to_every_page(browser: Browser, pages: list[Path]) -> None:
    page, _ = opened(browser, pages[0], width=1280, theme="light")
    links = [each.get_attribute("href") for each in page.locator(".run a").all()]
    assert sorted(links) == sorted(f"runs/{path.name}" for path in pages[1:-1])
    assert page.locator("footer a").get_attribute("href") == pages[-1].name
    folded = page.locator("details:has(li.failed)")
    assert folded.locator("summary").inner_text() == "1 failed attempt"
    assert "Failed" in (folded.locator("li.failed").text_content() or "")
    page.close()
