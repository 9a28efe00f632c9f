"""The screen where a model's errors are read, field by field (F6)."""
