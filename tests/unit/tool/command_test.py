#!/usr/bin/env python3
"""Drives the program $BULKHEAD_COMMAND with the module $SAMPLE. expected/ holds what `inspect` shows of it, but for the
build and the libraries, which differ between compilers. (C9, T1, T2)"""
import json
import os
import pathlib
import subprocess
import tempfile
import unittest

COMMAND = os.environ["BULKHEAD_COMMAND"]
SAMPLE = os.environ["SAMPLE"]
EXPECTED = pathlib.Path(__file__).resolve().parent / "expected"
ADD = "add(a: Int32, b: Int32) -> (sum: Int32)"
OK, CALL_FAILED, USAGE, NOT_LOADED, NO_ANSWER, SYSTEM = range(6)


def run(*arguments, stdin=b"", stdout=subprocess.PIPE):
    environment = {name: value for name, value in os.environ.items() if name != "BULKHEAD_PLACEMENT"}
    return subprocess.run([COMMAND, *arguments], input=stdin, stdout=stdout, stderr=subprocess.PIPE,
                          env=environment, timeout=120, check=False)


class CommandTest(unittest.TestCase):
    def expect(self, result, status, out=b"", said=""):
        self.assertEqual((result.returncode, result.stdout), (status, out), result.stderr)
        self.assertIn(said, result.stderr.decode())

    def in_both_placements(self, *arguments, **options):
        for placement in [], ["--isolated"]:
            yield run("call", SAMPLE, *arguments, *placement, **options)


class Call(CommandTest):
    def test_the_result_alone_is_on_standard_output(self):
        for result in self.in_both_placements("Sample.add", '{"a": 3, "b": 4}'):
            self.expect(result, OK, b'{"sum":7}\n')
            self.assertEqual(result.stderr, b"")

    def test_what_the_module_prints_and_logs_goes_to_standard_error(self):
        for result in self.in_both_placements("print", '{"line": "printed"}'):
            self.expect(result, OK, b'{"length":7}\n', "printed")
        for result in self.in_both_placements("log", '{"line": "logged \\u001b[31m"}'):
            self.expect(result, OK, b"{}\n", "[sample] logged \ufffd[31m")

    def test_parameters_may_be_left_out_or_come_from_standard_input(self):
        self.expect(run("call", SAMPLE, "add"), OK, b'{"sum":0}\n')
        self.expect(run("call", SAMPLE, "add", "-", stdin=b'{"a":5}'), OK, b'{"sum":5}\n')

    def test_pretty_results_are_spaced(self):
        self.expect(run("call", SAMPLE, "add", "--pretty"), OK, b'{"sum": 0}\n')

    def test_text_of_a_module_does_not_reach_the_terminal_raw(self):
        for result in self.in_both_placements("echo", '{"text": "\\u009b\\u007f\\u001b", "data": [1]}'):
            self.expect(result, OK, b'{"text":"\\u009b\\u007f\\u001b","data":[1]}\n')

    def test_a_method_that_fails_is_1(self):
        for result in self.in_both_placements("fail", '{"text": "no \\u001b[31m more"}'):
            self.expect(result, CALL_FAILED, b"", "moduleError: sample: Sample.fail: no \ufffd[31m more")

    def test_an_import_that_is_not_there_is_1(self):
        for result in self.in_both_placements("ask"):
            self.expect(result, CALL_FAILED, b"", "unimplemented: sample: Sample.ask")

    def test_wrong_usage_is_2(self):
        self.expect(run(), USAGE, b"", "subcommand")
        self.expect(run("call", SAMPLE), USAGE, b"", "METHOD")
        self.expect(run("call", SAMPLE, "add", "{}", "--deadline", "0"), USAGE, b"", "--deadline")
        self.expect(run("call", SAMPLE, "add", "{}", "--no-such-option"), USAGE, b"", "--no-such-option")

    def test_a_wrong_method_is_2_and_shows_the_right_ones(self):
        for result in self.in_both_placements("Sample.ad"):
            self.expect(result, USAGE, b"", "did you mean Sample.add")
            self.assertIn("\n  Sample." + ADD, result.stderr.decode())

    def test_wrong_json_is_2_and_shows_the_signature(self):
        for json_text, said in [('{"a": 1,}', "line 1, column 9"), ('{"a": "x"}', "a: a number is expected"),
                                ('{"c": 1}', "c: there is no such field"), ('{"a": 3000000000}', "out of range")]:
            result = run("call", SAMPLE, "add", json_text)
            self.expect(result, USAGE, b"", said)
            self.assertIn("the signature is " + ADD, result.stderr.decode())

    def test_a_file_that_is_not_there_or_no_module_is_3(self):
        for file in ["/no/such/file.so", __file__, "/"]:
            for placement in [], ["--isolated"]:
                self.expect(run("call", file, "add", *placement), NOT_LOADED, b"", file)

    def test_a_hang_is_ended_by_the_deadline_and_is_4(self):
        self.expect(run("call", SAMPLE, "hang", "--isolated", "--deadline", "200"), NO_ANSWER, b"",
                    "deadlineExceeded: sample: Sample.hang")

    def test_a_crash_is_4(self):
        self.expect(run("call", SAMPLE, "crash", "--isolated"), NO_ANSWER, b"", "moduleDied: sample: Sample.crash")

    def test_output_that_cannot_be_written_is_5(self):
        with open("/dev/full", "wb") as full:
            for arguments in ["call", SAMPLE, "add"], ["inspect", SAMPLE]:
                result = run(*arguments, stdout=full)
                self.assertEqual(result.returncode, SYSTEM, result.stderr)
                self.assertIn(b"cannot be written", result.stderr)

    def test_help_tells_the_exit_status(self):
        for arguments in [], ["call"], ["inspect"]:
            result = run(*arguments, "--help")
            self.assertEqual(result.returncode, OK)
            self.assertIn(b"Exit status:", result.stdout)
        self.assertTrue(run("--version").stdout.startswith(b"bulkhead "))


