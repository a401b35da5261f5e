# expect: generic_superclass.capnp: Base: is generic, which a function table cannot be; name the types
@0xb0f1d5d5c5a5b626;
using Bulkhead = import "/bulkhead/bulkhead.capnp";
interface Base(T) { base @0 () -> (); }
interface Codec extends(Base(Text)) $Bulkhead.exports { run @0 () -> (); }
