"""What is kept: records, database, files and run directories. Imports nothing above itself."""
