"""The screen of the relabel loop: what to label next, and what it brought (F3)."""
