# expect: capability_in_struct.capnp: Codec.run: a: holds an interface, in Inner.callback, which cannot be passed; use an imports interface
@0xb0f1d5d5c5a5b623;
using Bulkhead = import "/bulkhead/bulkhead.capnp";
interface Callback { call @0 () -> (); }
struct Inner { callback @0 :Callback; }
struct Outer { inner @0 :List(Inner); }
interface Codec $Bulkhead.exports { run @0 (a :Outer) -> (); }
