"""The screen where runs are followed and compared (F5)."""
