"""The commands, one module each; `support/registry.py` lists them."""
