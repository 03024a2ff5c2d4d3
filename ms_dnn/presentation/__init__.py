"""What all reports are made of: notation, the page and its style, plots and charts. No MindSpore."""
