"""The learner as a terminal knows it: its process, the messages to it, and its record. Without torch."""
