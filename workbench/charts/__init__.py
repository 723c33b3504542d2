"""Figures and tables: one style, alternative text, and the data behind the picture.

A *figure* is a Vega-Lite specification over a small frame of group results; a *table* is such a
frame with captions and number formats. Neither ever holds a row about one person: both carry the
name of the column that counts the persons in each row (``persons``), by which disclosure control
decides what is shown.
"""

from workbench.charts import chart

__all__ = ["chart"]
