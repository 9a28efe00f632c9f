"""Class labels of second opinions.

Revision ID: 0005
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column("opinions", sa.Column("classes", sa.JSON(), nullable=False, server_default="[]"))
