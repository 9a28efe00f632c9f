"""What is seen: the Textual application, its screens and widgets."""
