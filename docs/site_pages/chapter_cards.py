"""The chapters as cards, for the first page of the series."""

from ms_dnn.series.catalogue import Chapter, chapters


def chapter_cards() -> str:
    """Return a grid in RST, with the first picture of each chapter and what it teaches."""
    cards = "\n".join(_card(chapter) for chapter in chapters())
    return f".. grid:: 1 2 2 3\n   :gutter: 3\n\n{cards}"


def _card(chapter: Chapter) -> str:
    return f"""   .. grid-item-card:: {chapter.title}
      :link: /series/{chapter.name}
      :link-type: doc
      :img-top: /series/images/thumb/sphx_glr_{chapter.name}_thumb.png
      :img-alt: {chapter.title}

      {chapter.teaches}
"""
