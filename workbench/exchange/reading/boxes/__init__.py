"""Boxes in files: their shapes, the units of their numbers, and the words inside them."""
