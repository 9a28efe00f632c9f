"""Texts that stand on no page, by the million: stored in large batches, and repeated ones kept together."""
