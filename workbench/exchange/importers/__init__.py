"""The formats that can be read, one module each; `registry.py` lists them."""
