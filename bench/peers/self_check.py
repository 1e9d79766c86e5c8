"""./dev bench self-check: does the bench report what is known? Its own workers, turns and samples time a chain of additions
beside one twice as long, a sleep, and a kernel of Lathe beside itself and beside itself made slow."""

import os
import sys
import tempfile
import types

import numpy

from . import environment, native
from .measure import Participant, one_round
from .processes import Process
from .stats import median

ADDITIONS = 1_000_000  # one cycle each
SLEEP_US = 5000
EXTENT = 192  # of the product that is made slow by taking its schedule away
ROUNDS = 40


class Plain:
    """An adapter like those of the peers: its variants are the chains and the sleep."""

    def __init__(self, folder):
        self.repeat = native.library(folder)

    def version(self):
        return "self-check"

    def prepare(self, request, variant):
        function, amount = {"loop": (self.repeat.time_additions, ADDITIONS), "twice": (self.repeat.time_additions, 2 * ADDITIONS),
                            "sleep": (self.repeat.time_sleep, SLEEP_US)}[variant]
        return types.SimpleNamespace(run=lambda calls: function(native.ctypes.c_int64(amount), calls), output=lambda: numpy.zeros(1))


def times_of(participants):
    for each in participants:
        each.choose_batch()
    rounds = [one_round(participants, number) for number in range(ROUNDS)]
    return list(zip(*rounds))


def ratio(one, other):
    """How many times slower one is: the median over pairs of rounds, there and back. Neighbouring turns find the same neighbours on
    the machine; of minima, the lower one is chance on a machine that is never idle."""
    return median([(one[i] + one[i + 1]) / (other[i] + other[i + 1]) for i in range(0, ROUNDS, 2)])


def prepared(process, variant, **request):
    handle = process.ask(do="prepare", variant=variant, **request)["handle"]
    return Participant(process, process.name, {"variant": variant}, handle, {})


def checks(plain, lathe, folder):
    """(what, got, the lowest and the highest that are right)."""
    files = {name: os.path.join(folder, name + ".npy") for name in "ABC"}
    for name in "AB":
        numpy.save(files[name], numpy.random.default_rng(1).uniform(-1, 1, (EXTENT, EXTENT)).astype(numpy.float32))
    parts = [prepared(plain, variant, files=files, inputs=["A", "B"]) for variant in ("loop", "twice", "sleep")]
    product = {"operator": "stdlib:matmul", "sizes": {"M": EXTENT, "N": EXTENT, "K": EXTENT}, "files": files}
    parts += [prepared(lathe, schedule, schedule=schedule, **product) for schedule in ("zero-shot", "zero-shot", "naive")]
    loop, twice, sleep, kernel, again, slow = times_of(parts)
    return [("a chain of additions gives the clock of a CPU, GHz", ADDITIONS / min(loop) * 1e-3, 0.8, 7),
            ("one twice as long takes twice the time", min(twice) / min(loop), 1.9, 2.1),
            (f"a sleep of {SLEEP_US} us takes as long", min(sleep) / SLEEP_US, 0.99, 1.3),
            ("a kernel is as fast as itself", ratio(again, kernel), 0.92, 1.08),
            ("without its schedule it is slow", ratio(slow, kernel), 1.5, 1000)]


def run(root, build):
    """The exit code: 1 where a report is wrong."""
    plain = Process("self-check", [sys.executable, "-m", "bench.peers.self_check", environment.folder(root)], cwd=root)
    lathe = Process("lathe", [os.path.join(build, "bench", "bench_worker")])
    try:
        with tempfile.TemporaryDirectory() as folder:
            rows = checks(plain, lathe, folder)
    finally:
        plain.end()
        lathe.end()
    for what, got, low, high in rows:
        print(f"{'good' if low <= got <= high else 'WRONG':<6} {what}: {got:.3f} ({low} to {high})")
    return 0 if all(low <= got <= high for _, got, low, high in rows) else 1


if __name__ == "__main__":
    from .worker import serve
    serve(Plain(sys.argv[1]))
