@0xd3a1c1f0a5b60005;
# A serialized contract: calls take turns.

using Bulkhead = import "/bulkhead/bulkhead.capnp";
using Cxx = import "/capnp/c++.capnp";

$Cxx.namespace("turn");

interface Turn $Bulkhead.exports $Bulkhead.serialized {
  enter @0 (who :UInt32) -> ();
  # Calls TurnHost.inside while it has its turn.
  report @1 () -> (calls :UInt32, mostAtOnce :UInt32);
  work @2 (rounds :UInt32) -> ();
  # Not safe to run on two threads at once.
  enterByThread @3 (who :UInt32) -> ();
  # Calls TurnHost.inside from a thread of the module, and waits for it.
  enterInBackground @4 (who :UInt32) -> ();
  # The same without waiting.
  remaining @5 () -> (nanoseconds :Int64);
}

interface TurnHost $Bulkhead.imports {
  inside @0 (who :UInt32) -> ();
}
