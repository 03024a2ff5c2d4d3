"""A trained network as an ONNX or MindIR file, and proof that the file predicts the same."""
