@0xd3a1c1f0a5b60006;
# Changed in a way that no caller survives.

using Bulkhead = import "/bulkhead/bulkhead.capnp";
using Cxx = import "/capnp/c++.capnp";

$Cxx.namespace("tool");

interface Tool @0xd3a1c1f0a5b60007 $Bulkhead.exports {
  twice @0 (number :Text) -> (number :Text);
  later @1 (text :Text) -> (text :Text);
}
