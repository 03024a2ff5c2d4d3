"""Routes to a gradient: hand-written, of the framework, and an independent reference in NumPy."""
