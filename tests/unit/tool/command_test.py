#!/usr/bin/env python3
"""Drives the program $BULKHEAD_COMMAND with the module $SAMPLE. expected/ holds what `inspect` shows of it, but for the
build, the libraries and the findings, which differ between compilers. (C6, C9, T1, T2)"""
import json
import os
import pathlib
import struct
import subprocess
import tempfile
import unittest

COMMAND = os.environ["BULKHEAD_COMMAND"]
LINT = os.environ["BULKHEAD_LINT"]
SAMPLE = os.environ["SAMPLE"]
MODULES = pathlib.Path(os.environ["MODULES"])
EXPECTED = pathlib.Path(__file__).resolve().parent / "expected"
ADD = "add(a: Int32, b: Int32) -> (sum: Int32)"
OK, CALL_FAILED, USAGE, NOT_LOADED, NO_ANSWER, SYSTEM = range(6)


def run(*arguments, stdin=b"", stdout=subprocess.PIPE):
    environment = {name: value for name, value in os.environ.items() if name != "BULKHEAD_PLACEMENT"}
    return subprocess.run([COMMAND, *arguments], input=stdin, stdout=stdout, stderr=subprocess.PIPE,
                          env=environment, timeout=120, check=False)


def lint(*arguments):
    return subprocess.run([LINT, *map(str, arguments)], capture_output=True, timeout=120, check=False)


def segments(content):
    """(type, flags, offset) of each program header."""
    start, count = struct.unpack_from("<Q", content, 32)[0], struct.unpack_from("<H", content, 56)[0]
    return [struct.unpack_from("<IIQ", content, start + n * 56) for n in range(count)]


