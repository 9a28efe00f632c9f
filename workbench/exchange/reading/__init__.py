"""What importers share: documents as read, parsing, units, tags, regions, tables, and files found beside a file."""
