"""What is specific to SQLite, beside database.py."""
