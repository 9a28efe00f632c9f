"""Accepted documents have no open suggestions: what was left when they were accepted counted on before.

Revision ID: 0007
"""

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.execute("UPDATE documents SET suggestions = 0 WHERE state = 'labelled' AND suggestions > 0")
