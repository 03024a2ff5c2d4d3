"""Judge the judge: our gradient checker and the real checkers of other packages on the same planted faults.

    python scripts/bench_gradient_checkers.py [--sections kills,right,…] [--points N] [--processes 2] [--json FILE]

A mutant is a network whose hand-written backward pass has one fault of ``gradient_checkers.planted`` in it; it
counts where its gradient differs from the right one by more than 1e-9 relative in some tensor, is not finite, or is
missing. A checker kills it by refusing it where it accepts the right gradient ("refused %" counts every refusal); a
false alarm is a right gradient refused. Our judge runs on the network with the fault in it; its answers that do not
depend on the fault are computed once a point.

Sections: kills (every fault, every checker), right (false alarms), float32 (false alarms of ours on many networks),
localisation, blame, sensitivity, second (order 2, against torch's gradgradcheck), command (time and memory of a
complete check, alone). Results are printed as they come out. Without jax or torch it does not run.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import platform
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

# One thread each: the processes share the cores, and the arrays are small.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("GLOG_v", "3")

from gradient_checkers import second_order, sections, whole_command
from gradient_checkers.planted.catalogue import FAULTS
from gradient_checkers.points import points, random_point
from gradient_checkers.sections import CHECKERS, OURS, OURS_32, OURS_64, Answer, Mutant
from rich.console import Console
from rich.table import Table

from ms_dnn.runtime.device import use_device

SECTIONS = ("kills", "right", "float32", "localisation", "blame", "sensitivity", "second", "command")
PACKAGES = ("ms-dnn", "mindspore", "torch", "jax", "scipy", "numpy")
FRESH = 5000
"""First seed of the sections other than kills: points on which nothing was tuned."""

Task = tuple[str, Callable[..., Answer], tuple[Any, ...]]


def tasks(options: argparse.Namespace) -> list[Task]:
    """Return (section, function, arguments) of everything that was asked for."""
    fresh = points(16, FRESH)
    found: list[Task] = []
    for number, spec in enumerate(points(options.points, options.first_seed)):
        found.append(("kills", sections.kills, (spec, number, options.share)))
    for number in range(options.right):
        found.append(("right", sections.false_alarms, (random_point(FRESH + number), number < options.peers)))
    for number in range(options.float32):
        found.append(("float32", sections.float32_alarms, (random_point(2 * FRESH + number, small=True),)))
    for spec in fresh:
        found.append(("localisation", sections.localisation, (spec, options.trials)))
    for spec in fresh[: options.blame]:
        found.append(("blame", sections.blame, (spec, "float64")))
        found.append(("blame", sections.blame, (spec, "float32")))
    for spec in fresh[: options.sensitivity]:
        found.append(("sensitivity", sections.sensitivity, (spec, "float64")))
        found.append(("sensitivity", sections.sensitivity, (spec, "float32")))
    found += [("second", sections.second_order, (name,)) for name in second_order.FUNCTIONS]
    return [task for task in found if task[0] in options.sections]


def run(todo: list[Task], processes: int) -> dict[str, list[Answer]]:
    """Run the tasks, and say on stderr how far they are."""
    answers: dict[str, list[Answer]] = {section: [] for section, _, _ in todo}
    started = time.perf_counter()
    with multiprocessing.get_context("spawn").Pool(
        processes, initializer=use_device, initargs=("CPU",), maxtasksperchild=20
    ) as pool:
        try:
            for number, (section, answer) in enumerate(pool.imap_unordered(_run_one, todo), start=1):
                answers[section].append(answer)
                seconds = time.perf_counter() - started
                print(
                    f"\r{number}/{len(todo)} tasks, {seconds:.0f} s, {section:12}", end="", file=sys.stderr, flush=True
                )
        except KeyboardInterrupt:
            print("\ninterrupted: what follows is of the tasks that were done", file=sys.stderr)
    print(file=sys.stderr)
    return answers


def _run_one(task: Task) -> tuple[str, Answer]:
    section, function, arguments = task
    return section, function(*arguments)


# Tables ------------------------------------------------------------------------------------------------------


def percent(part: int, whole: int) -> str:
    """Return "99.5" of "199 of 200", "–" of nothing."""
    return f"{100 * part / whole:.1f}" if whole else "–"


def kill_table(mutants: list[Mutant], right: dict[str, list[bool]]) -> tuple[Table, list[dict[str, Any]]]:
    """Return the scores of all checkers as a table and as data."""
    table = Table(title=f"{len(mutants)} mutants: kills, and right gradients refused", title_justify="left")
    for column in ("checker", "kill %", "start", "trained", "refused %", "mutants", "false alarms"):
        table.add_column(column, justify="left" if column == "checker" else "right")
    rows = []
    for dtype, names in CHECKERS.items():
        of_dtype = [mutant for mutant in mutants if mutant.dtype == dtype]
        for name in names:
            by_state = {}
            for state in ("", "start", "trained"):
                some = [mutant for mutant in of_dtype if state in ("", mutant.state)]
                by_state[state] = percent(sum(name in mutant.killed for mutant in some), len(some))
            alarms = right.get(name, [])
            refused = percent(sum(name in mutant.refused for mutant in of_dtype), len(of_dtype))
            table.add_row(name, *by_state.values(), refused, str(len(of_dtype)), f"{sum(alarms)} / {len(alarms)}")
            rows.append(
                {"checker": name, "kill %": by_state[""], "start": by_state["start"], "trained": by_state["trained"],
                 "refused %": refused,
                 "mutants": len(of_dtype), "false alarms": sum(alarms), "right points": len(alarms)}
            )  # fmt: skip
    return table, rows


def print_misses(console: Console, mutants: list[Mutant]) -> None:
    """List what our judge lets pass, and how near it came."""
    for dtype, name in OURS.items():
        missed = [mutant for mutant in mutants if mutant.dtype == dtype and name not in mutant.killed]
        console.print(f"{name} lets {len(missed)} pass" + (":" if missed else "."))
        for fault, count in Counter(mutant.fault for mutant in missed).most_common():
            of_fault = [mutant for mutant in missed if mutant.fault == fault]
            worst = max(of_fault, key=lambda mutant: mutant.effect)
            console.print(
                f"  {count} × {fault}; the largest is wrong by {worst.effect:.1e} ({worst.verdict}, layer "
                f"{worst.layer} of {worst.point}, {worst.state}); {worst.nearest}",
                highlight=False,
            )


def naming_summary(mutants: list[Mutant]) -> dict[str, Any]:
    """Return how often the named fault is the planted one, of the mutants whose part was found."""
    found = [mutant for mutant in mutants if mutant.spoken is not None]
    spoken = [mutant for mutant in found if mutant.spoken]
    wrong = [mutant for mutant in spoken if mutant.spoken not in mutant.expected]
    knows = [mutant for mutant in found if mutant.expected[0]]
    return {
        "parts found exactly %": percent(sum(mutant.located for mutant in mutants), len(mutants)),
        "speaks %": percent(len(spoken), len(found)),
        "right where it speaks %": percent(len(spoken) - len(wrong), len(spoken)),
        "speaks of faults in the vocabulary %": percent(sum(bool(mutant.spoken) for mutant in knows), len(knows)),
        "wrong": Counter(f"{mutant.fault} → {mutant.spoken}" for mutant in wrong).most_common(),
        "silent": Counter(mutant.fault for mutant in knows if not mutant.spoken).most_common(),
        "not located": Counter(mutant.fault for mutant in mutants if not mutant.located).most_common(),
    }


def case_summary(cases: list[dict[str, Any]], by: str) -> dict[str, Any]:
    """Return the share of right cases, altogether and by one key, and the wrong ones."""
    groups = sorted({str(case[by]) for case in cases})
    shares = {}
    for group in groups:
        some = [case for case in cases if str(case[by]) == group]
        shares[f"{by} {group} %"] = percent(sum(case["right"] for case in some), len(some))
    wrong = [case for case in cases if not case["right"]]
    return {"cases": len(cases), "right %": percent(len(cases) - len(wrong), len(cases)), **shares, "wrong": wrong}


def sensitivity_summary(cases: list[dict[str, Any]]) -> dict[str, Any]:
    """Return least, median and largest of stated / found, by precision."""
    found: dict[str, Any] = {}
    for dtype in CHECKERS:
        ratios = [case["ratio"] for case in cases if case["dtype"] == dtype]
        if ratios:
            least, most = min(ratios), max(ratios)
            within = sum(0.5 <= ratio <= 2 for ratio in ratios)
            found[dtype] = {
                "cases": len(ratios),
                "min": least,
                "median": median(ratios),
                "max": most,
                "within 2": within,
            }
    outside = [case for case in cases if not 0.5 <= case["ratio"] <= 2]
    return {**found, "outside": outside}


def second_order_summary(cases: list[dict[str, Any]]) -> dict[str, Any]:
    """Return for each checker how many wrong backward passes of each kind it refuses, and how many right ones."""
    kinds = list(dict.fromkeys(case["backward"] for case in cases))
    return {
        checker: {kind: f"{sum(case[checker] for case in cases if case['backward'] == kind)} of "
                  f"{sum(case['backward'] == kind for case in cases)} refused" for kind in kinds}
        for checker in (second_order.OURS, second_order.TORCH)
    }  # fmt: skip


def report(console: Console, answers: dict[str, list[Answer]]) -> dict[str, Any]:
    """Print every section that was run, and return it as data."""
    mutants = [mutant for answer in answers.get("kills", []) for mutant in answer.mutants]
    right = _gathered(answers, ("kills", "right"))
    data: dict[str, Any] = {}
    if mutants or right:
        table, data["scores"] = kill_table(mutants, right)
        console.print(table)
    if mutants:
        print_misses(console, mutants)
        for dtype in CHECKERS:
            data[f"naming {dtype}"] = naming_summary([mutant for mutant in mutants if mutant.dtype == dtype])
        data["faults planted"] = len({mutant.fault for mutant in mutants})
    if "float32" in answers:
        alarms = _gathered(answers, ("float32",))[OURS_32]
        data["float32"] = {"right networks": len(alarms), "false alarms": sum(alarms)}
    for section, by in (("localisation", "count"), ("blame", "route")):
        if section in answers:
            data[section] = case_summary([case for answer in answers[section] for case in answer.cases], by)
    if "sensitivity" in answers:
        data["sensitivity"] = sensitivity_summary([case for one in answers["sensitivity"] for case in one.cases])
    if "second" in answers:
        data["second order"] = second_order_summary([case for one in answers["second"] for case in one.cases])
    everything = [answer for of_section in answers.values() for answer in of_section]
    data["refused although right"] = [text for answer in everything for text in answer.alarms]
    data["inconclusive although right"] = [text for answer in everything for text in answer.inconclusive]
    console.print_json(data={key: value for key, value in data.items() if key != "scores"})
    data["mutants"] = [asdict(mutant) for mutant in mutants]
    return data


def _gathered(answers: dict[str, list[Answer]], of: Iterable[str]) -> dict[str, list[bool]]:
    gathered: dict[str, list[bool]] = {}
    for section in of:
        for answer in answers.get(section, []):
            for name, refused in answer.right.items():
                gathered.setdefault(name, []).extend(refused)
    return gathered


def parse_arguments() -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(description="Planted faults before our gradient judge and the peers' checkers.")
    parser.add_argument("--sections", default=",".join(SECTIONS), help=f"comma-separated, of {', '.join(SECTIONS)}")
    parser.add_argument("--points", type=int, default=16, help="points that faults are planted into (default 16)")
    parser.add_argument("--first-seed", type=int, default=0, help="of those points (default 0)")
    parser.add_argument("--share", type=int, default=4, help="plant every n-th fault at a point (default 4)")
    parser.add_argument("--right", type=int, default=184, help="right points besides those of kills (default 184)")
    parser.add_argument("--peers", type=int, default=34, help="those of them that peers are asked about (default 34)")
    parser.add_argument("--float32", type=int, default=200, help="random networks in float32 (default 200)")
    parser.add_argument("--trials", type=int, default=13, help="combinations of faults at a point, of 16 (default 13)")
    parser.add_argument("--blame", type=int, default=6, help="points at which each route is corrupted (default 6)")
    parser.add_argument("--sensitivity", type=int, default=6, help="points, of 6 to 12 tensors (default 6)")
    parser.add_argument("--processes", type=int, default=2, help="that share the work (default 2)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all results there")
    options = parser.parse_args()
    options.sections = options.sections.split(",")
    unknown = sorted(set(options.sections) - set(SECTIONS))
    if unknown:
        parser.error(f"expected sections of {', '.join(SECTIONS)}, got {', '.join(unknown)}")
    return options


def main() -> int:
    """Run, print and write; 1 when our judge refuses something right in float64, or a peer kills more than it."""
    options = parse_arguments()
    console = Console(width=120)
    started = time.perf_counter()
    command = whole_command.measure() if "command" in options.sections else None
    data = report(console, run(tasks(options), options.processes))
    if command is not None:
        data["command"] = command
        console.print(f"ms-dnn check, 784-256-128-10, batch 64, all tensors, with import: {command}")
    data["environment"] = {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}}
    data["catalogue"], data["seconds"] = len(FAULTS), time.perf_counter() - started
    console.print(f"{len(FAULTS)} faults in the catalogue; {data['seconds']:.0f} s; {data['environment']}")
    if options.json is not None:
        options.json.write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    scores = {row["checker"]: row for row in data.get("scores", [])}
    ours = scores.pop(OURS_64, None)
    if ours is None:
        return 0
    beaten = [row for row in scores.values() if row["kill %"] != "–" and float(row["kill %"]) > float(ours["kill %"])]
    return 1 if ours["false alarms"] or beaten else 0


if __name__ == "__main__":
    sys.exit(main())
