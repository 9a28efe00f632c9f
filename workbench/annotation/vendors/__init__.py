"""What the labelled documents of a vendor say about its next ones."""
