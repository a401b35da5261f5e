#!/usr/bin/env python3
"""Checks the arrows of the design over a source tree: who may include whom, where each OS facility is used, what may
stand at the top level. Prints `file: finding` lines and exits with 1 if there are any.   check.py ROOT"""
import pathlib
import posixpath
import re
import subprocess
import sys

TOP_LEVEL = {"CMakeLists.txt", "README.md", "LICENSE", "proto", "shared", "host", "worker", "examples", "tests"}
PUBLIC = ("shared/include/bulkhead/", "host/include/bulkhead/")
PRODUCT = ("proto/", "shared/", "host/", "worker/")

# The public headers that only the generated header of a contract with capnp structs includes.
KJ_EXEMPT = {"shared/include/bulkhead/detail/message.h", "shared/include/bulkhead/detail/message_types.h"}

KJ = r"(capnp|kj)/.*|.*\.capnp\.h"
LINUX = (r"(sys|linux|asm|net|netinet|arpa)/.*|(unistd|fcntl|dlfcn|pthread|elf|link|sched|poll|spawn|signal|semaphore|"
         r"syscall|libelf|gelf|seccomp)\.h|boost/.*")
LANE = r"shared/(lane|ring|channel|doorbell|memory|control)/.*"

# (files, files exempt, what they must not reach by any chain of includes, why)
INCLUDE_RULES = [
    (r"host/.*", (), r"worker/.*", "the host includes the worker"),
    (r"worker/.*", (), r"host/.*", "the worker includes the host"),
    (r"shared/.*", (), r"(host|worker)/.*", "shared includes host or worker"),
    (r"proto/.*", (), r"(host|worker)/.*", "the plugin includes host or worker"),
    (r"host/in_process/.*", (), LANE, "the in-process lane owes the isolated one nothing"),
    (r"host/isolated/.*", (), r"shared/loader/.*|dlfcn\.h", "the host never loads an isolated module"),
    (r"host/in_process/.*", (), r"host/isolated/.*", "the placements know nothing of each other"),
    (r"host/isolated/.*", (), r"host/in_process/.*", "the placements know nothing of each other"),
    (r"host/(?!generic/|tool/).*", (), r"host/(generic|tool)/.*", "generic calls and the command stand on top"),
    (r"shared/(?!symbols/).*", (), r"shared/symbols/.*|elfutils/.*", "a module or worker would need elfutils"),
    (r"host/watch/.*", (), r"host/(in_process|isolated)/.*", "watching knows no placement"),
    (r"host/generic/.*", (), r"host/(in_process|isolated|tool)/.*", "generic calls know no placement"),
    (r"host/tool/.*", (), r"host/(in_process|isolated|core)/.*", "the command is a user of the library"),
    (r"shared/manifest/.*", (), r"shared/loader/.*|dlfcn\.h", "a manifest is read without loading the file"),
    (r"(shared|host)/include/bulkhead/.*", KJ_EXEMPT, KJ, "a public header includes kj or capnp"),
    (r"(shared|host)/include/bulkhead/.*", (), LINUX, "a public header includes Linux or Boost headers"),
    (r"(shared|host)/include/bulkhead/.*", (), r"(?!shared/include/|host/include/)(shared|host|worker|proto)/.*",
     "a public header includes an internal one"),
    (r"shared/include/bulkhead/.*", (), r"host/include/.*", "the SDK includes the embedder's headers"),
]

# The rooms of shared, bottom to top; a file right in shared/ belongs to the bottom. A room includes only lower layers.
SHARED_LAYERS = [("", "runtime", "posix"), ("hooks", "doorbell", "memory", "control", "manifest"),
                 ("lane", "loader", "symbols")]

# Hooks stand in front of libc's functions in modules, whichever facility they belong to; the runtime undoes what they
# noted.
LEDGER = r"shared/hooks/.*|shared/runtime/(resources|mappings)\.[ch]"

# (facility, its one home, what betrays its use). Only code is looked at, never comments or strings.
FACILITIES = [
    ("dlopen", r"shared/loader/.*|" + LEDGER, r"\b(dlopen|dlmopen|dlclose|dlsym|dlvsym)\b"),
    ("memfd and mmap", r"shared/memory/.*|" + LEDGER,
     r"\b(memfd_create|mmap|munmap|mremap|mapped_region|F_ADD_SEALS|MFD_\w+|shm_open)\b"),
    ("futex", r"shared/doorbell/.*", r"\b(SYS_futex\w*|__NR_futex\w*|FUTEX\w*|futex_waitv)\b"),
    ("descriptor passing", r"shared/control/.*|" + LEDGER,
     r"\b(SCM_RIGHTS|SCM_CREDENTIALS|CMSG_\w+|recvmsg|sendmsg)\b"),
    ("clone and pidfd", r"host/isolated/.*|" + LEDGER,
     r"\b(SYS_clone3?|CLONE_[A-Z]+|SYS_pidfd\w*|pidfd_\w+|P_PIDFD|vfork|fork)\b(?!\s*=)"),
    ("debug information", r"shared/symbols/.*", r"\b(dwfl_\w+|dwarf_\w+|_Unwind_Backtrace|dl_find_object)\b"),
    ("signals to threads", r"host/watchdog/.*|shared/runtime/threads\.c",  # there: signal 0, whether one lives
     r"\b(SYS_rt_tgsigqueueinfo|SYS_tgkill|tgkill|pthread_kill|pthread_sigqueue)\b"),
    ("inotify", r"host/watch/.*|" + LEDGER,
     r"\b(inotify_\w+|SYS_inotify\w*|IN_(CLOSE_WRITE|MODIFY|CREATE|MOVED_\w+|IGNORED|Q_OVERFLOW))\b"),
    ("seccomp and Landlock", r"worker/sandbox/.*",
     r"\b(SYS_seccomp|seccomp_\w+|SECCOMP_\w+|SCMP_\w+|landlock_\w+|LANDLOCK_\w+)\b"),
]

