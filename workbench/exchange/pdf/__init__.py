"""PDF files: opened, their words, and pictures of their pages."""
