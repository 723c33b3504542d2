"""Figures and tables: one style, alternative text, and the data behind the picture.

A *figure* is a Vega-Lite specification over a small frame of group results; a *table* is such a
frame with captions and number formats. Neither contains a row about one person. Both name the
column that counts the persons in each row (``persons``), from which disclosure control decides
which rows are shown.
"""

from workbench.charts import chart

__all__ = ["chart"]
