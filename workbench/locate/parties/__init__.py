"""Sellers and buyers on a page: their names, addresses, blocks and sides. No I/O."""
