"""Storage: records, database, files and locks. Imports nothing from the layers above."""
