"""The judgement on the terminal."""

import io
from dataclasses import replace

import made_judgements as made
import pytest
from rich.cells import cell_len
from rich.console import Console

from ms_dnn.judge.judgement import Finding, ForwardAgreement
from ms_dnn.judge.report.table import tensor_table
from ms_dnn.presentation.document import print_blocks


def printed(judgement, width=100):
    file = io.StringIO()
    print_blocks(Console(file=file, width=width, color_system=None), judgement.blocks())
    return file.getvalue().splitlines()


def crowded(verdict="PASS"):
    names = [f"backbone.encoder.stage{number}.attention.projection.weight" for number in range(4)]
    tensors = [made.tensor(name, (4096, 11008, 3), routes=made.MANY_ROUTES) for name in names]
    tensors[1] = made.tensor(names[1], (4096, 11008, 3), error=1e5, routes=made.MANY_ROUTES)
    tensors[2] = replace(tensors[2], lines=(made.line(kind="kink"),) * 4)
    return made.judgement(verdict, tensors, made.MANY_ROUTES)


@pytest.mark.parametrize(
    "judgement",
    [made.judgement(), made.failing(), made.inconclusive(), made.nasty(), crowded()],
    ids=["pass", "fail", "inconclusive", "nasty", "crowded"],
)
def test_no_line_is_longer_than_100_columns(judgement):
    for line in printed(judgement):
        assert cell_len(line) <= 100, line


def test_nothing_of_a_crowded_table_is_cut_off():
    text = "\n".join(printed(crowded()))
    assert "…" not in text
    assert text.count("≥ 5.0e-14 (1.0e-12)") == 3
    assert "✗ 1.0e+05 / 5.0e-12" in text
    assert "4 of 4" in text
    folded = "".join(line[3:].split(" ")[0] for line in printed(crowded()))
    assert "projection.weight" in folded


def test_80_columns_hold_the_names_and_drop_a_figure_of_the_sensitivity():
    lines = printed(made.judgement(), 80)
    assert max(map(cell_len, lines)) <= 80
    (row,) = (line for line in lines if "layers.1.weight" in line)
    assert " ".join(row.split()) == "✓ layers.1.weight 6×4 ✓ 0 / 5.0e-12 ✓ 2.5e-16 / 5.0e-12 ≥ 5.0e-14"


def test_no_heading_of_the_narrow_table_is_wider_than_its_figures():
    # layers.0.weight of 512×64 then fills the 80 columns to the last; a wider heading would break its name in two.
    *_, elements, directions, detected = tensor_table(made.judgement(), "narrow").columns
    widths = [max(map(len, column.name.split("\n"))) for column in (elements, directions, detected)]
    assert max(widths[:2]) <= len("✓ 4.1e-16 / 1.4e-12")
    assert widths[2] <= len("≥ 4.6e-14")


def test_a_pass_is_short():
    lines = printed(made.judgement())
    assert len(lines) <= 22
    assert lines[0] == "DNN 4-6-6-6 (tanh), 7 samples, float64 on CPU"
    assert lines[1].startswith("✓ J = 1.25: the forward passes of mindspore and numpy agree to 1.0e-16")
    assert lines[-1] == "✓ PASS in 0.2 s: all routes agree on all 6 parameters"


def test_a_row_holds_errors_what_was_allowed_and_the_sensitivity():
    (row,) = (line for line in printed(made.judgement()) if "layers.1.weight" in line)
    assert " ".join(row.split()) == "✓ layers.1.weight 6×4 ✓ 0 / 5.0e-12 ✓ 2.5e-16 / 5.0e-12 ≥ 5.0e-14 (1.0e-12)"


def test_a_failure_names_part_elements_and_the_blamed_route():
    lines = printed(made.failing())
    text = "\n".join(lines)
    assert "✗ layer 2 dW: dW is 32 × too large, 32 is the batch: the 1/N is missing (relative error" in text
    assert "✗ layers.1.weight: 24 of 24 elements wrong" in text
    assert "    [1, 0]: got 32, expected 1" in lines
    assert text.count("got ") == 3
    assert lines.index("    [1, 0]: got 32, expected 1") < next(
        i for i, line in enumerate(lines) if "layer 2 dW" in line
    )
    assert any(line.startswith("✗ FAIL in 0.2 s: handwritten is alone") for line in lines[-2:])


def test_the_matrix_shows_who_is_alone():
    lines = printed(made.failing())
    rows = {line[0]: line.split()[2:] for line in lines if line[:2] in ("a ", "b ", "c ", "d ")}
    assert rows["a"] == ["\\", "✗", "1/3", "✗", "1/3", "✗", "1/3"]
    assert rows["b"] == ["✗", "1/3", "\\", "✓", "✓"]


def test_kinks_are_told_with_both_slopes_and_undecided_pairs_say_so():
    text = " ".join(" ".join(printed(made.inconclusive())).split())
    assert "~ layers.0.weight sits on a kink: derivative 0.25 on one side, 1.75 on the other" in text
    assert "1 of 1" in text
    assert "~ 2.5e-16 / 5.0e-12" in text
    assert "✓ 1/2" in text
    assert text.index("! every route says zero") < text.index("· dropout is seeded")


def test_the_blamed_route_is_named_where_the_reason_does_not():
    blamed = made.judgement("FAIL", reason="they differ", blame="handwritten")
    assert printed(blamed)[-1].endswith("they differ (blamed: handwritten)")


def test_forwards_that_differ_are_told_with_their_values():
    forward = ForwardAgreement({"mindspore": 1.25, "numpy": 1.5}, 0.17, 1e-12, False)
    text = " ".join(printed(made.judgement("FAIL", forward=forward)))
    assert "✗ the forward passes differ by 1.7e-01 (allowed 1.0e-12): J is 1.25 by mindspore, 1.5 by numpy" in text


def test_a_long_list_is_cut_with_a_count():
    findings = tuple(Finding("odd", "note", "all", None, f"note {number}") for number in range(20))
    text = "\n".join(printed(made.judgement(findings=findings)))
    assert "note 11" in text
    assert "note 12" not in text
    assert "… and 8 more like these" in text


def test_a_single_route_has_no_matrix():
    alone = made.judgement(routes=("handwritten",), tensors=(made.tensor("w", routes=("handwritten",)),))
    assert not any("agree" in line for line in printed(alone)[2:-1])


def test_foreign_text_is_printed_as_it_stands_without_what_steers_a_terminal():
    text = "\n".join(printed(made.nasty()))
    assert "[bold]" in text
    assert "\x1b" not in text
    assert "\u202e" not in text
    text.encode("utf-8")


def test_a_judgement_that_nobody_made_up(real_failure):
    text = "\n".join(printed(real_failure))
    assert "✗ layer 2 dW: " in text
    assert "✗ layers.1.weight: 15 of 15 elements wrong" in text
    assert "✗ FAIL in " in text
