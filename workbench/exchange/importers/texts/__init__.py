"""Texts that stand on no page: tables with a text a row, and files of one text."""
