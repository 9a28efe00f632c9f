"""Made-up texts with a class."""
