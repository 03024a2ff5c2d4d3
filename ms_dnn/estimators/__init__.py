"""Classifier and regressor as scikit-learn has them, over the same compiled training."""
