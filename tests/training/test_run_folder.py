"""The rows of a run's metrics: all that are whole, and one sentence with the line for one that is not."""

import json

import pytest

from ms_dnn.errors import RunError
from ms_dnn.training.run_folder import COLUMNS, CONFIG, METRICS, RunFolder

ROW = json.dumps(dict.fromkeys(COLUMNS, 1))


def run_with(folder, metrics):
    (folder / CONFIG).write_text("")
    (folder / METRICS).write_text(metrics)
    return RunFolder(folder)


def test_a_last_line_that_a_kill_left_incomplete_is_left_out(tmp_path):
    assert len(run_with(tmp_path, f"{ROW}\n{ROW}\n{ROW[:9]}").metrics()) == 2


@pytest.mark.parametrize(("line", "reason"), [("{", "line 2 is damaged"), ("[]", "line 2 is damaged .expected the")])
def test_another_damaged_line_is_named(tmp_path, line, reason):
    with pytest.raises(RunError, match=f"{METRICS}: {reason}"):
        run_with(tmp_path, f"{ROW}\n{line}\n{ROW}\n").metrics()
