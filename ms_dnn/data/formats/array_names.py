"""Which of several named arrays are features and which are targets, of the training set and of others."""

from __future__ import annotations

import re
from collections.abc import Sequence

Arrays = dict[str, str]

_ROLES = {"x": "x|data|images|features|inputs|samples", "y": "y|targets?|labels?|classes"}
SPLITS = {"train": "train|training", "test": "test|testing", "validation": "val|valid|validation|dev"}
"""What each set is called by, as a regular expression."""
_ALL_SPLITS = "|".join(f"(?:{words})" for words in SPLITS.values())


def split_called(word: str) -> str | None:
    """Return "train", "test" or "validation" for one of their names, in whichever case; None for another word."""
    return next((split for split, words in SPLITS.items() if re.fullmatch(words, word, re.IGNORECASE)), None)


def pairs_in(names: Sequence[str], target: str = "", drop: Sequence[str] = ()) -> dict[str, Arrays]:
    """Return for each set which array is its ``x`` and which its ``y``, one of them or both.

    With a ``target`` that is y, and the only other array but for ``drop`` x. Without one the names tell: x or X, data,
    images, …, and y, target, labels, …, perhaps with the set before or behind it, as in x_train.

    Raises ValueError, whose message goes on after "got", where the names do not tell.
    """
    left = [name for name in names if name not in drop]
    if target:
        others = [name for name in left if name != target]
        if target not in left or len(others) != 1:
            raise ValueError(f"{listed(others)} beside the target {target!r}, not one array")
        return {"train": {"x": others[0], "y": target}}
    found: dict[str, Arrays] = {}
    for name in left:
        split, role = _meaning(name)
        if not role:
            continue
        arrays = found.setdefault(split, {})
        if role in arrays and role not in (arrays[role], name):
            raise ValueError(f"{listed([arrays[role], name])}, each of which may be {role}")
        if arrays.get(role) != role:
            arrays[role] = name
    return found


def listed(names: Sequence[str]) -> str:
    """Return "the arrays a, b" for at most ten names."""
    more = ", …" if len(names) > 10 else ""
    return f"the arrays {', '.join(sorted(names)[:10]) or '(none)'}{more}"


def _meaning(name: str) -> tuple[str, str]:
    """Return the set and the role, "x" or "y", that the name of an array tells; ("train", "") where it tells none."""
    for role, words in _ROLES.items():
        pattern = rf"(?:(?P<before>{_ALL_SPLITS})_?)?(?:{words})(?:_?(?P<behind>{_ALL_SPLITS}))?"
        match = re.fullmatch(pattern, name, re.IGNORECASE)
        if match is not None:
            return split_called(match["before"] or match["behind"] or "") or "train", role
    return "train", ""
