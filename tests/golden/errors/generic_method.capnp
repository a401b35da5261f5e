# expect: generic_method.capnp: Codec.run: is generic, which no C function is; name the types
@0xb0f1d5d5c5a5b607;
using Bulkhead = import "/bulkhead/bulkhead.capnp";
interface Codec $Bulkhead.exports { run @0 [T] (value :T) -> (); }
