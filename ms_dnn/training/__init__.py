"""The training: a compiled epoch, optimizers, schedules, stopping and checkpoints."""
