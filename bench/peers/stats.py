"""Numbers from samples. Medians, for a shared machine has outliers on one side; intervals by resampling, for times have no
distribution that one could name."""

import math
import random
import statistics

median = statistics.median


def geometric_mean(values):
    return math.exp(statistics.fmean(math.log(value) for value in values)) if values else float("nan")


def spread(samples):
    """Half of the interquartile range over the median: how far from it a typical sample lies."""
    if len(samples) < 4:
        return 0.0
    low, middle, high = statistics.quantiles(samples, n=4)
    return (high - low) / 2 / middle if middle else 0.0


def ratio_interval(old, new, confidence=0.95, rounds=1000, seed=1):
    """median(new) / median(old) and the ends of its confidence interval, by the bootstrap."""
    draw = random.Random(seed)
    ratios = sorted(median(draw.choices(new, k=len(new))) / median(draw.choices(old, k=len(old))) for _ in range(rounds))
    cut = int((1 - confidence) / 2 * rounds)
    return median(new) / median(old), ratios[cut], ratios[rounds - 1 - cut]


def is_disturbed(before, after, best, tolerance=0.07):
    """Whether the meter fell, by a neighbour or a lower clock, in an interval that it was read before and after."""
    return min(before, after) < (1 - tolerance) * best
