"""Class fields in the annotate screen: their lines in the fields panel, and what their keys do."""
