"""A configuration becomes objects: source, data, network, cost, optimizer, plan; and what a preflight finds."""
