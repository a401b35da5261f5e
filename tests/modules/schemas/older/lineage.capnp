@0xd3a1c1f0a5b60030;
# Does not inherit yet.

using Bulkhead = import "/bulkhead/bulkhead.capnp";
using Cxx = import "/capnp/c++.capnp";

$Cxx.namespace("lineage");

interface Lineage $Bulkhead.exports {
  own @0 () -> (text :Text);
}
