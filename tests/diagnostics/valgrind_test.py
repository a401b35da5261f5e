#!/usr/bin/env python3
"""Hosts and modules run under valgrind, and lose no memory there. (I9)
valgrind_test.py PROGRAM MODULE PLACEMENT      exits with 77 where valgrind is missing, and says so"""
import shutil
import subprocess
import sys

SKIPPED = 77


def main():
    program, module, placement = sys.argv[1:4]
    valgrind = shutil.which("valgrind")
    if valgrind is None:
        print("SKIPPED: running under valgrind is not tested: it is not installed (package valgrind)")
        sys.exit(SKIPPED)
    result = subprocess.run(
        [valgrind, "--error-exitcode=9", "--leak-check=full", "--keep-debuginfo=yes",
         program, module, "3", placement],
        capture_output=True, text=True, timeout=280, check=False)
    print(result.stdout + result.stderr)
    if result.returncode != 0:
        sys.exit(f"the program failed under valgrind: {result.returncode}")
    if "3 cycles" not in result.stdout:
        sys.exit("the program did not come to its end")


main()
