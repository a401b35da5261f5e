# expect: generic_interface.capnp: Codec: is generic, which a function table cannot be; name the types
@0xb0f1d5d5c5a5b606;
using Bulkhead = import "/bulkhead/bulkhead.capnp";
interface Codec(T) $Bulkhead.exports { run @0 () -> (); }
