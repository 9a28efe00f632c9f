"""The tables. Portable SQL only: what is specific to SQLite is in database.py."""

from datetime import UTC, datetime

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    DateTime,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
)

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
    Column("name", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("digest", String(64), nullable=False, unique=True),
    Column("format", String(32), nullable=False),
    Column("language", String(16)),
    Column("group_name", Text, nullable=False, default=""),
    Column("side", String(16), nullable=False, default="train"),
    Column("state", String(16), nullable=False, default="new"),
    Column("note", Text, nullable=False, default=""),
    Column("absent", JSON, nullable=False, default=list),
    Column("corrections", JSON, nullable=False, default=dict),
    Column("page_count", Integer, nullable=False),
    Column("token_count", Integer, nullable=False),
    Column("version", Integer, nullable=False, default=0),
    Column("labels", Integer, nullable=False, default=0),
    Column("suggestions", Integer, nullable=False, default=0),
    Column("disagreements", Integer, nullable=False, default=0),
    Column("problems", Integer, nullable=False, default=0),
    Column("original", Text),  # file in originals/
    Column("fingerprint", String(64)),  # of the content, for near-duplicates
    Column("duplicate_of", Integer),
    Column("created", DateTime(timezone=True), nullable=False),
    Index(None, "state"),
    Index(None, "group_name"),
    Index(None, "side", "state"),
)

pages = Table(
    "pages",
    metadata,
    _document_id(primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("width", Float, nullable=False),
    Column("height", Float, nullable=False),
    Column("picture", Text),
    Column("engine", String(32), nullable=False),
    Column("engine_version", String(64), nullable=False, default=""),
    Column("first_token", Integer, nullable=False),
    Column("tokens", LargeBinary, nullable=False),
)

texts = Table(  # the words of a document, case-folded: what the search looks in
    "texts",
    metadata,
    _document_id(primary_key=True),
    Column("body", Text, nullable=False),
)

spans = Table(
    "spans",
    metadata,
    Column("id", Integer, primary_key=True),
    _document_id(),
    Column("field", Text, nullable=False),
    Column("tokens", JSON, nullable=False),
    Column("source", String(16), nullable=False),
    Column("annotator", Text, nullable=False),
    Index(None, "document_id"),
    Index(None, "field"),
)

class_labels = Table(  # what whole documents are
    "class_labels",
    metadata,
    _document_id(primary_key=True),
    Column("field", Text, primary_key=True),
    Column("option", Text, primary_key=True),
    Column("source", String(16), nullable=False),
    Column("annotator", Text, nullable=False),
    Index(None, "field", "option"),
)

class_suggestions = Table(
    "class_suggestions",
    metadata,
    _document_id(primary_key=True),
    Column("field", Text, primary_key=True),
    Column("option", Text, primary_key=True),
    Column("probability", Float, nullable=False),
    Column("run", Text, nullable=False),
)

suggestions = Table(
    "suggestions",
    metadata,
    Column("id", Integer, primary_key=True),
    _document_id(),
    Column("field", Text, nullable=False),
    Column("tokens", JSON, nullable=False),
    Column("confidence", Float, nullable=False),
    Column("run", Text, nullable=False),
    Column("decision", String(16), nullable=False, default="open"),
    Index(None, "document_id"),
)

retired_fields = Table(  # as in workbench.toml; their suggestions do not count
    "retired_fields",
    metadata,
    Column("field", Text, primary_key=True),
)

references = Table(
    "reference_values",
    metadata,
    Column("id", Integer, primary_key=True),
    _document_id(),
    Column("field", Text, nullable=False),
    Column("value", Text, nullable=False),
    Column("source", Text, nullable=False),
    UniqueConstraint("document_id", "field", "source"),
)

value_imports = Table(  # imports of tables with known values, so that they can be undone
    "value_imports",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("annotator", Text, nullable=False),
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
    Column("annotator", Text, nullable=False),
    Column("act", String(32), nullable=False),
    Column("change", JSON, nullable=False),
    Column("target", Integer),
    Index(None, "document_id"),
)

problems = Table(  # what an import could not read
    "problems",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("file", Text, nullable=False),
    Column("record", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    UniqueConstraint("file", "record", "reason"),
)

runs = Table(
    "runs",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("name", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("family", Text, nullable=False),
    Column("preset", Text, nullable=False),
    Column("config", JSON, nullable=False),
    Column("created", DateTime(timezone=True), nullable=False),
    Column("started", DateTime(timezone=True)),
    Column("ended", DateTime(timezone=True)),
    Column("parent", String(64)),
    Column("batch", String(64)),
    Column("f1", Float),
    Column("report", JSON),
    Column("reason", Text, nullable=False, default=""),
    Column("note", Text, nullable=False, default=""),
    Column("tags", JSON, nullable=False, default=list),
    Column("pinned", Boolean, nullable=False, default=False),
)

rounds = Table(
    "rounds",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("run", String(64), nullable=False),
    Column("strategy", String(64), nullable=False),
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
    Column("annotator", Text, nullable=False),
    Column("round", Integer, nullable=False, default=0),  # 0: outside a round
    Column("spans", JSON, nullable=False, default=list),
    Column("absent", JSON, nullable=False, default=list),
    Column("classes", JSON, nullable=False, default=list, server_default="[]"),
    Column("done", Boolean, nullable=False, default=False),
    Column("settled", Boolean, nullable=False, default=False),
    Column("at", DateTime(timezone=True), nullable=False),
    UniqueConstraint("document_id", "annotator", "round"),
)


def utc(moment: datetime) -> datetime:
    """A stored moment with its time zone, which SQLite drops."""
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
