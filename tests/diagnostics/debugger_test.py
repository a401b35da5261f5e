#!/usr/bin/env python3
"""gdb shows a module's functions with file and line after ten reloads in one process. (I8)
debugger_test.py PROGRAM MODULE SOURCE      exits with 77 where gdb is missing or may not trace, and says so"""
import re
import shutil
import subprocess
import sys

SKIPPED = 77


def skip(reason):
    print(f"SKIPPED: backtraces in gdb are not tested: {reason}")
    sys.exit(SKIPPED)


def line_of_call(source):
    """Where traced::innermost takes its trace."""
    with open(source, encoding="utf-8") as text:
        for number, line in enumerate(text, 1):
            if "_Unwind_Backtrace(&step" in line:
                return number
    sys.exit(f"{source}: the call is not there")


def main():
    program, module, source = sys.argv[1:4]
    gdb = shutil.which("gdb") or skip("gdb is not installed (package gdb)")
    line = line_of_call(source)
    commands = ["set pagination off", "set confirm off", "set debuginfod enabled off", "set breakpoint pending on",
                f"break traced.cc:{line}", "run", "bt", "info sharedlibrary traced", "kill"]
    arguments = [gdb, "-nx", "-batch"] + [word for command in commands for word in ("-ex", command)]
    result = subprocess.run([*arguments, "--args", program, module, "11", "in-process", "stop"],
                            capture_output=True, text=True, timeout=100, check=False)
    output = result.stdout + result.stderr
    if re.search(r"ptrace: Operation not permitted|Could not trace the inferior|warning: Error disabling", output):
        skip("this system does not let gdb trace a process")
    print(output)
    frames = re.findall(r"^#\d+ .*", output, re.M)
    for function in ("innermost", "outer", "where"):
        if not any(re.search(rf"\b{function}\b.* at .*traced\.cc:\d+$", frame) for frame in frames):
            sys.exit(f"gdb does not show {function} with its line")
    if not re.search(rf"^#0 .*innermost.* at .*traced\.cc:{line}$", frames[0]):
        sys.exit(f"the innermost frame is not at line {line}")
    if not any(re.search(r"\bmain\b", frame) for frame in frames):
        sys.exit("the stack does not reach the host's main")


main()
