@0x9095b869ce075f16;
# The manifest of a contract: what a module file says about itself, read without loading it.
#
# The plugin writes one Manifest per contract. It travels in two places:
#  - in the module file, as an ELF note: section ".note.bulkhead.manifest", note name "BULKHEAD" (namesz 9, with its
#    NUL), type 1, aligned to 8. Its descriptor is
#        u32  version of this format: 1
#        u32  reserved: 0
#        ...  the message in capnp's standard framing (segment table, one segment), unpacked
#  - in the application's generated code, as the same message without those 8 bytes; the host compares the two.
# A second note, type 2, same name, carries the build information of the module: UTF-8 lines "key=value\n" (keys:
# abi, compiler, stdlib, build, sanitizers, runtime), one note per module.
#
# Limits that the reader enforces and the plugin stays below (shared/manifest/limits.h): 4 MiB per note, 64 contracts
# per file, 256 interfaces and 4096 methods per file, 4096 bytes per text of an interface or method, 65536 schema nodes
# per contract.

using Cxx = import "/capnp/c++.capnp";
using Schema = import "/capnp/schema.capnp";

$Cxx.namespace("bulkhead::manifest::schema");

struct Manifest {
  contract @0 :Text;                  # the schema file's stem: "calc"
  abiVersion @1 :UInt32;              # BULKHEAD_ABI_VERSION of the header the module was compiled with
  interfaces @2 :List(Interface);     # the annotated ones, at most one of each role, each followed by its inherited parts
  nodes @3 :List(Schema.Node);        # the interfaces and all types they reach, for generic calls and evolution
}

struct Interface {
  id @0 :UInt64;
  # The schema's 64-bit id. What an interface inherits is an Interface for each ancestor, whose id is made of the
  # inheriting interface's (a) and the ancestor's (b), so that an ancestor of two contracts is two interfaces:
  #     x = a + 0x9e3779b97f4a7c15 * b;  x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
  #     x = (x ^ x >> 27) * 0x94d049bb133111eb;  id = (x ^ x >> 31) | 1 << 63         (modulo 2^64)
  # `nodes` has the ancestor's node once more under that id.
  name @1 :Text;                      # "Calc", also for its inherited parts
  role @2 :Role;
  methods @3 :List(Method);           # element n has ordinal n
}

enum Role {
  exports @0;                         # the module implements it
  imports @1;                         # the host implements it
}

struct Method {
  name @0 :Text;                      # "divide"
  signature @1 :Text;                 # for people: "divide(a: Int32, b: Int32) -> (quotient: Int32, remainder: Int32)"
  cSignature @2 :Text;
  # The C signature of the table entry, the same for two methods exactly if one can be called as the other. Types, no
  # names: "(i32, i32) -> (i32, i32)" of bool, i8..i64, u8..u64, f32, f64, enum, text, data, and list of one of them
  # as "[i32]"; "message" for a message method.
  deadlineMs @3 :UInt32;              # of the annotation; 0: none
  idempotent @4 :Bool;
  serialized @5 :Bool;
  savesState @6 :Bool;                # at most one method of an interface; its results are state ...
  restoresState @7 :Bool;             # ... that this one, then also there, takes as its parameters
}
