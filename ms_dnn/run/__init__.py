"""The commands from Python: train a run or load one, and ask it what the commands ask it."""
