"""The screen where documents are labelled (F2)."""
