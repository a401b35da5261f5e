# expect: generic_struct.capnp: Codec.run: a: has a generic struct type, which is not supported; name the types
@0xb0f1d5d5c5a5b616;
using Bulkhead = import "/bulkhead/bulkhead.capnp";
struct Box(T) { value @0 :T; }
interface Codec $Bulkhead.exports { run @0 (a :Box(Text)) -> (); }
