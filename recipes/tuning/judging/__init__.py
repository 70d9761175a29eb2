"""From records to a table, its differences and a verdict in words."""
