"""./dev bench peers: workers, cases, progress, results."""

import datetime
import os
import platform
import subprocess
import sys
import tempfile
import time
import types

from . import environment, results, table
from .cases import Case, CaseError, parse_columns, read_cases, spec_of
from .measure import Measurement
from .peers import PEERS
from .processes import Process, WorkerError


def say(text):
    print(text, file=sys.stderr, flush=True)


class Lathe:
    """The worker of Lathe, and the schedules that it is asked for."""

    def __init__(self, root, build, options, cpus):
        self.root, self.build, self.options = root, build, options
        self.command, self.cpus = [os.path.join(build, "bench", "bench_worker")], cpus
        self.process = self.start()

    def start(self):
        return Process("lathe", self.command, cpus=self.cpus)

    def restart_if_gone(self):
        if not self.process.alive:
            self.process = self.start()

    def schedules(self, measurement):
        wanted = {"zero-shot": "zero-shot"}
        if measurement.described["author"]:
            wanted["author"] = "default"
        if self.options.tune:
            tuned = self.tune(measurement)
            if tuned:
                wanted["tuned"] = tuned
        return wanted

    def tune(self, measurement):
        """The path of a schedule that a search found; an earlier one is taken as it is."""
        common = measurement.common
        name = f"{measurement.described['name']}-{common['sizes']}-{common['params']}-{common['threads']}-{common['target'] or 'host'}"
        path = os.path.join(self.root, "build", "peers", "".join(c if c.isalnum() or c in "-_" else "_" for c in name) + ".lathe")
        if os.path.exists(path):
            return path
        text = lambda pairs: ",".join(f"{key}={value}" for key, value in pairs.items())
        command = [os.path.join(self.build, "tools", "lathe"), "tune", common["operator"], "--size", text(common["sizes"]),
                   "--threads", str(common["threads"]), "--budget", self.options.tune, "--store", os.path.join(self.root, "build", "peers", "tuning.db")]
        command += ["--set", text(common["params"])] if common["params"] else []
        command += ["--target", common["target"]] if common["target"] else []
        say(f"  tuning for {self.options.tune}")
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            say(f"  not tuned: {done.stderr.strip().splitlines()[-1:]}")
            return None
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(done.stdout)
        return path


def start_peers(root, options, cpus):
    there, absent = environment.set_up(root, options.peers or [peer.name for peer in PEERS])
    started, facts = {}, {}
    for peer in there:
        env = peer.environment(options.threads, options.target)
        if env is None:
            absent[peer.name] = f"cannot be held to {options.target}"
            continue
        process = Process(peer.name, [sys.executable, "-m", "bench.peers.peers", peer.name, environment.folder(root)], env, cpus, root)
        try:
            facts[peer.name] = process.ask(do="hello")
            started[peer.name] = process
        except WorkerError as error:
            absent[peer.name] = str(error)
    for name, why in absent.items():
        say(f"peers: without {name}: {why}")
    return started, facts, absent


def cases_of(options, root):
    if options.operator:
        return [Case(f"{spec_of(options.operator)} {text}".strip(), options.operator, parse_columns(text, "--size")) for text in options.size]
    cases = read_cases(options.cases or os.path.join(root, "bench", "suite", "cases.csv"))
    unknown = [one for one in options.only if one not in [case.id for case in cases]]
    if unknown:
        raise CaseError(f"--only: no case {', '.join(unknown)}; there are {', '.join(case.id for case in cases)}")
    return [case for case in cases if not options.only or case.id in options.only]


def key(case, options):
    return results.key_of({"id": case.id, "operator": case.operator, "sizes": case.sizes_text, "threads": options.threads,
                           "target": options.target, "cold": options.cold})


def check(options):
    names = [peer.name for peer in PEERS]
    unknown = [name for name in options.peers or [] if name not in names]
    if unknown:
        raise ValueError(f"--peers: no peer {', '.join(unknown)}; there are {', '.join(names)}")
    if options.threads > len(os.sched_getaffinity(0)):
        raise ValueError(f"--threads {options.threads}: this process may use {len(os.sched_getaffinity(0))} CPUs")


def run(options, root, build):
    check(options)
    cases = cases_of(options, root)
    have = set() if options.again else {results.key_of(case) for case in results.cases_of(results.read(options.results))}
    left = [case for case in cases if key(case, options) not in have]
    if len(left) < len(cases):
        say(f"peers: {len(cases) - len(left)} of {len(cases)} cases are in {options.results} already (--again measures them again)")
    failed = measure_all(left, options, root, build) if left else 0
    wanted = {key(case, options) for case in cases}
    print(table.text([case for case in results.cases_of(results.read(options.results)) if results.key_of(case) in wanted]))
    return 1 if failed else 0


def measure_all(cases, options, root, build):
    """How many could not be measured."""
    cpus = set(sorted(os.sched_getaffinity(0))[:options.threads])
    lathe = Lathe(root, build, options, cpus)
    others, failed, start = {}, 0, time.monotonic()
    try:
        host = lathe.process.ask(do="hello")
        others, facts, absent = start_peers(root, options, cpus)
        results.append(options.results, {
            "kind": "run", "date": datetime.datetime.now().isoformat(timespec="seconds"), "machine": machine(host), "lathe": revision(root),
            "peers": facts, "absent": absent, "tune": options.tune, "threads": options.threads, "target": options.target, "cold": options.cold,
            "repetitions": options.repetitions, "load": os.getloadavg()[0]})
        plan = types.SimpleNamespace(threads=options.threads, target=options.target, cold=options.cold, repetitions=options.repetitions,
                                     l3_bytes=host["l3_bytes"])
        for number, case in enumerate(cases):
            passed = time.monotonic() - start
            rest = f", about {passed / number * (len(cases) - number) / 60:.0f} min left" if number else ""
            say(f"[{number + 1}/{len(cases)}] {case.id} {case.operator} {case.sizes_text}{rest}")
            lathe.restart_if_gone()
            failed += not measure_one(case, lathe, {name: process for name, process in others.items() if process.alive}, plan, options)
    finally:
        for process in (lathe.process, *others.values()):
            process.end()
    return failed


def measure_one(case, lathe, others, plan, options):
    """Whether the results have it now."""
    with tempfile.TemporaryDirectory(prefix="lathe-peers-", dir=options.scratch) as folder:
        try:
            measurement = Measurement(case, lathe.process, others, plan, folder, say)
            for note in measurement.notes():
                say(f"  {note}")
            entry = measurement.run(lathe.schedules(measurement))
        except (WorkerError, CaseError) as error:
            say(f"  {case.id} is not measured: {error}")
            return False
    results.append(options.results, entry)
    say("  " + table.line(entry))
    return True


def machine(host):
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        names = [line.split(":", 1)[1].strip() for line in file if line.startswith("model name")]
    return {"model": names[0] if names else platform.processor(), "cores": os.cpu_count(), "system": platform.platform(), **host}


def revision(root):
    """The commit that last changed what is measured."""
    measured = ["--", ".", ":!bench", ":!docs", ":!tests", ":!dev", ":!*.md", ":!.gitignore"]
    git = lambda *words: subprocess.run(["git", "-C", root, *words, *measured], capture_output=True, text=True, check=False).stdout.strip()
    return (git("log", "-1", "--format=%h") or "unknown") + (" with changes" if git("status", "--porcelain") else "")
