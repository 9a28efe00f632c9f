"""Okabe and Ito's colours, which people with the common kinds of colour blindness tell apart."""

ORANGE = "#E69F00"
SKY_BLUE = "#56B4E9"
GREEN = "#009E73"
YELLOW = "#F0E442"
BLUE = "#0072B2"
VERMILION = "#D55E00"
PURPLE = "#CC79A7"

GREY = "#888888"
"""For what belongs to no field any more."""

RED = "#FF2020"
"""The frame around the place in question on a picture of a page; no field has it."""

LIGHT_GREEN = "#4CC38A"
"""Green for a dark background."""

ON_DARK = (SKY_BLUE, ORANGE, LIGHT_GREEN, PURPLE, YELLOW, VERMILION)
"""Those that are read on a dark background, in the order in which curves and bars take them."""

MORE = (
    "#A6D854", "#A0603D", "#9AA5B1", "#B8E0D2", "#8A8F2A", "#6FD3E3",
    "#C792EA", "#F7C6A3", "#3E8E7E", "#4B5FD6", "#9B5DE5", "#B0A160",
)  # fmt: skip
"""For fields of one's own, beside those of the invoice's fields."""
