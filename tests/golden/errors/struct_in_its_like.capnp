# expect: struct_in_its_like.capnp: Box.Box: makes a class Box where capnp's own header has another one; rename it
@0xb0f1d5d5c5a5b709;
using Bulkhead = import "/bulkhead/bulkhead.capnp";
struct Box { inner @0 :Box; struct Box { x @0 :Int32; } }
interface Codec $Bulkhead.exports { run @0 (box :Box) -> (); }
