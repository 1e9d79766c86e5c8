"""A line of text for each case: what one sees while it is measured, and at the end."""

from .stats import geometric_mean
from .verdict import fraction_of_bound, judge, row_us, was_disturbed


def _us(row):
    return f"{row_us(row):.4g}" if row else "-"


def _number(value, form=".2f"):
    return format(value, form) if value is not None else "-"


COLUMNS = (("case", 6), ("operator", 22), ("best peer", 26), ("us", 10), ("zero-shot us", 13), ("ratio", 6), ("of bound", 9),
           ("Lathe's best", 13), ("us", 10), ("ratio", 6), ("peer of bound", 14), ("compile ms", 10))


def cells(case):
    verdict = judge(case)
    peer, ours = verdict.peer, verdict.lathe
    return (case["id"], case["operator"], f"{peer['peer']} {peer['variant']}" if peer else "-", _us(peer), _us(verdict.zero_shot),
            _number(verdict.ratio(verdict.zero_shot)), _number(fraction_of_bound(case, verdict.zero_shot)), ours["variant"] if ours else "-",
            _us(ours), _number(verdict.ratio(ours)), _number(fraction_of_bound(case, peer)),
            _number(verdict.zero_shot and verdict.zero_shot.get("compile_ms"), ".1f"))


def line(case):
    verdict = judge(case)
    parts = [f"{row['peer']} {row['variant']} {row_us(row):.4g} us" for row in (verdict.zero_shot, verdict.peer) if row]
    ratio = verdict.ratio(verdict.zero_shot)
    return ", ".join(parts) + (f": {ratio:.2f} times as fast" if ratio else "") + (", disturbed" if was_disturbed(case) else "")


def text(cases):
    rows = [tuple(name for name, _ in COLUMNS)] + [cells(case) for case in cases]
    lines = ["".join(f"{cell:<{width}}"[:width] + " " for cell, (_, width) in zip(row, COLUMNS)).rstrip() for row in rows]
    verdicts = [judge(case) for case in cases]
    for name, of in (("zero-shot", "zero_shot"), ("Lathe's best", "lathe")):
        ratios = [v.ratio(getattr(v, of)) for v in verdicts if v.ratio(getattr(v, of))]
        if ratios:
            lines.append(f"{name}: geometric mean of {len(ratios)} ratios {geometric_mean(ratios):.3f}, {sum(r < 1 for r in ratios)} below 1, lowest {min(ratios):.3f}")
    return "\n".join(lines)
