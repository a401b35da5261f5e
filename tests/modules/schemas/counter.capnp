@0xd3a1c1f0a5b60004;
# Exports only: what of a module is shared and what is fresh.

using Bulkhead = import "/bulkhead/bulkhead.capnp";
using Cxx = import "/capnp/c++.capnp";

$Cxx.namespace("counter");

interface Counter $Bulkhead.exports {
  next @0 () -> (count :UInt32);
  # Of a static variable of the module.
  ofObject @1 () -> (count :UInt32);
  # Of a member of its object.
  ofThread @2 () -> (count :UInt32);
  # Of a thread_local variable.
  version @3 () -> (text :Text);
  checksum @4 (data :Data) -> (sum :UInt64);
}
