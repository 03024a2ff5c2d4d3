"""A judgement as a table, a page, figures, JUnit. No MindSpore."""
