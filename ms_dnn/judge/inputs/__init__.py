"""The point that is judged, as the command line names it: arrays that are drawn, read from files, or from a dump."""
