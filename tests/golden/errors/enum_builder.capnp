# expect: enum_builder.capnp: House.Builder: makes a class Builder where capnp's own header has another one; rename it
@0xb0f1d5d5c5a5b706;
using Bulkhead = import "/bulkhead/bulkhead.capnp";
struct House { by @0 :Builder; enum Builder { me @0; } }
interface Codec $Bulkhead.exports { run @0 (house :House) -> (); }
