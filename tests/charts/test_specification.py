"""A specification that would fetch or bring along anything is refused before it is drawn."""

import subprocess
import sys
from typing import Any

import polars as pl
import pytest
import vl_convert

from workbench.charts.drawing import draw_svg
from workbench.charts.exhibits import Figure, Table
from workbench.charts.row_charts import intervals
from workbench.charts.specification import refuse_foreign_parts
from workbench.charts.xy_charts import observed_against_expected
from workbench.foundation.errors import ParameterError

ROWS = pl.DataFrame(
    {"group": ["a", "b"], "rate": [0.1, 0.4], "low": [0.0, 0.3], "high": [0.2, 0.5]}
).with_columns(persons=pl.lit(40))
TABLE = Table(name="rates", title="Rates", rows=ROWS, persons="persons")


def figure(spec: dict[str, Any]) -> Figure:
    return Figure(table=TABLE, spec=spec, description="Nothing.")


@pytest.mark.parametrize(
    ("part", "named"),
    [
        ({"data": {"url": "http://127.0.0.1:9/rows.csv"}}, "data"),
        ({"data": {"values": "a,b\n1,2"}}, "data"),
        ({"data": {"values": [{"name": "Annette"}]}}, "data"),
        ({"data": {"values": [{"x": 1}, {"x": 2}, {"x": 3}]}}, "data"),
        ({"data": {"values": [{"x": {"y": 1}}]}}, "data"),
        ({"data": {"values": [], "format": {"type": "csv"}}}, "data"),
        ({"data": {"name": "other"}}, "data"),
        ({"data": None}, "data"),
        ({"datasets": {"other": [{"x": 1}]}}, "datasets"),
        ({"transform": [{"lookup": "group", "from": {"key": "group"}}]}, "lookup"),
        ({"encoding": {"href": {"field": "group"}}}, "href"),
        ({"encoding": {"url": {"field": "group"}}}, "url"),
        ({"mark": {"type": "bar", "href": "https://company.example"}}, "href"),
        ({"mark": "image"}, "mark: image"),
        ({"mark": {"type": "image"}}, "mark: image"),
        ({"usermeta": {"embedOptions": {}}}, "usermeta"),
    ],
)
@pytest.mark.parametrize("place", ["top", "layer", "deep"])
def test_parts_from_outside_are_refused_at_any_depth(
    part: dict[str, Any], named: str, place: str
) -> None:
    spec: dict[str, Any] = {"mark": "bar", "encoding": {}, **part}
    if place == "layer":
        spec = {"layer": [{"mark": "bar"}, spec]}
    if place == "deep":
        spec = {"vconcat": [{"facet": {"row": {"field": "group"}}, "spec": {"layer": (spec,)}}]}
    with pytest.raises(ParameterError, match=f"figure rates: its specification has '{named}'"):
        draw_svg(figure(spec))


def test_the_lines_of_our_own_forms_may_bring_their_two_numbers() -> None:
    names = {"group": "group", "value": "rate", "low": "low", "high": "high"}
    dots = intervals(TABLE, **names, axis="Rate", reference=0.3)
    both = observed_against_expected(
        TABLE, expected="rate", observed="rate", low="low", high="high", axes=("One", "Other")
    )
    assert "<svg" in draw_svg(dots)
    assert "<svg" in draw_svg(both)
    refuse_foreign_parts({"data": {"values": [{"e": 0, "o": 0.0}, {}]}}, figure="rates")


#: Answers each request and prints its path; a process of its own, as drawing holds Python's lock.
SERVER = """
from http.server import BaseHTTPRequestHandler, HTTPServer

class Server(BaseHTTPRequestHandler):
    def do_GET(self):
        print(self.path, flush=True)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"rate\\n1\\n")

server = HTTPServer(("127.0.0.1", 0), Server)
print(server.server_port, flush=True)
server.serve_forever()
"""


def test_drawing_requests_no_address_even_where_a_specification_gets_past_the_check(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("workbench.charts.drawing.refuse_foreign_parts", lambda *_, **__: None)
    with subprocess.Popen(
        [sys.executable, "-c", SERVER],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as server:
        assert server.stdout is not None
        try:
            port = int(server.stdout.readline())
            spec = {
                "data": {"url": f"http://127.0.0.1:{port}/rows.csv"},
                "mark": "point",
                "encoding": {"x": {"field": "rate", "type": "quantitative"}},
            }
            with pytest.raises(ValueError, match=r"(?i)url|external|access"):
                draw_svg(figure(spec))
            vl_convert.vegalite_to_svg(spec)  # without a list of addresses it asks any
        finally:
            server.kill()
        assert server.stdout.read().split() == ["/rows.csv"]  # asked once, by the second drawing
