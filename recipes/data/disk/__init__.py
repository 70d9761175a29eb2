"""Arrays in files, read batch by batch."""
