"""What the annotate screen asks: about a document, after a conflict, and about the fields."""
