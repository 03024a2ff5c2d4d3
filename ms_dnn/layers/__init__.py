"""Layers and cost as Cells: forward with a cache, backward from it."""
