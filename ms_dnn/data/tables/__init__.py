"""CSV and Parquet: files, declared columns, and the cells in them."""
