"""The command line of the bench beside peers: python -m bench.peers VERB, run by ./dev from the root of the tree."""

import argparse
import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def positive(text):
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"got {value}, need at least 1")
    return value


def parser():
    top = argparse.ArgumentParser(prog="./dev bench", description="Lathe beside its peers")
    verbs = top.add_subparsers(dest="verb", required=True)
    peers = verbs.add_parser("peers", help="measure", description="Measures Lathe beside its peers, in turns, and adds the results to a file.",
                             epilog="examples: ./dev bench peers --only G1,C1   ./dev bench peers --operator matmul --size M=7,N=4093,K=1031 --threads 2")
    what = peers.add_mutually_exclusive_group()
    what.add_argument("--cases", help="a CSV file with the columns of bench/suite/cases.csv, which is the default")
    what.add_argument("--operator", help="one operator instead: its name in the standard library, or FILE.lathe[:op]")
    peers.add_argument("--size", action="append", default=[], help="of --operator: sizes and parameters, M=7,N=4093; may be repeated")
    peers.add_argument("--only", type=lambda text: text.split(","), default=[], help="ids of cases: G1,C1")
    peers.add_argument("--threads", type=positive, default=1)
    peers.add_argument("--peers", type=lambda text: text.split(","), help="names; all if not given")
    peers.add_argument("--target", default="", help="an instruction set that all are held to: x86-64-v3")
    peers.add_argument("--cold", action="store_true", help="rotate over arguments larger than the last cache")
    peers.add_argument("--tune", help="also search for a schedule of each case, for so long: 30s, 5m")
    peers.add_argument("--repetitions", type=positive, default=20, help="samples of each (default 20)")
    peers.add_argument("--results", default=os.path.join(ROOT, "build", "peers", "results.jsonl"), help="(default build/peers/results.jsonl)")
    peers.add_argument("--again", action="store_true", help="measure also what the results have already")
    peers.add_argument("--scratch", default=None, help="a folder for the arguments' files")
    report = verbs.add_parser("report", help="write docs/performance.md and a page with pictures")
    report.add_argument("file", metavar="RESULTS")
    report.add_argument("--markdown", default=os.path.join(ROOT, "docs", "performance.md"))
    report.add_argument("--folder", default=os.path.join(ROOT, "build", "peers", "report"), help="of the page and the pictures (default build/peers/report)")
    compare = verbs.add_parser("compare", help="what became slower between two files of results; exit code 1 where something did")
    compare.add_argument("old", metavar="OLD")
    compare.add_argument("new", metavar="NEW")
    compare.add_argument("--tolerance", type=float, default=0.03, help="a smaller change is none (default 0.03)")
    verbs.add_parser("self-check", help="time a loop, a sleep and a slow kernel")
    return top


def in_own_environment():
    """Goes on in the peers' Python, which has NumPy."""
    from . import environment
    environment.create(ROOT)
    if os.path.abspath(sys.prefix) != environment.folder(ROOT):
        os.execv(environment.python(ROOT), [environment.python(ROOT), "-m", "bench.peers", *sys.argv[1:]])


def act(options):
    if options.verb == "compare":
        from . import compare
        return compare.run(options.old, options.new, options.tolerance)
    in_own_environment()
    if options.verb == "report":
        from . import report
        return report.run(options.file, options.markdown, options.folder)
    build = os.environ.get("LATHE_BUILD", os.path.join(ROOT, "build", "release"))
    if options.verb == "self-check":
        from . import self_check
        return self_check.run(ROOT, build)
    from . import runner
    if options.operator and not options.size:
        raise ValueError("--operator needs --size: M=7,N=4093")
    return runner.run(options, ROOT, build)


def main():
    options = parser().parse_args()
    from .cases import CaseError
    try:
        return act(options)
    except (CaseError, ValueError, OSError) as error:
        print(f"{options.verb}: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"{options.verb}: interrupted; the same command goes on", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
