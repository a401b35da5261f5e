# expect: capability_value.capnp: Codec.run: a: is an interface, which cannot be passed; use an imports interface
@0xb0f1d5d5c5a5b622;
using Bulkhead = import "/bulkhead/bulkhead.capnp";
interface Codec $Bulkhead.exports { run @0 (a :Capability) -> (); }
