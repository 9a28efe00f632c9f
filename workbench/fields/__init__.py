"""What a field is, and what a printed text means: the schema, amounts, dates, and the checks between fields. No I/O."""

from workbench.fields.schema import (
    Field,
    FieldKind,
    FieldType,
    Schema,
    chunks_of,
    field_of_tag,
    invoice_schema,
    tags_of,
)

__all__ = ["Field", "FieldKind", "FieldType", "Schema", "chunks_of", "field_of_tag", "invoice_schema", "tags_of"]
