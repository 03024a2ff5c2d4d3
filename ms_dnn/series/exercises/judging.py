"""Judge what a reader wrote for an exercise, and say what is wrong in the words of the chapter."""

from __future__ import annotations

import ast
import copy
import re
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ms_dnn.errors import SeriesError
from ms_dnn.presentation.notation import shape_text, value_text
from ms_dnn.series.exercises import networks, training, units
from ms_dnn.series.exercises.catalogue import Task
from ms_dnn.series.exercises.exercise import RIGHT, Exercise
from ms_dnn.series.post import Words

if TYPE_CHECKING:
    from ms_dnn.judge.judgement import Judgement

_EXERCISES = {exercise.chapter: exercise for of in (units, networks, training) for exercise in of.EXERCISES}
TOLERANCE = 1e-6
"""Relative, and absolute for numbers around 1: the reader computes in float64."""


@dataclass(frozen=True)
class Verdict:
    """Whether what the reader wrote is right, and why, in sentences."""

    right: bool
    sentences: tuple[Words, ...]


class UnfinishedError(Exception):
    """The reader's function is still that of the stub."""


def judge(task: Task, path: Path) -> Verdict:
    """Judge the function in a file.

    Raises:
        SeriesError: when the file cannot be read or run, with the lines of the reader's own traceback.
    """
    exercise = _EXERCISES[task.chapter]
    source, function = _load(path, exercise.function)
    try:
        adapted = function if exercise.adapted is None else exercise.adapted(function)
        return _judged(task, exercise, _guarded(path, adapted), source)
    except UnfinishedError:
        sentence = Words(f"{exercise.function} 还没有写。", f"{exercise.function} is not written yet.")
        return Verdict(False, (sentence, _hint(task)))


def _hint(task: Task) -> Words:
    return Words(f"提示：{task.hint.zh}", f"Hint: {task.hint.en}")


def _judged(task: Task, exercise: Exercise, function: Callable[..., Any], source: str) -> Verdict:
    if exercise.judge is not None:
        key = exercise.judge(function)
        said = _checked(exercise, function) if key is None and exercise.gradient is not None else None
        return Verdict(key is None, tuple(words for words in (task.faults.get(key or RIGHT), said) if words))
    if exercise.without_loop and _has_loop(source, exercise.function):
        return Verdict(False, (task.faults["loop"],))
    found = [_answered(function, arguments) for arguments in exercise.cases]
    if not all(unchanged for _, unchanged in found):
        return Verdict(False, (Words("函数改变了它的输入；请先复制。", "It changes its arguments; copy them first."),))
    results = [_parts(result) for result, _ in found]
    if _is_result(exercise, RIGHT, results):
        report = None if exercise.gradient is None else _checked(exercise, function)
        return Verdict(report is None, () if report is None else (report,))
    key = next((key for key in task.faults if key != "loop" and _is_result(exercise, key, results)), None)
    sentences = [task.faults[key] if key is not None else _difference(exercise, results)]
    if exercise.gradient is not None and _has_the_shapes(exercise, results):
        report = _checked(exercise, function)
        sentences += [report] if report is not None else []
    return Verdict(False, tuple(sentences))


# The reader's file --------------------------------------------------------------------------------------


def _load(path: Path, name: str) -> tuple[str, Callable[..., Any]]:
    try:
        source = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise SeriesError(f"{path}: got bytes that are no UTF-8, expected Python: save it as UTF-8") from error
    except OSError as error:
        raise SeriesError(
            f"{path}: cannot be read ({error.strerror}): move it away and get the exercise anew, or name another --file"
        ) from error
    names: dict[str, Any] = {"__name__": path.stem, "__file__": str(path)}
    try:
        exec(compile(source, str(path), "exec"), names)  # noqa: S102 - what the reader asks to run
    except (Exception, SystemExit) as error:
        raise SeriesError(f"{path}: cannot be run:\n{_own_traceback(path, error)}") from error
    function = names.get(name)
    if not callable(function):
        raise SeriesError(f"{path}: has no function {name}, which is what the exercise asks for")
    return source, function


def _guarded(path: Path, function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function with its errors as a SeriesError that shows the reader's own lines."""

    def guarded(*arguments: Any) -> Any:
        try:
            with np.errstate(all="ignore"):
                return function(*arguments)
        except NotImplementedError as error:
            raise UnfinishedError from error
        except (Exception, SystemExit) as error:
            raise SeriesError(f"{path}: stopped with an error:\n{_own_traceback(path, error)}") from error

    return guarded


def _own_traceback(path: Path, error: BaseException) -> str:
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
    return "".join([*traceback.format_list(frames), *traceback.format_exception_only(error)]).rstrip()


def _has_loop(source: str, name: str) -> bool:
    loops = (ast.For, ast.While, ast.ListComp, ast.GeneratorExp)
    functions = [node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef) and node.name == name]
    return any(isinstance(node, loops) for function in functions for node in ast.walk(function))


# Comparison ---------------------------------------------------------------------------------------------


def _answered(function: Callable[..., Any], arguments: tuple[Any, ...]) -> tuple[Any, bool]:
    """Return the function's result, and whether its arguments are what they were."""
    given = copy.deepcopy(arguments)
    result = function(*given)
    before, after = _parts(arguments), _parts(given)
    return result, all(_same(one, other) for one, other in zip(before, after, strict=True))


