"""Labels of class fields: what whole documents are, one document after the other and many at once."""
