"""Whole documents with their classes: tables and data sets of a text a row, and a folder a class."""
