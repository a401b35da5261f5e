# expect: keyword_result.capnp: Codec.run: class: "class" is a reserved word in C++; rename it
@0xb0f1d5d5c5a5b630;
using Bulkhead = import "/bulkhead/bulkhead.capnp";
interface Codec $Bulkhead.exports { run @0 () -> (class :Int32); }
