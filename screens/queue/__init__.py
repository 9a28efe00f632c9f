"""The screen of the relabel loop: what to label next, and what came of it (F3)."""
