"""The door to files that were stored: bounded, checked against a schema and a checksum, and refused in one line."""
