@0xd3a1c1f0a5b60006;
# Before `later` was added.

using Bulkhead = import "/bulkhead/bulkhead.capnp";
using Cxx = import "/capnp/c++.capnp";

$Cxx.namespace("tool");

interface Tool @0xd3a1c1f0a5b60007 $Bulkhead.exports {
  twice @0 (number :Int32) -> (number :Int32);
}
