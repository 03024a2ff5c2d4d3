"""A training run as one HTML file that needs nothing else."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from html import escape
from typing import TYPE_CHECKING, Any

from ms_dnn.presentation.charts import CHART_STYLE, Curve, chart_legend, line_chart, scatter_chart
from ms_dnn.presentation.notation import counted, html_text
from ms_dnn.presentation.page import definitions, html_page, scrolling, section, statement_list, table_head
from ms_dnn.runs.reports.curves import METRICS, SCORES, metric_points, run_curves
from ms_dnn.runs.reports.endings import ending_text
from ms_dnn.runs.reports.tables import CONFUSION, layers_table, others_text, parameter_count, score_text
from ms_dnn.training.run_folder import row_of_weights

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ms_dnn.runs.records import RunReport, Scores

MOST_OUTPUTS = 4
"""Outputs of a regression that get a scatter plot of their own."""
PICTURES = {
    "histograms.png": (
        "The layers",
        "Weights, gradients and activations of each layer before the first step (grey) and with the weights of the "
        "run (blue), on at most 256 training samples that stay the same",
    ),
    "boundary.png": ("The decision boundary", "The predicted class on the plane of the two features"),
    "misclassified.png": (
        "Misclassified samples",
        "Samples held out from training whose predicted class is not the true one",
    ),
}
RUN_STYLE = """
.picture { display: block; width: 100%; max-width: 60rem; min-width: 38rem; height: auto; background: #fff;
  border-radius: 6px; padding: .5rem; }
.confusion td.zero { color: var(--quiet); font-weight: 400; }
.wide { max-width: 60rem; }
""".strip()


def run_html(report: RunReport) -> str:
    """Return the whole page; the same report gives the same text."""
    config = report.config
    sections = [
        _banner(report),
        _curves(report),
        _result(report),
        *(_picture(name, content) for name, content in report.pictures.items()),
        _network(report),
        _notes(report),
        section("Configuration", f"<pre><code>{escape(report.config_text.strip())}</code></pre>"),
        section("Environment", definitions([*_flat(report.environment)])),
    ]
    return html_page(f"{config.name}: a run", "A run of ms-dnn", config.name, sections, f"{CHART_STYLE}\n{RUN_STYLE}")


def _banner(report: RunReport) -> str:
    state, scores = report.state, report.scores
    ending = ending_text(report.config.training, state)
    headline = ending.partition(":")[0].capitalize() if state.stop_reason else "Not finished"
    if scores is not None:
        headline = f"{scores.part.capitalize()} {score_text(scores.score_name, scores.score)}"
    shown, restored = row_of_weights(report.rows, state.stop_reason, state.best_step)
    names = {"train": "training"}
    facts = [f"{count} {names.get(part, part)} samples" for part, count in report.samples.items()]
    if shown is not None:
        facts.append(f"weights of epoch {shown['epoch']:.4g}{' (best, restored)' if restored else ''}")
        facts.append(f"training cost {shown['cost']:.4g}")
    facts += [f"{report.config.loss}, {report.config.optimizer.name}", f"backprop {report.config.backprop}"]
    words = " · ".join(f"<span>{html_text(fact)}</span>" for fact in facts)
    # Not green: the page does not know which score is good.
    tone = "plain" if state.stop_reason else "INCONCLUSIVE"
    reason = state.stop_reason or ""
    return f"""<section class="banner {tone}" id="ending" data-ended-by="{reason}" aria-label="Outcome">
