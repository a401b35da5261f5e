#!/usr/bin/env python3
"""Whether the linker's lists of hooks and the archives of hooks say the same: each `--wrap=X` has exactly one definition
of __wrap_X, each definition its line, and no function is in two lists.   wraps_test.py NM HOOKS_DIR ARCHIVE..."""
import pathlib
import re
import subprocess
import sys


def defined(nm, archives):
    lines = subprocess.run([nm, "--defined-only", *archives], check=True, capture_output=True, text=True).stdout
    return re.findall(r" [TtWw] __wrap_(\S+)$", lines, re.M)


def findings(listed, wrapped):
    for name in sorted(set(listed) | set(wrapped)):
        lines, definitions = listed.count(name), wrapped.count(name)
        if lines > 1:
            yield f"{name}: {lines} lines among the lists of wraps"
        if lines and not definitions:
            yield f"{name}: listed, but no hook defines __wrap_{name}: modules that use it do not link"
        if definitions and not lines:
            yield f"{name}: a hook without its line: never called"
        if definitions > 1:
            yield f"{name}: {definitions} hooks"


def check_itself():
    assert not list(findings(["a"], ["a"]))
    assert len(list(findings(["a", "a", "b"], ["a", "c", "c"]))) == 4


def main(nm, hooks, *archives):
    check_itself()
    listed = []
    for path in sorted(pathlib.Path(hooks).glob("*.wraps")):
        for line in path.read_text().split():
            if not line.startswith("--wrap="):
                sys.exit(f"{path.name}: not a wrap: {line}")
            listed.append(line.removeprefix("--wrap="))
    found = list(findings(listed, defined(nm, archives)))
    print("\n".join(found) or f"{len(listed)} hooks, each with its line")
    return 1 if found or not listed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
