"""./dev bench report RESULTS: docs/performance.md, every case in the order of the suite, losses as plain as wins; and one page
with the same and the pictures, for a browser without a network."""

import base64
import html
import os

from . import results
from .stats import geometric_mean, spread
from .verdict import EXACT_CLASS, counts, fraction_of_bound, judge, row_us, was_disturbed

CLASSES = {"G": "products of matrices", "V": "products with short weights", "C": "convolutions", "D": "depthwise and grouped convolutions",
           "S": "softmax", "L": "norms and activations", "R": "reductions", "T": "transposition", "P": "prefix sums", "A": "attention", "I": "imaging"}


def class_of(case):
    """By the letter of a suite's id; other cases by their operator."""
    letter = case["id"].rstrip("0123456789")
    return CLASSES.get(letter, case["operator"])


def us(row):
    return f"{row_us(row):.4g}" if row else "-"


def number(value, digits=2):
    return f"{value:.{digits}f}" if value is not None else "-"


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return lines + ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]


def conditions(case):
    return f"{case['threads']} thread{'s' if case['threads'] > 1 else ''}{', cold' if case['cold'] else ''}{', held to ' + case['target'] if case['target'] else ''}"


def machine_lines(run):
    machine = run["machine"]
    kib = lambda name: f"{machine[name] // 1024} KiB"
    versions = ", ".join(f"{name} {peer['version']}" for name, peer in run["peers"].items())
    called = ", ".join(f"{name} {peer['overhead_us']:.1f} us" for name, peer in run["peers"].items() if peer["overhead_us"])
    lines = [f"- machine: {machine['model']} ({machine['cpu']}, {machine['level']}), {machine['cores']} cores, "
             f"L1 {kib('l1_bytes')}, L2 {kib('l2_bytes')}, L3 {kib('l3_bytes')}; {machine['system']}",
             f"- measured {run['date']}, Lathe {run['lathe']}, {run['repetitions']} samples of each, load of the machine at the start {run['load']:.1f}",
             f"- peers: {versions}"]
    lines += [f"- what Python adds to a call is in the times of {called}; a star marks a best peer of which that is more than a fifth"] if called else []
    lines += [f"- tuned: searches of {run['tune']} a case"] if run["tune"] else []
    return lines + [f"- not measured: {name}, {why}" for name, why in run["absent"].items()]


def summary_rows(cases):
    rows = []
    for title in dict.fromkeys(class_of(case) for case in cases):
        verdicts = [judge(case) for case in cases if class_of(case) == title]
        zero = [ratio for v in verdicts if (ratio := v.ratio(v.zero_shot))]
        ours = [ratio for v in verdicts if (ratio := v.ratio(v.lathe))]
        if zero:
            rows.append((title, len(zero), number(geometric_mean(zero)), number(min(zero)), number(geometric_mean(ours)), sum(r < 1 for r in ours)))
    return rows


def peer_text(row, run):
    if not row:
        return "no peer"
    overhead = run["peers"].get(row["peer"], {}).get("overhead_us", 0) if run else 0
    return f"{row['peer']}, {row['variant']}" + (" *" if overhead > row_us(row) / 5 else "")


def case_row(case, run):
    v = judge(case)
    return (case["id"], f"{case['operator']} {case['sizes'].replace(',', ', ')}", peer_text(v.peer, run), us(v.peer),
            number(fraction_of_bound(case, v.peer)), us(v.zero_shot), number(fraction_of_bound(case, v.zero_shot)), number(v.ratio(v.zero_shot)),
            f"{us(v.lathe)} ({v.lathe['variant']})" if v.lathe else "-", number(v.ratio(v.lathe)), case["bound_by"],
            number(v.zero_shot["compile_ms"], 0) if v.zero_shot else "-", "yes" if was_disturbed(case) else "")


def packing_rows(cases):
    for case in cases:
        call, before = judge(case, "in call"), judge(case, "beforehand")
        if before.peer or before.lathe:
            yield (case["id"], f"{call.peer['peer']} {us(call.peer)}" if call.peer else "-", us(call.lathe), number(call.ratio(call.lathe)),
                   f"{before.peer['peer']} {us(before.peer)}" if before.peer else "-", us(before.lathe), number(before.ratio(before.lathe)))


def apart_rows(cases):
    """What was timed in another numeric class, or computed something else."""
    for case in cases:
        for row in case["rows"]:
            if row["numeric"] != EXACT_CLASS:
                error = "-" if row["error"] is None else f"{row['error']:.2g}"
                yield case["id"], row["peer"], row["variant"], row["numeric"], error, us(row) if row["us"] else "not timed"


def all_rows(cases):
    for case in cases:
        for row in sorted((row for row in case["rows"] if counts(row)), key=row_us):
            yield (case["id"], row["peer"], row["variant"], row["layout"], row["packing"], us(row), f"{min(row['us']):.4g}",
                   f"{100 * spread(row['us']):.0f} %", number(fraction_of_bound(case, row)), f"{row['error']:.1g}")


