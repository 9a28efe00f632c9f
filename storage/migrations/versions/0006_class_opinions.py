"""Class labels of second opinions.

Revision ID: 0006
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.add_column("opinions", sa.Column("classes", sa.JSON(), nullable=False, server_default="[]"))
