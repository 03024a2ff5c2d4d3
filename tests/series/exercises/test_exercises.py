"""Every exercise: its stub is unfinished, its solution right, and its usual faults are named."""

from pathlib import Path

import pytest
import yaml

from ms_dnn.errors import SeriesError
from ms_dnn.series.catalogue import chapters
from ms_dnn.series.exercises import judging, networks, training, units
from ms_dnn.series.exercises.catalogue import exercise_of, exercises, find_exercise
from ms_dnn.series.exercises.exercise import RIGHT
from ms_dnn.series.exercises.judging import _is_result, _parts, judge
from ms_dnn.series.post import Words

pytestmark = pytest.mark.usefixtures("cpu")
WRONG = yaml.safe_load(Path(__file__).with_name("wrong.yaml").read_text("utf-8"))
PLANTED = [(number, change) for number, changes in WRONG.items() for change in changes]
ALL = [exercise for of in (units, networks, training) for exercise in of.EXERCISES]
each = pytest.mark.parametrize("task", exercises(), ids=lambda task: task.stub.stem)


def judged(task, tmp_path, source):
    path = tmp_path / task.stub.name
    path.write_text(source, encoding="utf-8")
    return judge(task, path)


def test_every_chapter_from_1_to_17_has_one():
    assert [task.chapter for task in exercises()] == [exercise.chapter for exercise in ALL] == list(range(1, 18))
    assert {task.chapter for task in exercises()} <= {chapter.number for chapter in chapters()}
    assert all(len(changes) == 5 for changes in WRONG.values())


@each
def test_a_stub_is_unfinished_and_hints(task):
    verdict = judge(task, task.stub)
    assert not verdict.right
    assert [words.en for words in verdict.sentences][1:] == [f"Hint: {task.hint.en}"]
    assert "not written yet" in verdict.sentences[0].en
    assert task.title.en.startswith(f"Exercise {task.chapter:02} · ")
    assert task.title.zh.startswith(f"编程练习 {task.chapter:02} · ")
    assert task.text.zh


@each
def test_a_solution_is_right(task):
    verdict = judge(task, task.solution)
    assert verdict.right, verdict
    said = [words.en for words in verdict.sentences]
    assert (
        (len(said) == 1 and said[0].startswith("check_gradients: FAIL") and "dW" in said[0])
        if task.chapter == 10
        else not said
    )


@pytest.fixture
def unchecked(monkeypatch, pytestconfig):
    """Leave check_gradients out, which takes seconds to say what is wrong."""
    if not pytestconfig.getoption("--campaign"):
        monkeypatch.setattr(judging, "_checked", lambda *_: Words("", ""))


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(("number", "change"), PLANTED, ids=[f"{n:02}-{change['fault']}" for n, change in PLANTED])
def test_a_planted_fault_is_named(tmp_path, number, change):
    task = find_exercise(number)
    solution = task.solution.read_text("utf-8")
    assert solution.count(change["change"]) == 1
    wrong = solution.replace(change["change"], change["to"]).replace(*change.get("also", ("", "", 0)))
    verdict = judged(task, tmp_path, wrong)
    assert not verdict.right
    assert verdict.sentences[0] == task.faults[change["fault"]]


@pytest.mark.parametrize("exercise", [one for one in ALL if one.compute], ids=lambda one: one.function)
def test_no_two_faults_give_the_same(exercise):
    keys = [RIGHT, *(key for key in find_exercise(exercise.chapter).faults if key != "loop")]
    for key in keys:
        results = [_parts(exercise.compute(key, *arguments)) for arguments in exercise.cases]
        assert [other for other in keys if _is_result(exercise, other, results)] == [key]


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    ("number", "change", "to", "says"),
    [
        (9, "return gradients[::-1]", "return [(3 * dW, db) for dW, db in gradients[::-1]]", "is 3 times"),
        (9, "return gradients[::-1]", "return gradients", "dW[1][0, 0] = "),
        (9, "return gradients[::-1]", "return gradients[:2]", "returns 4 results, expected 6"),
        (13, "return a * (u >= p)", "return a[0] * (u >= p)[0]", "a is 2, expected 2×2"),
        (6, "mean, spread = ", "train *= 1.5; mean, spread = ", "changes its arguments"),
        (11, '"tolerance"\n', '"done"\n', "reason: got 'done', expected 'tolerance'"),
        (16, "return total / sum(counts)", "return None", "expected"),
    ],
)
def test_other_faults_are_described(tmp_path, number, change, to, says):
    task = find_exercise(number)
    verdict = judged(task, tmp_path, task.solution.read_text("utf-8").replace(change, to))
    assert not verdict.right
    assert says in verdict.sentences[0].en


@pytest.mark.parametrize("number", [7, 10])
@pytest.mark.parametrize("result", ["None", "3", "[[1, [2]]]", "'abc'"])
def test_a_result_of_another_kind_is_a_wrong_shape(tmp_path, number, result):
    task = find_exercise(number)
    source = f"xor_network = lambda: {result}\nfaulty_backward = lambda x, W, dz: {result}\n"
    assert judged(task, tmp_path, source).sentences[0] == task.faults["shape"]


def test_the_checker_speaks_of_a_wrong_gradient(tmp_path):
    task = find_exercise(2)
    source = task.solution.read_text("utf-8").replace("(a - y) / len(y)", "a - y")
    assert judged(task, tmp_path, source).sentences[1].en.startswith("check_gradients: FAIL: ")


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("def layer(X, W, b):\n    return X @ V", "line 2, in layer\n    return X @ V\n"),
        ("def layer(X, W, b):\n    return X @ V", "NameError: name 'V' is not defined"),
        ("def layer(X, W, b)\n", "cannot be run:\n"),
        ("import sys\nsys.exit(3)\n", "SystemExit: 3"),
        ("layer = 3\n", "has no function layer"),
    ],
)
def test_a_file_that_does_not_run_shows_its_own_lines(tmp_path, source, says):
    with pytest.raises(SeriesError) as error:
        judged(find_exercise(5), tmp_path, source)
    assert says in str(error.value)
    assert "judging.py" not in str(error.value)


def test_a_file_that_cannot_be_read_is_one_sentence_with_the_cure(tmp_path):
    task = find_exercise(5)
    (tmp_path / "folder.py").mkdir()
    with pytest.raises(SeriesError, match=r"folder\.py: cannot be read \(Is a directory\): move it away .* --file$"):
        judge(task, tmp_path / "folder.py")
    (tmp_path / "gbk.py").write_bytes("# 权重".encode("gbk"))
    with pytest.raises(SeriesError, match=r"gbk\.py: got bytes that are no UTF-8, expected Python: save it as UTF-8$"):
        judge(task, tmp_path / "gbk.py")


@pytest.mark.parametrize("words", [[], ["18"], ["x"], ["1", "2"]])
def test_an_exercise_that_is_not_there(words):
    with pytest.raises(SeriesError, match="expected a number from 1 to 17"):
        exercise_of(words)
