"""What several test files need: documents, workspaces, tiny models, runs that ended."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
"""The checkout."""
MODEL_LIBRARIES = {"torch", "transformers", "accelerate"}
"""What unit tests never load."""
