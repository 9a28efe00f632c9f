"""What importers share: documents as they are read, parsing, units, tags, regions, tables, and files found beside a file."""
