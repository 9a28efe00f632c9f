"""What a model can learn: `tokens` (fields on the words of a page) and `classes` (what a whole document is)."""
