"""The tables. Portable SQL only: what is specific to a database is in database.py and postgresql/."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    ColumnElement,
    Connection,
    DateTime,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Select,
    String,
    Table,
    UniqueConstraint,
    bindparam,
    false,
    insert,
    select,
)

from storage.postgresql.columns import text

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _document_id(primary_key: bool = False) -> Column[int]:
    return Column(
        "document_id", ForeignKey("documents.id", ondelete="CASCADE"), nullable=False, primary_key=primary_key
    )


documents = Table(
    "documents",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", text(), nullable=False),
    Column("source", text(), nullable=False),
    Column("digest", text(64), nullable=False, unique=True),
    Column("format", text(32), nullable=False),
    Column("language", text(16)),
    Column("group_name", text(), nullable=False, default=""),
    Column("side", text(16), nullable=False, default="train"),
    Column("state", text(16), nullable=False, default="new"),
    Column("note", text(), nullable=False, default=""),
    Column("absent", JSON, nullable=False, default=list),
    Column("corrections", JSON, nullable=False, default=dict),
    Column("page_count", Integer, nullable=False),
    Column("token_count", Integer, nullable=False),
    Column("version", Integer, nullable=False, default=0),
    Column("labels", Integer, nullable=False, default=0),
    Column("suggestions", Integer, nullable=False, default=0),
    Column("disagreements", Integer, nullable=False, default=0),
    Column("problems", Integer, nullable=False, default=0),
    Column("original", text()),  # file in originals/
    Column("fingerprint", text(64)),  # of the content, for near-duplicates
    Column("duplicate_of", Integer),
    Column("created", DateTime(timezone=True), nullable=False),
    Index(None, "state"),
    Index(None, "group_name", postgresql_using="hash"),  # takes names of any length
    Index(None, "side", "state"),
)

pages = Table(
    "pages",
    metadata,
    _document_id(primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("width", Float, nullable=False),
    Column("height", Float, nullable=False),
    Column("picture", text()),
    Column("engine", text(32), nullable=False),
    Column("engine_version", text(64), nullable=False, default=""),
    Column("first_token", Integer, nullable=False),
    Column("tokens", LargeBinary, nullable=False),
)

texts = Table(  # the words of a document, case-folded: what the search looks in
    "texts",
    metadata,
    _document_id(primary_key=True),
    Column("body", text(), nullable=False),
)

spans = Table(
    "spans",
    metadata,
    Column("id", Integer, primary_key=True),
    _document_id(),
    Column("field", text(), nullable=False),
    Column("tokens", JSON, nullable=False),
    Column("source", text(16), nullable=False),
    Column("annotator", text(), nullable=False),
    Index(None, "document_id"),
    Index(None, "field"),
)

class_labels = Table(  # what whole documents are
    "class_labels",
    metadata,
    _document_id(primary_key=True),
    Column("field", text(), primary_key=True),
    Column("option", text(), primary_key=True),
    Column("source", text(16), nullable=False),
    Column("annotator", text(), nullable=False),
    Index(None, "field", "option"),
)

class_suggestions = Table(
    "class_suggestions",
    metadata,
    _document_id(primary_key=True),
    Column("field", text(), primary_key=True),
    Column("option", text(), primary_key=True),
    Column("probability", Float, nullable=False),
    Column("run", text(), nullable=False),
)

suggestions = Table(
    "suggestions",
    metadata,
    Column("id", Integer, primary_key=True),
    _document_id(),
    Column("field", text(), nullable=False),
    Column("tokens", JSON, nullable=False),
    Column("confidence", Float, nullable=False),
    Column("run", text(), nullable=False),
    Column("decision", text(16), nullable=False, default="open"),
    Index(None, "document_id"),
)

retired_fields = Table(  # as in workbench.toml; their suggestions do not count
    "retired_fields",
    metadata,
    Column("field", text(), primary_key=True),
)

references = Table(
    "reference_values",
    metadata,
    Column("id", Integer, primary_key=True),
    _document_id(),
    Column("field", text(), nullable=False),
    Column("value", text(), nullable=False),
    Column("source", text(), nullable=False),
    UniqueConstraint("document_id", "field", "source"),
)

value_imports = Table(  # imports of tables with known values, so that they can be undone
    "value_imports",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("annotator", text(), nullable=False),
    Column("tables", JSON, nullable=False),
    Column("new_fields", JSON, nullable=False, default=list),
)

value_import_changes = Table(  # what a document had before a row of the table
    "value_import_changes",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("import_id", ForeignKey("value_imports.id", ondelete="CASCADE"), nullable=False),
    _document_id(),
    Column("before", JSON, nullable=False),
    Index(None, "import_id"),
)

events = Table(
    "events",
    metadata,
    Column("id", Integer, primary_key=True),
    _document_id(),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("annotator", text(), nullable=False),
    Column("act", text(32), nullable=False),
    Column("change", JSON, nullable=False),
    Column("target", Integer),
    Index(None, "document_id"),
)

problems = Table(  # what an import could not read
    "problems",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("file", text(), nullable=False),
    Column("record", text(), nullable=False),
    Column("reason", text(), nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    # PostgreSQL's indexes take no reasons of 3 kB; `documents.add_problems` looks before it adds
    UniqueConstraint("file", "record", "reason").ddl_if(dialect="sqlite"),
)

runs = Table(
    "runs",
    metadata,
    Column("id", text(64), primary_key=True),
    Column("name", text(), nullable=False),
    Column("state", text(16), nullable=False),
    Column("family", text(), nullable=False),
    Column("preset", text(), nullable=False),
    Column("config", JSON, nullable=False),
    Column("created", DateTime(timezone=True), nullable=False),
    Column("started", DateTime(timezone=True)),
    Column("ended", DateTime(timezone=True)),
    Column("parent", text(64)),
    Column("batch", text(64)),
    Column("f1", Float),
    Column("report", JSON),
    Column("reason", text(), nullable=False, default=""),
    Column("note", text(), nullable=False, default=""),
    Column("tags", JSON, nullable=False, default=list),
    Column("pinned", Boolean, nullable=False, default=False),
)

rounds = Table(
    "rounds",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("run", text(64), nullable=False),
    Column("strategy", text(64), nullable=False),
    Column("seed", Integer, nullable=False),
    Column("created", DateTime(timezone=True), nullable=False),
    Column("closed", DateTime(timezone=True)),
    Column("figures", JSON, nullable=False, default=dict),
)

queue = Table(
    "queue",
    metadata,
    Column("round", ForeignKey("rounds.id", ondelete="CASCADE"), primary_key=True),
    _document_id(primary_key=True),
    Column("rank", Integer, nullable=False),
    Column("score", Float, nullable=False),
    Column("reasons", JSON, nullable=False, default=list),
    Column("fields", JSON, nullable=False, default=dict),
    Column("done", Boolean, nullable=False, default=False),
    Column("blind", Boolean, nullable=False, default=False, server_default=false()),
)

opinions = Table(  # a second, independent labelling of a document; never its labels
    "opinions",
    metadata,
    Column("id", Integer, primary_key=True),
    _document_id(),
    Column("annotator", text(), nullable=False),
    Column("round", Integer, nullable=False, default=0),  # 0: outside a round
    Column("spans", JSON, nullable=False, default=list),
    Column("absent", JSON, nullable=False, default=list),
    Column("classes", JSON, nullable=False, default=list, server_default="[]"),
    Column("done", Boolean, nullable=False, default=False),
    Column("settled", Boolean, nullable=False, default=False),
    Column("at", DateTime(timezone=True), nullable=False),
    UniqueConstraint("document_id", "annotator", "round"),
)


def of_document(table: Table, *order: ColumnElement[Any]) -> Select[Any]:
    """The statement for the rows of `document`. To build one takes as long as to run it: keep it."""
    return select(table).where(table.c.document_id == bindparam("document")).order_by(*order)


def utc(moment: datetime) -> datetime:
    """A stored moment with its time zone, which SQLite drops."""
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def make_tables(connection: Connection, revision: str) -> None:
    """Make the tables of a new database, and note for later migrations which revision they are."""
    metadata.create_all(connection)
    key = PrimaryKeyConstraint("version_num", name="alembic_version_pkc")
    alembic = Table("alembic_version", MetaData(), Column("version_num", String(32), nullable=False), key)
    alembic.create(connection)
    connection.execute(insert(alembic).values(version_num=revision))
