"""A run is a folder: trained, resumed, evaluated, asked for predictions, inspected, compared, reported."""
