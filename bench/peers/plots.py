"""Pictures of results as PNG: the roofline, bars of ratios by class, and sweeps over a size."""

import math
import os

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

from .report import class_of, conditions
from .stats import median
from .verdict import LATHE, best, counts, judge, row_us

OURS, THEIRS = "#c2410c", "#475569"


def save(figure, folder, name):
    path = os.path.join(folder, name + ".png")
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    plt.close(figure)
    return path


def roofline(cases, folder, name):
    """Operations a second over operations a byte, of cases that have operations, below the measured peak and bandwidth."""
    points = [case for case in cases if case["operations"] and case["bytes"] and judge(case).lathe]
    if not points:
        return []
    figure, axes = plt.subplots(figsize=(9, 6))
    peak, bandwidth = (median([case[key] for case in points]) for key in ("peak_gflops", "read_gbytes_per_s"))
    xs = [2 ** (i / 4) for i in range(-16, 49)]
    axes.plot(xs, [min(peak, bandwidth * x) for x in xs], color="black", lw=1, label=f"{peak:.0f} GFLOP/s, {bandwidth:.0f} GB/s (medians)")
    for pick, colour, marker, label in (("peer", THEIRS, "s", "best peer"), ("lathe", OURS, "o", "Lathe")):
        rows = [(case, getattr(judge(case), pick)) for case in points]
        rows = [(case["operations"] / case["bytes"], case["operations"] * 1e-3 / row_us(row), case["id"]) for case, row in rows if row]
        axes.scatter([r[0] for r in rows], [r[1] for r in rows], s=22, color=colour, marker=marker, label=label)
        if pick == "lathe":
            for x, y, id in rows:
                axes.annotate(id[:12], (x, y), fontsize=7, xytext=(3, 3), textcoords="offset points")
    axes.set(xscale="log", yscale="log", xlabel="operations a byte", ylabel="GFLOP/s", title=f"Roofline, {conditions(points[0])}")
    axes.legend()
    return [save(figure, folder, name + "-roofline")]


def ratio_bars(cases, folder, name):
    points = [(case, v.ratio(v.lathe), v.ratio(v.zero_shot)) for case in cases if (v := judge(case)).ratio(v.lathe)]
    if not points:
        return []
    figure, axes = plt.subplots(figsize=(max(6, 0.28 * len(points) + 2), 5))
    titles = list(dict.fromkeys(class_of(case) for case, _, _ in points))
    colours = plt.get_cmap("tab20")
    for x, (case, ours, zero) in enumerate(points):
        axes.bar(x, math.log2(ours), color=colours(titles.index(class_of(case)) % 20))
        if zero:
            axes.plot([x - 0.4, x + 0.4], [math.log2(zero)] * 2, color="black", lw=1.5)
    axes.axhline(0, color="black", lw=0.8)
    axes.set_xticks(range(len(points)), [case["id"][:18] for case, _, _ in points], rotation=90, fontsize=8)
    low, high = axes.get_ylim()
    ticks = range(math.floor(low), math.ceil(high) + 1)
    axes.set_yticks(ticks, [f"{2.0 ** tick:g}" for tick in ticks])
    axes.set(ylabel="best peer's time / Lathe's", title=f"Above 1 Lathe is faster; lines: zero-shot. {conditions(points[0][0])}")
    axes.legend(handles=[plt.Rectangle((0, 0), 1, 1, color=colours(i % 20)) for i in range(len(titles))], labels=titles, fontsize=7)
    return [save(figure, folder, name + "-ratios")]


def sweeps(cases, folder, name):
    """Of each operator with three or more cases: part of the bound over the work, one line a participant."""
    made = []
    for operator in dict.fromkeys(case["operator"] for case in cases):
        some = sorted((case for case in cases if case["operator"] == operator and case["bound_us"]), key=lambda case: case["bound_us"])
        if len(some) < 3:
            continue
        figure, axes = plt.subplots(figsize=(8, 4.5))
        for peer in dict.fromkeys(row["peer"] for case in some for row in case["rows"] if counts(row)):
            rows = [(case, best([row for row in case["rows"] if row["peer"] == peer and counts(row)])) for case in some]
            rows = [(case["bound_us"], case["bound_us"] / row_us(row)) for case, row in rows if row]
            axes.plot([r[0] for r in rows], [r[1] for r in rows], marker="o", ms=4, lw=2.2 if peer == LATHE else 1, label=peer, color=OURS if peer == LATHE else None)
        axes.set(xscale="log", xlabel="bound, us", ylabel="part of the bound", ylim=(0, 1.1), title=f"{operator}, {conditions(some[0])}")
        axes.legend(fontsize=8)
        made.append(save(figure, folder, f"{name}-{''.join(c if c.isalnum() else '-' for c in operator)}"))
    return made


def draw(cases, folder):
    made = []
    for number, heading in enumerate(dict.fromkeys(conditions(case) for case in cases)):
        some, name = [case for case in cases if conditions(case) == heading], f"{number + 1}"
        made += roofline(some, folder, name) + ratio_bars(some, folder, name) + sweeps(some, folder, name)
    return made
