"""Small pieces of reStructuredText."""


def heading(text: str, underline: str) -> str:
    """Return a heading; characters of CJK are two columns wide, so the underline is generous."""
    return f"{text}\n{underline * (2 * len(text))}\n"
