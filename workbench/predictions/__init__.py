"""From word probabilities to values and suggestions: decoding, calibration, repair rules, model and rules together."""
