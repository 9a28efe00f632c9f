"""The Doctor: findings about a run with their evidence, the likely cause, and the next run as one action."""
