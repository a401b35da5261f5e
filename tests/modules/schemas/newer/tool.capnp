@0xd3a1c1f0a5b60006;
# With a method more than the application knows.

using Bulkhead = import "/bulkhead/bulkhead.capnp";
using Cxx = import "/capnp/c++.capnp";

$Cxx.namespace("tool");

interface Tool @0xd3a1c1f0a5b60007 $Bulkhead.exports {
  twice @0 (number :Int32) -> (number :Int32);
  later @1 (text :Text) -> (text :Text);
  latest @2 (text :Text) -> (text :Text);
}
