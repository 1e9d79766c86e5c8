"""./dev bench compare OLD NEW: what became slower or faster between two files of results. A change counts where the whole
confidence interval of the ratio of medians is beyond the tolerance. Times of one run are brought to the same clock first: by
the peak that the meter saw beside each case, where that was the bound; by the bandwidth where memory was."""

from . import results
from .stats import geometric_mean, ratio_interval
from .verdict import LATHE, counts


def rate(case):
    return case["read_gbytes_per_s"] if case["bound_by"] == "memory" else case["peak_gflops"]


def rows_by_name(case, peer):
    return {row["variant"]: row for row in case["rows"] if row["peer"] == peer and counts(row)}


def changes(old, new, peer=LATHE, tolerance=0.03):
    """Of each case and variant in both: (id, variant, ratio, low, high, verdict); ratio above 1: slower than before."""
    before = {results.key_of(case): case for case in results.cases_of(old)}
    found = []
    for case in results.cases_of(new):
        earlier = before.get(results.key_of(case))
        if earlier is None:
            continue
        ours = rows_by_name(case, peer)
        for variant, row in rows_by_name(earlier, peer).items():
            if variant not in ours:
                continue
            clock = rate(case) / rate(earlier) if rate(earlier) and rate(case) else 1
            ratio, low, high = (value * clock for value in ratio_interval(row["us"], ours[variant]["us"]))
            verdict = "slower" if low > 1 + tolerance else "faster" if high < 1 - tolerance else "same"
            found.append((case["id"], variant, ratio, low, high, verdict))
    return found


def text(found, only_in_one):
    lines = [f"{'case':<8} {'variant':<12} {'new/old':>8}  95 % interval"]
    for id, variant, ratio, low, high, verdict in sorted(found, key=lambda change: -change[2]):
        lines.append(f"{id:<8} {variant:<12} {ratio:>8.3f}  {low:.3f} to {high:.3f}{'' if verdict == 'same' else '  ' + verdict}")
    slower, faster = (sum(change[5] == word for change in found) for word in ("slower", "faster"))
    mean = geometric_mean([change[2] for change in found])
    lines.append(f"{len(found)} compared, {slower} slower, {faster} faster, geometric mean {mean:.3f}" + (f"; {only_in_one} in one file only" if only_in_one else ""))
    return "\n".join(lines)


def run(old_path, new_path, tolerance):
    """The exit code: 1 where something became slower."""
    old, new = results.read(old_path), results.read(new_path)
    for path, entries in ((old_path, old), (new_path, new)):
        if not results.cases_of(entries):
            raise ValueError(f"{path} has no results of cases")
    found = changes(old, new, tolerance=tolerance)
    keys = [{results.key_of(case) for case in results.cases_of(entries)} for entries in (old, new)]
    print(text(found, len(keys[0] ^ keys[1])) if found else "the files have no case in common")
    return 1 if any(change[5] == "slower" for change in found) else 0
