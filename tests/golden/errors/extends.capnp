# expect: extends.capnp: Codec: extends another interface, which is not supported; repeat the inherited methods
@0xb0f1d5d5c5a5b605;
using Bulkhead = import "/bulkhead/bulkhead.capnp";
interface Base { base @0 () -> (); }
interface Codec extends(Base) $Bulkhead.exports { run @0 () -> (); }
