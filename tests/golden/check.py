#!/usr/bin/env python3
"""Compares what capnpc-bulkhead generates with the files in expected/.

  check.py <capnp> <plugin> <schema dir> <capnp include dir> golden <stem>   one of schemas/
  check.py ... errors                                              every schema of errors/, with its first line's message; beyond limits
  check.py ... format <clang-format> <.clang-format>               the generated code is as clang-format would leave it
  check.py ... update                                              writes expected/ anew: read the diff before a commit
"""
import difflib
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
STEMS = ["direct", "structs", "imports_only", "constructs", "inherits"]
SKIPPED = 77


class Compiler:
    def __init__(self, capnp, plugin, schemas, includes):
        self.capnp, self.plugin, self.paths = capnp, plugin, [schemas, includes]

    def run(self, schema, out):
        """The result of compiling one schema file into the folder `out`."""
        environment = {key: value for key, value in os.environ.items() if key != "PWD"}
        return subprocess.run(
            [self.capnp, "compile", "--no-standard-import", *[f"--import-path={path}" for path in self.paths],
             f"--src-prefix={schema.parent}", f"-o{self.plugin}:{out}", str(schema)],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment, check=False)

    def generate(self, stem, out):
        """The generated files of one of schemas/, by name."""
        result = self.run(HERE / "schemas" / f"{stem}.capnp", out)
        if result.returncode != 0:
            sys.exit(f"{stem}.capnp: the plugin failed:\n{result.stdout}")
        return {path.name: path for path in sorted(pathlib.Path(out).glob(f"{stem}.*"))}


def pinned(stem, names):
    """The manifests are words, not text for people: the smallest one is pinned."""
    return [name for name in names if not name.endswith(".manifest.h") or stem == "imports_only"]


def check_golden(compiler, stem):
    with tempfile.TemporaryDirectory() as out:
        files = compiler.generate(stem, out)
        expected = {path.name for path in (HERE / "expected").glob(f"{stem}.*")}
        failures = [f"no longer generated: {name}" for name in sorted(expected - set(files))]
        for name in pinned(stem, files):
            if name not in expected:
                failures.append(f"new: {name}")
                continue
            want = (HERE / "expected" / name).read_text().splitlines(keepends=True)
            got = files[name].read_text().splitlines(keepends=True)
            failures += ["".join(difflib.unified_diff(want, got, f"expected/{name}", f"generated/{name}"))]
    return [failure for failure in failures if failure]


def write_large_errors(folder):
    """Schemas beyond the limits of shared/manifest/limits.h, too large to keep."""
    start = '@0xb0f1d5d5c5a5b7f{};\nusing Bulkhead = import "/bulkhead/bulkhead.capnp";\n'
    methods = "".join(f" m{n} @{n} () -> ();" for n in range(4096))
    # What both interfaces make counts together.
    (folder / "many_methods.capnp").write_text(
        "# expect: many_methods.capnp: Codec: makes 4097 methods with all that are inherited, and no module takes more "
        "than 4096; spread them over several modules\n" + start.format(1) +
        "interface Codec $Bulkhead.exports {" + methods + " }\n"
        "interface CodecHost $Bulkhead.imports { one @0 () -> (); }\n")
    bases = "".join(f"interface B{n} {{}}\n" for n in range(256))
    (folder / "many_interfaces.capnp").write_text(
        "# expect: many_interfaces.capnp: Codec: makes 257 interfaces with all that is inherited, and no module takes "
        "more than 256; inherit from fewer\n" + start.format(2) + bases +
        "interface Codec extends(" + ", ".join(f"B{n}" for n in range(256)) + ") $Bulkhead.exports {}\n")
    name = "m" * 4097
    (folder / "long_name.capnp").write_text(
        f"# expect: long_name.capnp: Codec.{name[:94]}: has a name of more than 4096 characters, which no manifest "
        "takes; shorten it\n" + start.format(3) + "interface Codec $Bulkhead.exports { " + name + " @0 () -> (); }\n")


def check_errors(compiler):
    with tempfile.TemporaryDirectory() as folder:
        write_large_errors(pathlib.Path(folder))
        return check_error_schemas(compiler, [*(HERE / "errors").glob("*.capnp"), *pathlib.Path(folder).iterdir()])


def check_error_schemas(compiler, schemas):
    failures = []
    for schema in sorted(schemas):
        want = schema.read_text().splitlines()[0].removeprefix("# expect: ")
        with tempfile.TemporaryDirectory() as out:
            result = compiler.run(schema, out)
            written = [path.name for path in pathlib.Path(out).iterdir()]
        if result.returncode == 0:
            failures.append(f"{schema.name}: accepted; expected: {want}")
        elif want not in result.stdout.splitlines():
            failures.append(f"{schema.name}: expected: {want}\n  got: {result.stdout.strip()}")
        if written:
            failures.append(f"{schema.name}: files were written all the same: {written}")
    print(f"{len(schemas)} wrong schemas")
    return failures


def check_format(compiler, tool, style):
    if not shutil.which(tool):
        print("clang-format is not installed")
        sys.exit(SKIPPED)
    failures = []
    with tempfile.TemporaryDirectory() as out:
        # Lines of generated code are as long as they are: breaking them would need clang-format itself.
        unlimited = pathlib.Path(out) / "style"
        unlimited.write_text(pathlib.Path(style).read_text().replace("ColumnLimit: 120", "ColumnLimit: 0"))
        for stem in STEMS:
            for name, path in compiler.generate(stem, out).items():
                formatted = subprocess.run([tool, f"--style=file:{unlimited}", str(path)], stdout=subprocess.PIPE,
                                           text=True, check=True).stdout
                got = path.read_text()
                failures += ["".join(difflib.unified_diff(got.splitlines(keepends=True),
                                                          formatted.splitlines(keepends=True), name, "formatted"))]
    return [failure for failure in failures if failure]


def update(compiler):
    expected = HERE / "expected"
    shutil.rmtree(expected, ignore_errors=True)
    expected.mkdir()
    for stem in STEMS:
        with tempfile.TemporaryDirectory() as out:
            files = compiler.generate(stem, out)
            for name in pinned(stem, files):
                shutil.copy(files[name], expected / name)
    return []


def main():
    compiler = Compiler(*sys.argv[1:5])
    mode, arguments = sys.argv[5], sys.argv[6:]
    checks = {"golden": check_golden, "errors": check_errors, "format": check_format, "update": update}
    failures = checks[mode](compiler, *arguments)
    for failure in failures:
        print(failure)
    if failures and mode == "golden":
        print("If the change is meant: build the target golden_update and read its diff.")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
