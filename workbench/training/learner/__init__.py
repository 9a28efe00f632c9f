"""The process that learns from every label while documents are labelled."""
