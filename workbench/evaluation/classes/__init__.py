"""How good a classifier of documents is: its figures, its report, and what it takes documents to be."""
