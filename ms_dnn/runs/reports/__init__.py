"""What a run looks like: tables, pictures, the page, event files. No MindSpore."""
