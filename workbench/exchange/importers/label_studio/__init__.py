"""Label Studio: its tasks as JSON, as the smaller JSON_MIN and as CSV, and its tasks on texts."""
