"""Nested inputs and outputs: tuples, lists and dicts of Tensors as a flat row of leaves, and back, also in a graph."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from mindspore import nn

Path = tuple[int | str, ...]
"""How to come to a leaf: indices and keys, from outside to inside."""


def leaves(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Yield (path, leaf) of everything in nested tuples, lists and dicts, in order."""
    if isinstance(value, (tuple, list)):
        for place, item in enumerate(value):
            yield from leaves(item, (*path, place))
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from leaves(item, (*path, key))
    else:
        yield path, value


def filled(value: Any, given: Iterator[Any]) -> Any:
    """Return the same structure with other leaves, taken in their order."""
    if isinstance(value, (tuple, list)):
        return type(value)(filled(item, given) for item in value)
    if isinstance(value, dict):
        return {key: filled(item, given) for key, item in value.items()}
    return next(given)


def at(value: Any, path: Path) -> Any:
    """Return the leaf at a path."""
    for key in path:
        value = value[key]
    return value


def title(path: Path) -> str:
    """Return a path for people: "2[0]['mask']"; its first place stands without brackets."""
    return "".join(str(key) if depth == 0 else f"[{key!r}]" for depth, key in enumerate(path))


class Nested(nn.Cell):
    """A function of nested arguments as one of their leaves: (leaf, leaf, …) → what the function returns.

    Args:
        function: of the nested arguments.
        arguments: as they are given to the function; only their structure is kept.
    """

    def __init__(self, function: Any, arguments: Sequence[Any]) -> None:
        super().__init__(auto_prefix=False)
        self.function = function
        count = iter(range(len(list(leaves(arguments)))))
        self.parts = nn.CellList([_builder(argument, count) for argument in arguments], auto_prefix=False)

    def construct(self, *values: Any) -> Any:
        """Return what the function returns."""
        arguments: tuple[Any, ...] = ()
        for part in self.parts:
            arguments = (*arguments, part(*values))
        return self.function(*arguments)


class _Leaf(nn.Cell):
    def __init__(self, place: int) -> None:
        super().__init__(auto_prefix=False)
        self.place = place

    def construct(self, *values: Any) -> Any:
        return values[self.place]


class _Group(nn.Cell):
    def __init__(self, parts: Sequence[nn.Cell], keys: Sequence[Any] | None, is_list: bool) -> None:
        super().__init__(auto_prefix=False)
        self.parts = nn.CellList(parts, auto_prefix=False)
        self.keys, self.is_list = keys, is_list

    def construct(self, *values: Any) -> Any:
        items: tuple[Any, ...] = ()
        for part in self.parts:
            items = (*items, part(*values))
        if self.keys is not None:
            named: dict[Any, Any] = {}
            for place in range(len(self.keys)):
                named[self.keys[place]] = items[place]  # a graph differentiates this, and dict(zip(…)) silently not
            return named
        return list(items) if self.is_list else items


def _builder(value: Any, count: Iterator[int]) -> nn.Cell:
    if isinstance(value, dict):
        return _Group([_builder(item, count) for item in value.values()], tuple(value), False)
    if isinstance(value, (tuple, list)):
        return _Group([_builder(item, count) for item in value], None, isinstance(value, list))
    return _Leaf(next(count))