def unsealed(content):
    """The file as it is before it is sealed: the note of type 3 is zero."""
    at = content.index(struct.pack("<III", 9, 24, 3) + b"BULKHEAD\0") + 24
    return content[:at] + bytes(24) + content[at + 24:]


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
        build, _, rest = rest.partition("needs\n")
        needs, _, rest = rest.partition("C++ runtime\n")
        runtime, _, rest = rest.partition("seal\n")
        seal, _, findings = rest.partition("findings\n")
        for key in "abi", "compiler", "stdlib", "build", "sanitizers", "runtime":
            self.assertIn(f"\n  {key}: ", "\n" + build)
        self.assertNotIn("seal", build)
        self.assertIn("libbulkhead-runtime.so", needs)
        self.assertIn(runtime, ("  static\n", "  shared\n"))
        self.assertEqual(seal, "  intact\n")
        self.assertNotIn("error: ", findings)
        self.assertRegex(findings, r"^(  none|(  (warning|note): .* \[[a-z-]+\]\n?)+)\n*$")

    def test_json_shows_the_same(self):
        result = run("inspect", SAMPLE, "--json")
        self.assertEqual(result.returncode, OK, result.stderr)
        report = json.loads(result.stdout)
        self.assertIn("compiler", report.pop("build"))
        self.assertTrue(any("libbulkhead-runtime" in library for library in report.pop("needs")))
        self.assertIn(report.pop("runtime"), ("static", "shared"))
        self.assertIs(report.pop("sealed"), True)
        for finding in report.pop("findings"):
            self.assertEqual(set(finding), {"id", "severity", "what", "remedy"})
            self.assertIn(finding["severity"], ("warning", "note"))
        report["file"] = "SAMPLE"
        self.assertEqual(report, json.loads((EXPECTED / "inspect.json").read_text()))

    def test_other_files_get_their_own_message(self):
        content = pathlib.Path(SAMPLE).read_bytes()

        def changed(at, *values):
            return content[:at] + bytes(values) + content[at + len(values):]

        code = next(offset for kind, flags, offset in segments(content) if kind == 1 and flags & 1)
        cases = [(b"", "is empty"), (b"plain text", "is not an ELF file"), (content[:1000], "is truncated"),
                 (content[:-1], "is truncated"), (changed(4, 1), "is not a 64-bit"),
                 (changed(5, 2), "is not a little-endian"), (changed(18, 0xb7), "is built for another architecture"), (changed(16, 2), "is an executable"),
                 (changed(16, 1), "is an object file"), (changed(16, 4), "is a core dump"),
                 (content.replace(b"BULKHEAD\0", b"BULKHAED\0"), "has no Bulkhead manifest"),
                 (changed(code + 99, content[code + 99] ^ 4), "was damaged since it was built")]
        with tempfile.TemporaryDirectory() as folder:
            for index, (data, said) in enumerate(cases):
                path = pathlib.Path(folder) / f"\x1b[31m{index}.so"
                path.write_bytes(data)
                self.expect_refusal(path, said)
            os.mkfifo(pathlib.Path(folder) / "fifo.so")
            self.expect_refusal(pathlib.Path(folder) / "fifo.so", "is not a regular file")
            self.expect_refusal(folder, "is a directory")
            self.expect_refusal(COMMAND, "is an executable")
        self.expect_refusal("/no/such/file.so", "notFound")

    def expect_refusal(self, path, said):
        for arguments in ["inspect", str(path)], ["inspect", "--json", str(path)], ["call", str(path), "add"]:
            result = run(*arguments)
            self.expect(result, NOT_LOADED, b"", said)
            self.assertNotIn(b"\x1b", result.stderr)

    def test_no_code_of_the_module_runs(self):
        trace = b"code of the module has run"
        for arguments in [], ["--json"]:
            result = run("inspect", str(MODULES / "tool_tracing.so"), *arguments)
            self.assertEqual(result.returncode, OK, result.stderr)
            self.assertNotIn(trace, result.stdout + result.stderr)
        self.assertIn(trace, run("call", str(MODULES / "tool_tracing.so"), "later").stderr, "the trace can be seen")

    def test_inherited_parts_say_so(self):
        file = str(MODULES / "lineage_middle.so")
        self.assertIn(b"  exports Lineage, inherited from Ancestor (id ", run("inspect", file).stdout)
        interfaces = json.loads(run("inspect", file, "--json").stdout)["contracts"][0]["interfaces"]
        self.assertNotIn("inheritedFrom", interfaces[0])
        self.assertIn("Ancestor", [interface.get("inheritedFrom") for interface in interfaces[1:]])

    def test_what_is_wrong_is_listed(self):
        file = str(MODULES / "ill_nodelete.so")
        self.assertIn(b"findings\n  error: it is marked NODELETE", run("inspect", file).stdout)
        findings = json.loads(run("inspect", file, "--json").stdout)["findings"]
        self.assertEqual((findings[0]["id"], findings[0]["severity"], findings[0]["remedy"]),
                         ("unload-nodelete", "error", "link without -z nodelete"))

    def test_a_module_that_was_never_sealed_is_shown_and_loads(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "unsealed.so"
            path.write_bytes(unsealed(pathlib.Path(SAMPLE).read_bytes()))
            self.assertIn(b"seal\n  not sealed", run("inspect", str(path)).stdout)
            self.assertIs(json.loads(run("inspect", "--json", str(path)).stdout)["sealed"], False)
            self.expect(run("call", str(path), "add"), OK, b'{"sum":0}\n')
            self.assertEqual(lint("--seal", path).returncode, 0)
            self.assertIn(b"seal\n  intact", run("inspect", str(path)).stdout)
            self.assertEqual(path.read_bytes(), pathlib.Path(SAMPLE).read_bytes())

    def test_broken_manifests_are_errors_or_shown_without_control_characters(self):
        content = unsealed(pathlib.Path(SAMPLE).read_bytes())
        start = content.index(b"BULKHEAD\0")
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "broken.so"
            for at in range(start, min(start + 2000, len(content)), 97):
                path.write_bytes(content[:at] + b"\x1b\xff\x9b\x80\x01\x7f\xff\x1b" + content[at + 8:])
                result = run("inspect", str(path))
                self.assertIn(result.returncode, (OK, NOT_LOADED), result.stderr)
                for byte in b"\x1b", b"\x9b\x80", b"\x7f":
                    self.assertNotIn(byte, result.stdout + result.stderr)


class Lint(unittest.TestCase):
    """bulkhead-lint as builds see it."""

    def test_a_sound_module_is_silent_but_for_its_ledger(self):
        result = lint(SAMPLE)
        self.assertEqual(result.returncode, 0, result.stderr)
        for line in result.stderr.decode().splitlines():
            self.assertRegex(line, r"^sample\.so: warning: .* \[ledger-none\]$")

    def test_an_error_is_a_line_like_a_compilers_and_fails(self):
        file = MODULES / "ill_nodelete.so"
        result = lint(file)
        self.assertEqual(result.returncode, 1)
        self.assertIn(b"ill_nodelete.so: error: it is marked NODELETE: dlclose leaves it in memory; "
                      b"link without -z nodelete [unload-nodelete]\n", result.stderr)
        result = lint("--allow", "unload-nodelete", file)
        self.assertEqual(result.returncode, 0)
        self.assertNotIn(b"error", result.stderr)

    def test_a_file_with_errors_is_not_sealed(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "ill.so"
            content = unsealed((MODULES / "ill_nodelete.so").read_bytes())
            path.write_bytes(content)
            self.assertEqual(lint("--seal", path).returncode, 1)
            self.assertEqual(path.read_bytes(), content)

    def test_what_cannot_be_looked_at_is_2(self):
        for arguments, said in [((), b"no file"), (("/no/such.so",), b"cannot be opened"),
                                ((__file__,), b"is not an ELF file"),
                                (("--allow", "unload-nodelet", SAMPLE), b"no finding is called unload-nodelet"),
                                (("--no-such-option", SAMPLE), b"--no-such-option")]:
            result = lint(*arguments)
            self.assertEqual(result.returncode, 2, arguments)
            self.assertIn(said, result.stderr)


if __name__ == "__main__":
    unittest.main()
