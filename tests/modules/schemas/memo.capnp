@0xd3a1c1f0a5b60030;
# State of a second contract in one module, without structs. Serialized: it is handed over past the queue.

using Bulkhead = import "/bulkhead/bulkhead.capnp";
using Cxx = import "/capnp/c++.capnp";

$Cxx.namespace("memo");

interface Memo $Bulkhead.exports $Bulkhead.serialized {
  put @0 (line :Text) -> ();
  lines @1 () -> (lines :List(Text));
  keep @2 () -> (lines :List(Text)) $Bulkhead.savesState;
  takeOver @3 (lines :List(Text)) -> () $Bulkhead.restoresState;
}
