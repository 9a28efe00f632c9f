"""What several test files need: documents, workspaces, a tiny model, finished runs."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
"""The checkout."""
