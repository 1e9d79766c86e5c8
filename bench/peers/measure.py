"""One case: data, reference, the participants one after the other until each agrees with the reference, then rounds in which
every participant has one turn. Disturbance is seen in two ways: another process took the CPU during a sample, which is taken
again at once; or the meter, read between blocks of rounds, fell (a lower clock, a neighbour of the whole machine), and the block
is measured again. Both have an end, for a machine may always be busy; what was left disturbed is told."""

import math
import os

import numpy

from . import formulas
from .cases import CaseError, spec_of, split_columns
from .processes import WorkerError
from .stats import is_disturbed, median
from .verdict import LATHE

BLOCK = 5  # rounds between two readings of the meter
SAMPLE_US = 2000  # a sample is at least so long: a batch of shorter calls
WARM_US = 8000  # so long calls run before those that are timed
MOST_REPEATS = 4  # of blocks, for each case
MOST_TRIES = 4  # of a sample
LONG_US = 50_000  # a longer call finds the caches as it leaves them, and some other process always comes in between
SLOW = 4  # times the fastest: who is so much slower after the first block takes no further turns
HOPELESS = 20  # who is so much slower in the first call takes none


def make_inputs(arguments, seed):
    """Numbers from -1 to 1, or all values of the integers: by the argument's type alone."""
    draw = numpy.random.default_rng(seed)
    ranges = {"i8": (-127, 128, numpy.int8), "u8": (0, 256, numpy.uint8), "i4": (-8, 8, numpy.int8), "i32": (-1000, 1000, numpy.int32)}
    inputs = {}
    for argument in arguments:
        if argument["output"]:
            continue
        dtype, shape = argument["dtype"], argument["shape"]
        if dtype in ranges:
            low, high, kind = ranges[dtype]
            inputs[argument["name"]] = draw.integers(low, high, shape, dtype=kind)
        elif dtype in ("f32", "f16", "f64"):
            kind = {"f32": numpy.float32, "f16": numpy.float16, "f64": numpy.float64}[dtype]
            inputs[argument["name"]] = draw.uniform(-1, 1, shape).astype(kind)
        else:
            raise CaseError(f"the bench makes no {dtype} for argument {argument['name']}")
    return inputs


def as_written(value):
    return int(value) if float(value).is_integer() else value


class Participant:
    def __init__(self, process, peer, variant, handle, facts):
        self.process, self.handle, self.batch = process, handle, 1
        self.once_us = self.samples = self.preempted = 0
        self.row = {"peer": peer, **variant, "us": [], **facts}

    def turn(self, calls=None):
        """Mean time of a call, after others that are not timed: whoever ran before leaves caches and a clock of his own, and a single
        call brings back neither (a product of 192^3 took a third longer right after another process than after itself; a
        depthwise convolution of 14 MB was twice as slow after two calls as after four). They follow at once, in one request: a
        process that waits for the next one finds the machine asleep (a softmax of 16 MB took 2.4 ms then, and 1.5 otherwise)."""
        for _ in range(1 if self.once_us > LONG_US else MOST_TRIES):
            before = min(1_000_000, math.ceil(WARM_US / max(self.once_us, 0.001))) if 0 < self.once_us <= LONG_US else 0
            answer = self.process.ask(do="run", handle=self.handle, calls=calls or self.batch, before=before)
            if not answer["preempted"]:
                break
        self.samples += 1
        self.preempted += bool(answer["preempted"])
        return answer["us"]

    def choose_batch(self):
        once = self.once_us = self.turn(1)
        if once < SAMPLE_US:
            once = self.turn(max(1, int(SAMPLE_US / 4 / max(once, 0.01))))
        self.batch = min(1_000_000, math.ceil(SAMPLE_US / max(once, 0.001)))


def one_round(participants, number):
    """The time of each; every second round goes backwards, so that nobody always follows the same one."""
    order = participants if number % 2 == 0 else participants[::-1]
    times = {id(each): each.turn() for each in order}
    return [times[id(each)] for each in participants]


