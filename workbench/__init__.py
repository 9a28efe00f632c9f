"""What is done: importing, labelling, tuning, evaluating and querying, without screens."""

__version__ = "0.1.0"