def _parts(result: Any) -> list[Any]:
    """Return the arrays, numbers and texts in nested lists, tuples and dicts."""
    return list(_leaves(result))


def _leaves(result: Any) -> Iterator[Any]:
    if isinstance(result, list | tuple):
        for part in result:
            yield from _leaves(part)
    elif isinstance(result, dict):
        yield from _leaves(list(result.values()))
    elif isinstance(result, str) or callable(result):
        yield result
    else:
        try:
            yield np.asarray(result, dtype=np.float64)
        except (TypeError, ValueError):
            yield repr(result)


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        near = one.shape == other.shape and np.allclose(one, other, rtol=TOLERANCE, atol=1e-12, equal_nan=True)
        return bool(near)
    return type(one) is type(other) and bool(one == other)


def _expected(exercise: Exercise, fault: str) -> list[list[Any]]:
    if exercise.compute is None:
        raise TypeError(f"exercise {exercise.chapter} computes nothing")
    return [_parts(exercise.compute(fault, *copy.deepcopy(arguments))) for arguments in exercise.cases]


def _is_result(exercise: Exercise, fault: str, results: list[list[Any]]) -> bool:
    """Return whether the results of all cases are those that come with a fault, or without one."""
    return all(
        len(got) == len(wanted) and all(map(_same, got, wanted))
        for got, wanted in zip(results, _expected(exercise, fault), strict=True)
    )


def _has_the_shapes(exercise: Exercise, results: list[list[Any]]) -> bool:
    return [np.shape(part) for case in results for part in case] == [
        np.shape(part) for case in _expected(exercise, RIGHT) for part in case
    ]


def _difference(exercise: Exercise, results: list[list[Any]]) -> Words:
    """Say what the first result that is wrong is, and what it should be."""
    for got, wanted in zip(results, _expected(exercise, RIGHT), strict=True):
        if len(got) != len(wanted):
            return Words(
                f"返回了 {len(got)} 个结果，应为 {len(wanted)} 个。",
                f"It returns {len(got)} results, expected {len(wanted)}.",
            )
        for number, (one, other) in enumerate(zip(got, wanted, strict=True)):
            if not _same(one, other):
                name = exercise.results[number] if number < len(exercise.results) else f"result[{number}]"
                return _difference_of(name, one, other)
    raise ValueError("nothing differs")


def _difference_of(name: str, got: Any, wanted: Any) -> Words:
    if not isinstance(got, np.ndarray) or not isinstance(wanted, np.ndarray):
        texts = [repr(part) if isinstance(part, str) else "a number" for part in (got, wanted)]
        return Words(f"{name}：得到 {texts[0]}，应为 {texts[1]}。", f"{name}: got {texts[0]}, expected {texts[1]}.")
    if got.shape != wanted.shape:
        shapes = shape_text(got.shape), shape_text(wanted.shape)
        return Words(
            f"{name} 的形状是 {shapes[0]}，应为 {shapes[1]}。", f"{name} is {shapes[0]}, expected {shapes[1]}."
        )
    wrong = ~np.isclose(got, wanted, rtol=TOLERANCE, atol=1e-12)
    with np.errstate(all="ignore"):
        ratios = got[wrong] / wanted[wrong]
    if wanted.any() and np.isfinite(ratios).all() and np.ptp(ratios) < TOLERANCE and wrong.sum() == (wanted != 0).sum():
        factor = f"{ratios.flat[0]:.4g}"
        return Words(f"{name} 是正确值的 {factor} 倍。", f"{name} is {factor} times what it should be.")
    index = tuple(int(place[0]) for place in np.nonzero(wrong)) if got.ndim else ()
    place = f"{name}{list(index) if index else ''}"
    values = value_text(float(got[index])), value_text(float(wanted[index]))
    return Words(f"{place} = {values[0]}，应为 {values[1]}。", f"{place} = {values[0]}, expected {values[1]}.")


# The checker --------------------------------------------------------------------------------------------


def _checked(exercise: Exercise, function: Callable[..., Any]) -> Words | None:
    """Return what ``check_gradients`` says of the gradients in the first case, None when they pass."""
    from mindspore import Tensor

    from ms_dnn import check_gradients
    from ms_dnn.runtime.device import use_device

    use_device("CPU")
    if exercise.gradient is None:
        raise TypeError(f"exercise {exercise.chapter} has no gradient")
    arguments = exercise.cases[0]
    forward, inputs = exercise.gradient(*arguments)

    def gradients(*_: Any) -> tuple[Any, ...]:
        parts = _parts(function(*copy.deepcopy(arguments)))[-len(inputs) :]
        return tuple(map(Tensor, parts))

    tensors = [Tensor(array) for array in inputs]
    judgement = check_gradients(forward, tensors, gradients=gradients, modes=("pynative",), wrt="inputs", directions=1)
    if judgement:
        return None
    return _said(judgement, exercise.results[-len(inputs) :])


def _said(judgement: Judgement, names: Sequence[str]) -> Words:
    """Return the verdict and its reason, with the names of the exercise in place of "input 0", "input 1", …"""
    wrong = [names[int(name.removeprefix("input "))] for name in judgement.disagreeing]
    reason = re.sub(r"\binput (\d+)", lambda number: names[int(number[1])], judgement.reason)
    verdict = judgement.verdict.value
    chinese = f"{'、'.join(wrong)} 与中心差分不一致" if wrong else reason
    return Words(f"check_gradients：{verdict}：{chinese}。", f"check_gradients: {verdict}: {reason}")