def markdown(entries, source):
    cases, run = results.cases_of(entries), results.last_run(entries)
    lines = ["# Lathe beside its peers", "", f"Written by `./dev bench report` from `{source}`; `./dev bench peers` measures, `./dev bench peers --help` says how.",
             "All take turns in one run, one worker process each, the others stopped. Times are medians in microseconds. A ratio is the",
             "time of the best of all peers over Lathe's: above 1 Lathe is faster. The bound is the larger of operations over the rate of",
             "their pipe and bytes over the bandwidth of that working set, both measured beside the case; \"of bound\" is the part of it that",
             "is reached. Every output agreed with a reference in float64 first. A case is marked disturbed where other work on the machine",
             "took the CPU from more than a tenth of the samples, or lowered the meter.", ""]
    lines += machine_lines(run) if run else []
    disturbed = sum(was_disturbed(case) for case in cases)
    lines += ["", f"{disturbed} of {len(cases)} cases were disturbed by other work on the machine."]
    if disturbed:
        lines[-1] += " Their times are no measure of what is possible: only large differences mean something."
    for heading in dict.fromkeys(conditions(case) for case in cases):
        some = [case for case in cases if conditions(case) == heading]
        lines += ["", f"## {heading}", "", *table(("class", "cases", "zero-shot, geometric mean", "lowest", "Lathe's best, geometric mean", "lost"), summary_rows(some)),
                  "", *table(("case", "operator", "best peer", "us", "of bound", "zero-shot us", "of bound", "ratio", "Lathe's best us", "ratio", "bound by", "compile ms", "disturbed"),
                             [case_row(case, run) for case in some])]
        packing = list(packing_rows(some))
        if packing:
            lines += ["", "Weights packed inside the call, and beforehand:", "",
                      *table(("case", "peer, in call", "Lathe, in call", "ratio", "peer, beforehand", "Lathe, beforehand", "ratio"), packing)]
        apart = list(apart_rows(some))
        if apart:
            lines += ["", "Not compared: a reduced numeric class, or another result. (Integer products saturate in some peers on CPUs without",
                      "dot products of bytes.)", "", *table(("case", "peer", "variant", "class", "error", "us"), apart)]
        lines += ["", "<details><summary>all rows</summary>", "",
                  *table(("case", "peer", "variant", "layout", "packing", "median us", "min us", "spread", "of bound", "error"), all_rows(some)), "", "</details>"]
    return "\n".join(lines) + "\n"


def page(text, pictures):
    """`text` as it is, and the pictures inside the page."""
    parts = ["<!doctype html><meta charset=utf-8><title>Lathe beside its peers</title><style>body{font:14px sans-serif;margin:2em;max-width:110em}"
             "table{border-collapse:collapse}td,th{border:1px solid #bbb;padding:2px 6px;text-align:left}img{max-width:100%}</style>"]
    for path in pictures:
        with open(path, "rb") as file:
            data = base64.b64encode(file.read()).decode()
        parts.append(f'<h2>{html.escape(os.path.splitext(os.path.basename(path))[0].replace("-", " "))}</h2><img src="data:image/png;base64,{data}">')
    return "\n".join(parts[:1] + [_html(text)] + parts[1:])


def _html(text):
    """The little of Markdown that markdown() writes."""
    out, in_table = [], False
    for line in text.splitlines():
        if line.startswith("|") and not in_table:
            out.append("<table>")
            in_table = True
        elif in_table and not line.startswith("|"):
            out.append("</table>")
            in_table = False
        if line.startswith("|---"):
            continue
        if line.startswith("|"):
            out.append("<tr>" + "".join(f"<td>{html.escape(cell.strip())}</td>" for cell in line.strip("|").split("|")) + "</tr>")
        elif line.startswith("#"):
            level = len(line) - len(line.lstrip("#"))
            out.append(f"<h{level}>{html.escape(line.lstrip('# '))}</h{level}>")
        elif line.startswith("<"):
            out.append(line)
        elif line.startswith("- "):
            out.append(f"<li>{html.escape(line[2:])}</li>")
        else:
            out.append(html.escape(line) if line else "<p>")
    return "\n".join(out + ["</table>"] * in_table)


def run(path, markdown_path, folder):
    entries = results.read(path)
    if not results.cases_of(entries):
        raise ValueError(f"{path} has no results of cases")
    text = markdown(entries, os.path.basename(path))
    with open(markdown_path, "w", encoding="utf-8") as file:
        file.write(text)
    os.makedirs(folder, exist_ok=True)
    try:
        from . import plots
        pictures = plots.draw(results.cases_of(entries), folder)
    except ImportError as missing:
        print(f"no pictures: {missing}")
        pictures = []
    with open(os.path.join(folder, "performance.html"), "w", encoding="utf-8") as file:
        file.write(page(text, pictures))
    print("\n".join([markdown_path, os.path.join(folder, "performance.html"), *pictures]))
    return 0
