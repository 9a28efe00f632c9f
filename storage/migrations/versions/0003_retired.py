"""The retired fields, whose suggestions do not count.

Revision ID: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table('retired_fields',
    sa.Column('field', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('field', name=op.f('pk_retired_fields'))
    )