<p class="verdict">{html_text(headline)}</p>
<p>{html_text(ending[:1].upper() + ending[1:])}.</p>
<p class="quiet">{words}</p>
</section>"""


def _curves(report: RunReport) -> str:
    curves = run_curves(report.rows, ("cost", "validation_loss"))
    figures = [line_chart(curves, "cost J", "epoch")]
    for key in SCORES:
        percent = key == "validation_accuracy"
        figures.append(line_chart(run_curves(report.rows, (key,)), METRICS[key], "epoch", percent=percent))
    rate = Curve("learning rate", metric_points(report.rows, "learning_rate"), 3)
    figures.append(line_chart([rate], "learning rate r", "epoch"))
    drawn = "".join(figures)
    if not drawn:
        return section("Curves", "<p>No report was written yet.</p>")
    return section("Curves", f'{chart_legend(curves)}<div class="figures">{drawn}</div>')


def _result(report: RunReport) -> str:
    scores = report.scores
    if scores is None:
        return ""
    said = f"{scores.part} {score_text(scores.score_name, scores.score)}, cost {scores.cost:.4g}"
    body = f"<p>{html_text(said[:1].upper() + said[1:])}, on {counted(scores.samples, 'sample')}.</p>"
    if scores.others:
        others = others_text(scores.others)
        body += f"<p>{html_text(others[:1].upper() + others[1:])}.</p>"
    if scores.confusion is not None:
        body += scrolling(_confusion(scores, scores.confusion), CONFUSION)
    agreement = report.agreement
    if agreement is not None:
        outputs = agreement.targets.shape[1]
        figures = [
            scatter_chart(
                [*zip(agreement.targets[:, j].tolist(), agreement.answers[:, j].tolist(), strict=True)],
                f"{agreement.part} samples" + (f", output {j + 1}" if outputs > 1 else ""),
                "target",
                "prediction",
            )
            for j in range(min(outputs, MOST_OUTPUTS))
        ]
        body += f'<div class="figures">{"".join(figures)}</div>'
    return section("Result", body)


def _confusion(scores: Scores, counts: NDArray[Any]) -> str:
    names = scores.class_names
    rows = []
    for i, name in enumerate(names):
        total = int(counts[i].sum())
        cells = "".join(_confusion_cell(int(counts[i, j]), total, i == j) for j in range(len(names)))
        recall = f"{counts[i, i] / total:.1%}" if total else "–"
        rows.append(f'<tr><th scope="row">{html_text(name)}</th>{cells}<td>{recall}</td></tr>')
    return f'<table class="heat confusion">{table_head(["", *names, "recall"])}<tbody>{"".join(rows)}</tbody></table>'


def _confusion_cell(count: int, total: int, is_correct: bool) -> str:
    """Correct predictions in blue, the more the darker; errors in orange, likewise."""
    if count == 0:
        return '<td class="zero">·</td>'
    share = count / total
    if is_correct:
        level = 0 if share >= 0.8 else 1 if share >= 0.5 else 2
    else:
        level = 5 if share >= 0.2 else 4 if share >= 0.05 else 3
    return f'<td class="level{level}">{count}</td>'


def _picture(name: str, content: bytes) -> str:
    title, words = PICTURES[name]
    data = base64.b64encode(content).decode()
    return section(
        title,
        f'<p class="above-table">{html_text(words)}</p><div class="scroll" role="region" tabindex="0" '
        f'aria-label="{html_text(title)}"><img class="picture" alt="{html_text(words)}" '
        f'src="data:image/png;base64,{data}"></div>',
    )


def _network(report: RunReport) -> str:
    parameters = f"{parameter_count(report.layers):,} parameters in {report.config.precision}"
    caption = f"{counted(report.inputs, 'input')}, {parameters}"
    return section("Network", scrolling(layers_table(report.layers).html(), caption))


def _notes(report: RunReport) -> str:
    if not report.notes:
        return ""
    return section("Notes on the data", statement_list([("note", "·", note) for note in report.notes]))


def _flat(values: Mapping[str, Any], before: str = "") -> list[tuple[str, object]]:
    found: list[tuple[str, object]] = []
    for name, value in values.items():
        key = f"{before}{name}"
        found += _flat(value, f"{key} ") if isinstance(value, Mapping) else [(key.replace("_", " "), value)]
    return found
