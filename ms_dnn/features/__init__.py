"""From columns of a table to numbers: encoding, scaling and weighting, fitted on the training set alone."""
