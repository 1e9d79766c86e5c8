"""The file of results: one JSON object a line. A `run` line says on what machine and with what; the `case` lines after it
belong to it. Lines are only ever added, so that an interrupted run goes on, and a torn last line is skipped."""

import json
import os


def append(path, entry):
    os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
    torn = False
    if os.path.exists(path) and os.path.getsize(path):
        with open(path, "rb") as file:
            file.seek(-1, os.SEEK_END)
            torn = file.read(1) != b"\n"
    with open(path, "a", encoding="utf-8") as file:
        file.write(("\n" if torn else "") + json.dumps(entry, separators=(",", ":")) + "\n")
        file.flush()
        os.fsync(file.fileno())


def read(path):
    """All whole lines, in order."""
    entries = []
    if not os.path.exists(path):
        return entries
    with open(path, encoding="utf-8") as file:
        for line in file:
            try:
                entries.append(json.loads(line))
            except json.JSONDecodeError:
                continue
    return [entry for entry in entries if isinstance(entry, dict)]


def last_run(entries):
    return next((entry for entry in reversed(entries) if entry.get("kind") == "run"), None)


def cases_of(entries):
    """The last entry of each case in the order of their first: a case that was measured again replaces the older one."""
    found = {}
    for entry in entries:
        if entry.get("kind") == "case":
            found[key_of(entry)] = entry
    return list(found.values())


def key_of(case):
    return (case["id"], case["operator"], case["sizes"], case["threads"], case["target"], case["cold"])
