"""Training steps as one custom operator of MindSpore for CPU, written in C++: forward, backward and update."""
