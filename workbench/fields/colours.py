"""Okabe and Ito's colours, which people with the common kinds of colour blindness tell apart."""

ORANGE = "#E69F00"
SKY_BLUE = "#56B4E9"
GREEN = "#009E73"
YELLOW = "#F0E442"
BLUE = "#0072B2"
VERMILION = "#D55E00"
PURPLE = "#CC79A7"

GREY = "#888888"
"""Of a field that the schema no longer has."""

RED = "#FF2020"
"""The frame around the place in question on a picture of a page; no field has it."""

LIGHT_GREEN = "#4CC38A"
"""Green for a dark background."""

ON_DARK = (SKY_BLUE, ORANGE, LIGHT_GREEN, PURPLE, YELLOW, VERMILION)
"""Those that are read on a dark background, in the order in which curves and bars take them."""
