@0xd3a1c1f0a5b60030;
# Inherits from more, and from newer interfaces, than the module was built with: schemas/older, schemas/middle.

using Bulkhead = import "/bulkhead/bulkhead.capnp";
using Cxx = import "/capnp/c++.capnp";

$Cxx.namespace("lineage");

interface Ancestor {
  inherited @0 (text :Text) -> (text :Text);
  added @1 () -> (text :Text);
}

interface Other {
  other @0 () -> (text :Text);
}

interface Lineage extends(Other, Ancestor) $Bulkhead.exports {
  own @0 () -> (text :Text);
  ownAdded @1 () -> (text :Text);
}
