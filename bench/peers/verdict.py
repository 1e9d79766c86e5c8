"""What a case says, from the rows of its participants. A row takes part where its output agreed with the reference in the
case's numeric class; the others are listed and not compared."""

import dataclasses

from .stats import median

LATHE = "lathe"
EXACT_CLASS = "full"  # the class of the operator's own types; others: reduced


@dataclasses.dataclass
class Verdict:
    """The best row of each; None: there is none."""

    peer: dict = None
    zero_shot: dict = None
    lathe: dict = None  # zero-shot, the author's schedule or tuned

    def ratio(self, ours):
        """How many times as fast as the best peer: above 1 Lathe wins."""
        return row_us(self.peer) / row_us(ours) if self.peer and ours else None


def row_us(row):
    return median(row["us"])


def counts(row):
    return bool(row.get("us")) and row.get("numeric") == EXACT_CLASS


def best(rows):
    return min(rows, key=row_us, default=None)


def judge(case, packing=None):
    """The best of all; or with `packing`, of the rows that pack inside the call ("in call") or beforehand."""
    rows = [row for row in case["rows"] if counts(row) and packing in (None, row["packing"])]
    ours = [row for row in rows if row["peer"] == LATHE]
    return Verdict(best([row for row in rows if row["peer"] != LATHE]), best([row for row in ours if row["variant"] == "zero-shot"]), best(ours))


def fraction_of_bound(case, row):
    return case["bound_us"] / row_us(row) if row and case.get("bound_us") else None


def was_disturbed(case):
    """A tenth of the samples lost the CPU, or the meter kept falling: the machine was busy, and the times are what it let them be."""
    return case["still_disturbed"] or case["preempted"] > 0.1
