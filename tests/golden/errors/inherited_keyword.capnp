# expect: inherited_keyword.capnp: Codec.delete: "delete" is a reserved word in C++; rename it
@0xb0f1d5d5c5a5b629;
using Bulkhead = import "/bulkhead/bulkhead.capnp";
interface Base { delete @0 () -> (); }
interface Codec extends(Base) $Bulkhead.exports { run @0 () -> (); }
