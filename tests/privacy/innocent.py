"""A hundred and twenty documents without a customer, in the forms in which things are published."""

import ast
import hashlib
import importlib
import json
import pydoc_data.topics
import uuid
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl

from tests.conftest import PROJECT
from tests.reports.conftest import record, shown
from workbench.foundation.files import canonical_json
from workbench.reports import page_of
from workbench.synthetic.stock.catalogue import catalogue

COUNT = 120
#: Rows as reports have them: words that are somebody's name, and nobody is meant.
GROUPS = (
    ("High value", "Low value", "New", "Lapsed"),
    ("Net amount", "Gross amount", "Grand total"),
    ("Rose gold", "Silver", "Black", "White wood"),
    ("Page one", "Page two", "Front page"),
    ("April", "May", "June", "July", "August"),
    ("Summer sale", "Winter sale", "Black Friday"),
    ("Mark price down", "Price mark-up", "List price"),
    ("Grace period", "Field sales", "Will power"),
    ("female", "male", "nonbinary", "undisclosed"),
    ("18-24", "25-34", "35-44", "45-54", "65+"),
    ("Random forest", "Logistic regression", "Gradient boosting"),
    ("White hanging heart light holder", "Regency cake stand", "Jumbo bag red"),
    ("Germany", "France", "Georgia", "Jordan", "Chad"),
    ("First quarter", "Last quarter", "Order number", "Customer service"),
    ("Petit prix", "Prix net", "Bon marché"),
    ("Neue Kunden", "Lange Treue", "Klein und fein", "Groß"),
    ("Nowy rok", "Dobra cena", "Stary klient"),
    ("Buen camino", "Precio real", "Flor de sal"),
    ("Standard error", "Mean difference", "Test set"),
    ("Free shipping", "Average basket", "Heart holder"),
)
_PROSE = (
    """High value customers bring most of the net amount, and the grand total will rise in May and
    June. Mark the price of rose gold rings: the summer sale begins on page one. In the field of
    random forests a grace period is long. Will power alone is no plan. The mean difference has a
    standard error of 0.25, and a Wilson interval from 12 to 40. Young, rich and frank: such are
    the black and white pages. Baker Street and High Street are quiet; a bishop met a king.""",
    """Die neuen Kunden kaufen im Mai und im Juni. Der lange Winter war hart, der Sommer wird klein
    und fein. Ein großer Wolf, ein schwarzer Vogel und ein junger König gingen im Wald. Der Preis
    steigt, der Markt ist stark, und am Freitag ist Ruhetag. Hauptstraße, Schulweg und Bahnhof sind
    weit. Der Umsatz lag am 14. Mai 2024 bei 12 500 Euro, am 3.6.2024 bei 9 800 Euro.""",
    """Le petit prix du marchand est bon, la rose est blanche et le roi est sage. Un long hiver, un
    bel été: les ventes de mai et de juin sont grandes. La page de droite, le pont de pierre, le
    front de mer. Le prince du parc a un grand moulin. Le 14 mai 2024, le panier moyen est de 62
    euros; le 3 juin 2024 il est de 58 euros. Un an, un mois, une rue sans nom.""",
    """El camino real es largo, la flor es blanca y el campo verde. En mayo y en junio la venta es
    buena. El precio del oro rosa sube; la paz, la luz y el mar bravo. Un toro en la plaza, un rey
    en el castillo, una torre alta. El 14 de mayo de 2024 la cesta media fue de 62 euros.""",
    """Nowy rok, dobra cena i stary klient. W maju i w czerwcu sprzedaż rośnie. Biała róża, czarny
    kot, mały wilk i duży dąb. Król idzie do lasu, a zima jest długa. Dnia 14 maja 2024 koszyk
    wynosił 62 euro. Piątek, sobota i niedziela to koniec tygodnia.""",
    """De koning woont in een groot huis op de berg, de vos en de wolf in het bos. In mei en juni
    is de prijs klein. Een jonge prins, een witte haan, een rode roos. De lange winter en de korte
    zomer. Op 14 mei 2024 was het gemiddelde mandje 62 euro.""",
)


def documents(reports: Path) -> dict[str, bytes]:
    """Return the documents by name; ``reports`` holds what a real run of the demo wrote."""
    found = dict(_written(reports))
    for made in (_pages(), _project(), _prose(), _numbers(), _digests(), _manuals()):
        found |= dict(made)
    return dict(list(found.items())[:COUNT])


