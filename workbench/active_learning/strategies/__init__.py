"""The ways of choosing what to label next; `registry.py` lists them."""
