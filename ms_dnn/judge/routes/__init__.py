"""The ways to a gradient, and what they differentiate."""