class Inspect(CommandTest):
    def test_text_shows_contracts_and_signatures(self):
        result = run("inspect", SAMPLE)
        self.assertEqual(result.returncode, OK, result.stderr)
        contracts, _, rest = result.stdout.decode().replace(SAMPLE, "SAMPLE").partition("build\n")
        self.assertEqual(contracts, (EXPECTED / "inspect.txt").read_text())
        build, _, needs = rest.partition("needs\n")
        for key in "abi", "compiler", "stdlib", "build", "sanitizers", "runtime":
            self.assertIn(f"\n  {key}: ", "\n" + build)
        self.assertIn("libbulkhead-runtime.so", needs)

    def test_json_shows_the_same(self):
        result = run("inspect", SAMPLE, "--json")
        self.assertEqual(result.returncode, OK, result.stderr)
        report = json.loads(result.stdout)
        self.assertIn("compiler", report.pop("build"))
        self.assertTrue(any("libbulkhead-runtime" in library for library in report.pop("needs")))
        report["file"] = "SAMPLE"
        self.assertEqual(report, json.loads((EXPECTED / "inspect.json").read_text()))

    def test_other_files_get_their_own_message(self):
        content = pathlib.Path(SAMPLE).read_bytes()
        foreign = bytearray(content)
        foreign[18] = 0xb7  # e_machine: AArch64
        cases = [(b"plain text", "is not an ELF file"), (b"", "is empty"), (content[:1000], "truncated"),
                 (bytes(foreign), "architecture"), (content.replace(b"BULKHEAD\0", b"BULKHAED\0"), "has no Bulkhead manifest")]
        with tempfile.TemporaryDirectory() as folder:
            for index, (data, said) in enumerate(cases):
                path = pathlib.Path(folder) / f"\x1b[31m{index}.so"
                path.write_bytes(data)
                for arguments in ["inspect", str(path)], ["inspect", "--json", str(path)], ["call", str(path), "add"]:
                    result = run(*arguments)
                    self.expect(result, NOT_LOADED, b"", said)
                    self.assertNotIn(b"\x1b", result.stderr)
        self.expect(run("inspect", "/no/such/file.so"), NOT_LOADED, b"", "notFound")
        self.expect(run("inspect", "/"), NOT_LOADED, b"", "notAModule")

    def test_broken_manifests_are_errors_or_shown_without_control_characters(self):
        content = pathlib.Path(SAMPLE).read_bytes()
        start = content.index(b"BULKHEAD\0")
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "broken.so"
            for at in range(start, min(start + 2000, len(content)), 97):
                path.write_bytes(content[:at] + b"\x1b\xff\x9b\x80\x01\x7f\xff\x1b" + content[at + 8:])
                result = run("inspect", str(path))
                self.assertIn(result.returncode, (OK, NOT_LOADED), result.stderr)
                for byte in b"\x1b", b"\x9b\x80", b"\x7f":
                    self.assertNotIn(byte, result.stdout + result.stderr)


if __name__ == "__main__":
    unittest.main()
