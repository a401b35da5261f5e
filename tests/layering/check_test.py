#!/usr/bin/env python3
"""The checker must catch what it is there for: one small tree per fault, and the same tree without the fault passes."""
import pathlib
import tempfile
import unittest

import check

SOUND = {
    "CMakeLists.txt": "",
    "README.md": "",
    "shared/include/bulkhead/error.h": "#include <string>\n",
    "shared/include/bulkhead/detail/message.h": "#include <capnp/message.h>\n",
    "shared/memory/region.h": "#include <bulkhead/error.h>\n",
    "shared/memory/region.cc": '#include "shared/memory/region.h"\nint make() { return memfd_create("", 0); }\n',
    "shared/loader/loader.h": "#include <dlfcn.h>\n",
    "host/include/bulkhead/host.h": "#include <bulkhead/error.h>\n",
    "host/backend.h": "#include <bulkhead/host.h>\n",
    "host/in_process/backend.cc": '#include "host/backend.h"\n#include "shared/loader/loader.h"\n',
    "host/isolated/backend.cc": '#include "host/backend.h"\n#include "shared/memory/region.h"\n',
    "worker/main.cc": '#include "shared/loader/loader.h"\n',
}


def findings_with(changes):
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        for name, text in {**SOUND, **changes}.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text)
        return check.findings(root)


class LayeringTest(unittest.TestCase):
    def assert_caught(self, name, text, reason):
        found = findings_with({name: text})
        self.assertTrue(any(line.startswith(name) and reason in line for line in found), found)

    def test_a_sound_tree_passes(self):
        self.assertEqual(findings_with({}), [])

    def test_host_and_worker_never_meet(self):
        self.assert_caught("host/a.cc", '#include "worker/b.h"\n', "includes the worker")
        self.assert_caught("worker/a.cc", '#include "host/backend.h"\n', "includes the host")
        self.assert_caught("worker/a.cc", "#include <bulkhead/host.h>\n", "includes the host")

    def test_shared_looks_down_only(self):
        self.assert_caught("shared/a.cc", '#include "host/backend.h"\n', "shared includes")
        self.assert_caught("shared/include/bulkhead/a.h", "#include <bulkhead/host.h>\n", "the SDK includes")

    def test_the_layers_of_shared_are_kept(self):
        self.assert_caught("shared/memory/a.cc", '#include "shared/loader/loader.h"\n', "memory is not above loader")
        self.assert_caught("shared/attic/a.cc", "", "has no place among the layers")

    def test_symbols_are_for_who_asks_for_them(self):
        self.assert_caught("shared/memory/a.cc", "#include <elfutils/libdwfl.h>\n", "would need elfutils")

    def test_the_placements_know_nothing_of_each_other(self):
        self.assert_caught("host/isolated/a.cc", '#include "host/in_process/b.h"\n', "nothing of each other")

    def test_in_process_owes_the_lane_nothing(self):
        self.assert_caught("host/in_process/a.cc", '#include "shared/lane/slot.h"\n', "owes the isolated one nothing")

    def test_isolated_never_loads(self):
        self.assert_caught("host/isolated/a.cc", '#include "shared/loader/loader.h"\n', "never loads")

    def test_watching_knows_no_placement(self):
        self.assert_caught("host/watch/a.cc", '#include "host/isolated/backend.h"\n', "knows no placement")

    def test_generic_calls_and_the_command_stand_on_top(self):
        self.assert_caught("host/core/a.cc", '#include "host/tool/call.h"\n', "stand on top")
        self.assert_caught("host/generic/a.cc", '#include "host/isolated/backend.h"\n', "know no placement")
        self.assert_caught("host/tool/a.cc", '#include "host/in_process/backend.h"\n', "a user of the library")

    def test_a_chain_of_includes_is_followed(self):
        found = findings_with({"host/backend.h": '#include "shared/memory/region.h"\n'})
        self.assertTrue(any("host/backend.h -> shared/memory/region.h" in line for line in found), found)

    def test_a_sibling_include_is_resolved(self):
        self.assert_caught("shared/memory/a.cc", '#include "../../host/backend.h"\n', "shared includes")

    def test_public_headers_are_plain(self):
        self.assert_caught("host/include/bulkhead/a.h", "#include <kj/common.h>\n", "kj or capnp")
        self.assert_caught("host/include/bulkhead/a.h", "#include <sys/mman.h>\n", "Linux")
        self.assert_caught("host/include/bulkhead/a.h", '#include "shared/memory/region.h"\n', "internal")

    def test_each_facility_has_one_home(self):
        for code in ("dlopen(a, b)", "mmap(a)", "SYS_futex", "SCM_RIGHTS", "CLONE_PIDFD", "seccomp_load(a)", "dwfl_begin(a)",
                     "SYS_tgkill", "inotify_init1(0)", "IN_CLOSE_WRITE"):
            self.assert_caught("shared/a.cc", f"auto x = {code};\n", "has its home in")

    def test_comments_and_strings_are_not_code(self):
        text = '// dlopen\n/* mmap\n */\nconst char* a = "SYS_futex";\nconst char* b = R"(SCM_RIGHTS)";\n'
        self.assertEqual(findings_with({"host/a.cc": text}), [])

    def test_the_top_level_is_fixed(self):
        found = findings_with({"tools/a.txt": ""})
        self.assertTrue(any(line.startswith("tools: does not belong") for line in found), found)


if __name__ == "__main__":
    unittest.main()
