"""The exercises of the chapters: what the reader writes, and how it is judged."""
