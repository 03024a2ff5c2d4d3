"""The page of ``ms-dnn explore`` for the site: the network that a pencil computes."""

from ms_dnn.explore.routes import gradients_of
from ms_dnn.explore.subject import subject_of
from ms_dnn.explore.writing import explore_html


def explorable_page(reader: str) -> str:
    """Return the page, which begins in the reader's language."""
    subject = subject_of(None, [], "CPU", None)
    return explore_html(subject, gradients_of(subject), reader)
