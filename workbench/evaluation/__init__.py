"""How good a model is, what is wrong with it, and what to do about it."""
