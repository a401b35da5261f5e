# expect: keyword_method.capnp: Codec.delete: "delete" is a reserved word in C++; rename it
@0xb0f1d5d5c5a5b608;
using Bulkhead = import "/bulkhead/bulkhead.capnp";
interface Codec $Bulkhead.exports { delete @0 () -> (); }
