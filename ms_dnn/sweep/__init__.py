"""A search for hyperparameters: many trainings, kept in a folder that a later search continues."""
