# expect: default_value.capnp: Codec.run: a: has a default value, which a C function cannot have; drop it
@0xb0f1d5d5c5a5b611;
using Bulkhead = import "/bulkhead/bulkhead.capnp";
interface Codec $Bulkhead.exports { run @0 (a :Int32 = 5) -> (); }
