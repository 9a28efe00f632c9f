"""What to label next, round by round: selection, strategies, retraining, simulation."""
