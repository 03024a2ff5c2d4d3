"""The series: chapters that run, and what they are written with."""
