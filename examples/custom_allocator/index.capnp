@0xb86a2f9d41c7e053;
# A module with an allocator of its own. (`index` is a name of the C library, so the namespace is another.)

using Bulkhead = import "/bulkhead/bulkhead.capnp";
using Cxx = import "/capnp/c++.capnp";

$Cxx.namespace("lines");

interface Index $Bulkhead.exports {
  add @0 (line :Text) -> ();
  find @1 (word :Text) -> (lines :List(UInt32));
  words @2 () -> (words :List(Text));
  usage @3 () -> (bytes :UInt64, blocks :UInt64, limit :UInt64);
  # Of the module's arena.
}
