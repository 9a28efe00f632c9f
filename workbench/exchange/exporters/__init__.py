"""The formats that can be written, one module each; `registry.py` lists them."""