# Uses outside their home, each with its reason: (file, facility).
FACILITY_EXCEPTIONS = {
    # ("host/guard/counters.cc", "memfd and mmap"): "private counters of one process; no region crosses",
}

NOISE = re.compile(r'//[^\n]*|/\*.*?\*/|R"(\w*)\((?s:.*?)\)\1"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])\'', re.S)
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*[<"]([^>"\n]+)[>"]', re.M)


def blank(match):
    return "\n" * match.group(0).count("\n") or " "


class Tree:
    def __init__(self, root):
        self.root = root
        self.files = {}
        for folder in PRODUCT:
            for path in sorted((root / folder).rglob("*")):
                name = path.relative_to(root).as_posix()
                if path.suffix in (".h", ".cc", ".c") and path.is_file():
                    self.files[name] = path.read_text(errors="replace")
        self.includes = {name: [self.resolve(name, spelling) for spelling in INCLUDE.findall(text)]
                         for name, text in self.files.items()}

    def resolve(self, includer, spelling):
        """The path in the tree that an include means, or its spelling for a header from elsewhere."""
        sibling = posixpath.normpath(posixpath.join(posixpath.dirname(includer), spelling))
        for candidate in (spelling, "shared/include/" + spelling, "host/include/" + spelling, sibling):
            if candidate in self.files:
                return candidate
        return spelling

    def reached(self, name):
        """Every header reached from `name`, each with the chain of includes that leads there."""
        chains = {}
        waiting = [(name, (name,))]
        while waiting:
            current, chain = waiting.pop(0)
            for target in self.includes.get(current, ()):
                if target not in chains:
                    chains[target] = chain + (target,)
                    waiting.append((target, chains[target]))
        chains.pop(name, None)
        return chains


def check_includes(tree):
    for name in tree.files:
        chains = tree.reached(name)
        for files, exempt, forbidden, why in INCLUDE_RULES:
            if not re.fullmatch(files, name) or name in exempt:
                continue
            for target, chain in chains.items():
                passes_exempt = any(step in exempt for step in chain)
                if re.fullmatch(forbidden, target) and not passes_exempt:
                    yield f"{name}: {why}: {' -> '.join(chain[1:])}"
                    break


def shared_room(name):
    parts = name.split("/")
    return parts[1] if parts[0] == "shared" and len(parts) > 2 else ""


def check_shared_layers(tree):
    layer = {room: height for height, rooms in enumerate(SHARED_LAYERS) for room in rooms}
    for name, targets in tree.includes.items():
        if not name.startswith("shared/") or name.startswith("shared/include/"):
            continue
        room = shared_room(name)
        if room not in layer:
            yield f"{name}: the room {room} has no place among the layers of shared"
            continue
        for target in targets:
            other = shared_room(target)
            if not target.startswith("shared/") or target.startswith("shared/include/") or other == room:
                continue
            if layer.get(other, len(layer)) >= layer[room] and other not in SHARED_LAYERS[0]:
                yield f"{name}: {room} is not above {other} among the layers of shared: {target}"


def check_facilities(tree):
    for name, text in tree.files.items():
        code = NOISE.sub(blank, text)
        for facility, home, signs in FACILITIES:
            found = re.search(signs, code)
            if found and not re.fullmatch(home, name) and (name, facility) not in FACILITY_EXCEPTIONS:
                line = code.count("\n", 0, found.start()) + 1
                yield f"{name}:{line}: {facility} has its home in {home[:-2]}: {found.group(0)}"
    for name, facility in FACILITY_EXCEPTIONS:
        if name not in tree.files:
            yield f"{name}: an exception for {facility} names a file that is not there"


def top_level_names(root):
    """What belongs to the project at the top level: what git tracks or would add; without git, all that is there."""
    listing = subprocess.run(["git", "-C", str(root), "ls-files", "-co", "--exclude-standard"],
                             capture_output=True, text=True, check=False)
    if listing.returncode == 0:
        return {line.split("/")[0] for line in listing.stdout.splitlines()}
    return {path.name for path in root.iterdir() if not re.fullmatch(r"build.*", path.name)}


def check_top_level(root):
    for name in sorted(top_level_names(root)):
        if not name.startswith(".") and name not in TOP_LEVEL:
            yield f"{name}: does not belong at the top level"


def findings(root):
    tree = Tree(root)
    return [*check_top_level(root), *check_includes(tree), *check_shared_layers(tree), *check_facilities(tree)]


def main():
    root = pathlib.Path(sys.argv[1]).resolve()
    found = findings(root)
    for line in found:
        print(line)
    print(f"layering: {len(found)} findings")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
