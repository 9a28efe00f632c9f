"""Labels and suggestions of class fields.

Revision ID: 0004
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table('class_labels',
    sa.Column('document_id', sa.Integer(), nullable=False),
    sa.Column('field', sa.Text(), nullable=False),
    sa.Column('option', sa.Text(), nullable=False),
    sa.Column('source', sa.String(length=16), nullable=False),
    sa.Column('annotator', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['document_id'], ['documents.id'], name=op.f('fk_class_labels_document_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('document_id', 'field', 'option', name=op.f('pk_class_labels'))
    )
    op.create_index(op.f('ix_class_labels_field_option'), 'class_labels', ['field', 'option'], unique=False)
    op.create_table('class_suggestions',
    sa.Column('document_id', sa.Integer(), nullable=False),
    sa.Column('field', sa.Text(), nullable=False),
    sa.Column('option', sa.Text(), nullable=False),
    sa.Column('probability', sa.Float(), nullable=False),
    sa.Column('run', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['document_id'], ['documents.id'], name=op.f('fk_class_suggestions_document_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('document_id', 'field', 'option', name=op.f('pk_class_suggestions'))
    )
