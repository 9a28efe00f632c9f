"""The screen where a training run is set up and started (F4)."""