class Measurement:
    """`lathe` is Lathe's process, `others` those of the peers by name; `schedules` of Lathe: label -> what --schedule takes."""

    def __init__(self, case, lathe, others, options, folder, say):
        self.case, self.lathe, self.others, self.options, self.folder, self.say = case, lathe, others, options, folder, say
        self.common = {"operator": spec_of(case.operator), "threads": options.threads, "target": options.target}
        names = lathe.ask(do="describe", **self.common)
        defaults = {param["name"]: as_written(param["value"]) for param in names["params"]}
        self.sizes, given, self.unused = split_columns(case.columns, names["sizes"], list(defaults))
        self.params = {**defaults, **given}
        self.common.update(sizes=self.sizes, params=given)
        self.described = lathe.ask(do="describe", **self.common)
        self.common["copies"] = self._copies()
        # What an operator of one's own computes does not follow from its name.
        self.is_standard = self.common["operator"].startswith("stdlib:")
        self.files, self.inputs, self.wanted = {}, [], None

    def _copies(self):
        if not self.options.cold:
            return 1
        return int(min(64, 2 + 2 * self.options.l3_bytes // max(self.described["bytes"], 1)))

    def notes(self):
        """What one should know before believing that the operator is the case."""
        if self.unused:
            yield f"{self.described['name']} has no {', '.join(self.unused)}"
        counted = self.described["bytes"]
        if self.case.min_bytes and abs(counted - self.case.min_bytes) > 0.01 * self.case.min_bytes:
            yield f"the case says {self.case.min_bytes} bytes, the formula needs {counted}"

    def run(self, schedules):
        """The entry of the results; None where the case cannot be measured, which is said."""
        try:
            self._write_data()
            participants = self._participants(schedules)
            timed = [each for each in participants if each.row["numeric"] != "wrong"]
            readings, repeated = self._rounds(timed) if timed else ([self._meter()], 0)
            return self._entry(participants, readings, repeated)
        finally:
            for process in (self.lathe, *self.others.values()):
                if process.alive:
                    process.ask(do="drop")
            for path in self.files.values():
                if os.path.exists(path):
                    os.remove(path)

    def _write_data(self):
        inputs = make_inputs(self.described["arguments"], seed=1)
        self.inputs = list(inputs)
        for argument in self.described["arguments"]:
            self.files[argument["name"]] = os.path.join(self.folder, argument["name"] + ".npy")
        for name, array in inputs.items():
            numpy.save(self.files[name], array)
        if self.is_standard:
            self.wanted = formulas.reference(self.described["name"], self.case.columns, self.params, list(inputs.values()))

    def _participants(self, schedules):
        made = []
        for variant, schedule in schedules.items():
            made += self._prepared(self.lathe, LATHE, {"variant": variant, "layout": "as written"}, {"schedule": schedule})
        for name, process in self.others.items() if self.is_standard else ():
            request = {"name": self.described["name"], "columns": self.case.columns, "params": self.params, "inputs": self.inputs}
            try:
                variants = process.ask(do="variants", **{**self.common, **request})["variants"]
            except WorkerError as error:
                self.say(f"  {name}: {error}")
                continue
            for variant in variants:
                made += self._prepared(process, name, variant, {**request, "variant": variant["variant"]})
        return made

    def _prepared(self, process, peer, variant, request):
        """A participant in a list; or none, which is said."""
        output = self.files[[a["name"] for a in self.described["arguments"] if a["output"]][0]]
        try:
            facts = process.ask(do="prepare", files=self.files, **{**self.common, **request})
            handle = facts.pop("handle")
            if self.wanted is not None:
                facts["numeric"], facts["error"] = formulas.numeric_class(self.described["name"], self.case.columns, numpy.load(output), self.wanted)
            elif peer == LATHE:
                check = process.ask(do="check", handle=handle)
                facts["numeric"], facts["error"] = "full" if check["good"] else "wrong", check["max_error"]
            else:
                facts["numeric"], facts["error"] = "wrong", None
        except WorkerError as error:
            self.say(f"  {peer} {variant['variant']}: {error}")
            return []
        if facts["numeric"] == "wrong":
            self.say(f"  {peer} {variant['variant']} computes something else: error {facts['error']}; not timed")
        if peer == LATHE:
            variant["packing"] = "beforehand" if facts.pop("packed") else "in call"
        return [Participant(process, peer, variant, handle, facts)]

    def _meter(self):
        return self.lathe.ask(do="meter", **self.common)

    def _rounds(self, participants):
        for each in participants:
            each.choose_batch()
        fastest = min(each.once_us for each in participants)
        participants = [each for each in participants if each.once_us <= HOPELESS * fastest or each.row["peer"] == LATHE]
        readings, repeated, done = [self._meter()], 0, 0
        while done < self.options.repetitions:
            fastest = min(median(each.row["us"]) for each in participants) if done else 0
            timed = [each for each in participants if not done or median(each.row["us"]) <= SLOW * fastest or each.row["peer"] == LATHE]
            block = [one_round(timed, number) for number in range(done, min(done + BLOCK, self.options.repetitions))]
            readings.append(self._meter())
            best = max(reading["peak_gflops"] for reading in readings)
            if is_disturbed(readings[-2]["peak_gflops"], readings[-1]["peak_gflops"], best) and repeated < MOST_REPEATS:
                repeated += 1
                continue
            done += len(block)
            for times in block:
                for each, us in zip(timed, times):
                    each.row["us"].append(us)
        return readings, repeated

    def _entry(self, participants, readings, repeated):
        peaks = [reading["peak_gflops"] for reading in readings]
        return {
            "kind": "case", "id": self.case.id, "operator": self.case.operator, "sizes": self.case.sizes_text, "note": self.case.note,
            "threads": self.options.threads, "target": self.options.target, "cold": self.options.cold,
            "operations": self.described["operations"], "bytes": self.described["bytes"], "unused": self.unused,
            "bound_us": median([reading["bound_us"] for reading in readings]), "bound_by": readings[0]["bound_by"],
            "peak_gflops": median(peaks), "peak_spread": [min(peaks), max(peaks)],
            "read_gbytes_per_s": median([reading["read_gbytes_per_s"] for reading in readings]),
            "blocks_repeated": repeated, "still_disturbed": repeated >= MOST_REPEATS,
            "preempted": sum(each.preempted for each in participants) / max(1, sum(each.samples for each in participants)),
            "rows": [each.row for each in participants],
        }
