"""Model folders from anywhere: what can be known of one without loading it."""
