"""What is specific to PostgreSQL: its address, its types, its transactions and its errors."""
