"""What people read of a result: tables, plots, HTML pages."""
