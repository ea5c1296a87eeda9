"""What the rows promise, on SQLite and on PostgreSQL."""
