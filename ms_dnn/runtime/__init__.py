"""Where and how a program runs: device, precision, seeds, several workers."""
