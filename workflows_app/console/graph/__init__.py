"""A workflow drawn: where its steps, groups and skips go. No database, no HTML.

The chain runs from left to right and wraps as text does; on one column it runs downwards. Every
length is in the drawing's own units, which a page shows as pixels.
"""

from workflows_app.console.graph.drawing import draw, drawings
from workflows_app.console.graph.parts import MEDIUM, NARROW, WIDE, Drawing, Spot
from workflows_app.console.graph.spots import planned

__all__ = ["MEDIUM", "NARROW", "WIDE", "Drawing", "Spot", "draw", "drawings", "planned"]
