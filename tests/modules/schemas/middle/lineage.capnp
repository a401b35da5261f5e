@0xd3a1c1f0a5b60030;
# Inherits from one interface, which had one method.

using Bulkhead = import "/bulkhead/bulkhead.capnp";
using Cxx = import "/capnp/c++.capnp";

$Cxx.namespace("lineage");

interface Ancestor {
  inherited @0 (text :Text) -> (text :Text);
}

interface Lineage extends(Ancestor) $Bulkhead.exports {
  own @0 () -> (text :Text);
}
