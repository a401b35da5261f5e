# expect: capability_in_generic.capnp: Codec.run: a: is an interface, which cannot be passed; use an imports interface
@0xb0f1d5d5c5a5b625;
using Bulkhead = import "/bulkhead/bulkhead.capnp";
struct Box(T) { value @0 :T; }
interface Codec $Bulkhead.exports { run @0 (a :Box(Codec)) -> (); }
