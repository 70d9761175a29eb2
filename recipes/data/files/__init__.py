"""CSV, TSV and Parquet files."""
