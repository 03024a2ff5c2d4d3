"""Where a gradient is wrong: the layer, the Cell, the elements, the trap of MindSpore."""
