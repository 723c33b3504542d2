"""How far worlds are like what is published about real customers, one fact at a time."""

from workbench.synthetic.realism.facts import FACTS, Fact
from workbench.synthetic.realism.measured import held_against, measured_on_real

__all__ = ["FACTS", "Fact", "held_against", "measured_on_real"]
