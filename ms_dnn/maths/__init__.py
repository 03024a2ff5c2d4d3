"""The functions of the series, each beside its derivative."""
