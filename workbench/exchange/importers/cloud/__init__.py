"""Answers of the OCR services of Amazon, Google and Microsoft: words, and what the service took for fields."""