def _written(reports: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(reports.rglob("*")):
        if path.suffix in (".html", ".json", ".svg") and "/figures/" not in str(path):
            yield f"run: {path.relative_to(reports)}", path.read_bytes()


def _pages() -> Iterator[tuple[str, bytes]]:
    """Make a page and a table of each set of groups, as the package does."""
    for number, groups in enumerate(GROUPS):
        counts = [120 * (number + 3) + 17 * place for place in range(len(groups))]
        content, files = shown(list(groups), list(counts))
        content = record(**(content | {"title": f"{groups[0]} or {groups[-1]}?"}))
        yield (
            f"page: {groups[0]}",
            page_of({**files, "record.json": canonical_json(content)}, date(2026, 1, 1)),
        )
        yield f"table: {groups[0]}", files["tables/listed.json"]


def _project() -> Iterator[tuple[str, bytes]]:
    """Return this project's own words: guides, studies, notebooks, docstrings."""
    for name in ("README.md", "synthetic/README.md", "LICENSE", "workbench/schema/columns.csv"):
        yield f"file: {name}", (PROJECT / name).read_bytes()
    for path in sorted((PROJECT / "reports" / "studies").glob("*.toml")):
        yield f"study: {path.name}", path.read_bytes()
    for path in sorted((PROJECT / "notebooks").glob("*.ipynb")):
        yield f"notebook: {path.name}", path.read_bytes()
    for room in ("models", "fairness", "statistics", "privacy", "charts", "reports", "vault"):
        said = [
            ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
            for path in sorted((PROJECT / "workbench" / room).glob("*.py"))
        ]
        yield f"docstrings: {room}", "\n\n".join(said).encode()


def _prose() -> Iterator[tuple[str, bytes]]:
    """Return sentences of ordinary words, some that mean something and some that do not."""
    for number, text in enumerate(_PROSE):
        yield f"prose: {number}", text.encode()
        yield f"prose in a notebook: {number}", json.dumps({"source": text.split("\n")}).encode()
    dice = np.random.default_rng(3)
    for language in ("de_DE", "en_US", "fr_FR", "nl_NL"):
        words = importlib.import_module(f"faker.providers.lorem.{language}").Provider.word_list
        drawn = dice.choice(words, 1_500)
        sentences = (" ".join(drawn[i : i + 9]).capitalize() for i in range(0, 1_500, 9))
        yield f"sentences: {language}", ". ".join(sentences).encode()
    products = catalogue("shop")
    yield "products", "\n".join(products.name).encode()
    yield "product paths", "\n".join(products.path).encode()


def _numbers() -> Iterator[tuple[str, bytes]]:
    dice = np.random.default_rng(4)
    rows = pl.DataFrame(
        {
            "month": [f"{2010 + i // 12}-{i % 12 + 1:02}-01" for i in range(180)],
            "customers": dice.integers(10, 10**6, 180),
            "amount": dice.integers(10**8, 10**10, 180),
            "share": dice.random(180),
        }
    )
    yield "numbers, comma separated", rows.write_csv().encode()
    yield "numbers, JSON", rows.write_json().encode()
    cells = "".join(f"<td>{n:,}</td><td>{n / 7:.3f}</td>" for n in dice.integers(0, 10**12, 900))
    yield "numbers, cells", f"<table><tr>{cells}</tr></table>".encode()
    path = "".join(f"L{x:.14f},{y:.6f}" for x, y in dice.random((900, 2)) * 400)
    yield "numbers, drawn", f'<svg><path d="M0,0{path}"/></svg>'.encode()
    ticks = "".join(f"<text>{n}</text>" for n in range(0, 2_000_000, 2_500))
    yield "numbers, ticks", f"<svg>{ticks}</svg>".encode()
    calls = " ".join(f"0{n}" for n in dice.integers(10**8, 10**9, 400))
    yield "numbers like phones", calls.encode()


def _digests() -> Iterator[tuple[str, bytes]]:
    dice = np.random.default_rng(5)
    for name in ("sha256", "sha1", "md5"):
        hashed = [hashlib.new(name, str(n).encode()).hexdigest() for n in range(300)]
        yield f"digests: {name}", "\n".join(hashed).encode()
    ids = [str(uuid.UUID(bytes=dice.bytes(16))) for _ in range(300)]
    yield "ids", json.dumps({"ids": ids}).encode()
    packed = [np.frombuffer(dice.bytes(90), dtype=np.uint8).tobytes().hex() for _ in range(50)]
    yield "hex", "\n".join(packed).encode()
    mails = [f"info{n}@shop{n}.example" for n in range(300)]
    yield "e-mail addresses of nobody", "\n".join(mails).encode()


def _manuals() -> Iterator[tuple[str, bytes]]:
    """Return pages of Python's manual: a third of a million letters of English."""
    topics = sorted(pydoc_data.topics.topics.items(), key=lambda topic: -len(topic[1]))
    for name, text in topics:
        yield f"manual: {name}", text.encode()
