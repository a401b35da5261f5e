# expect: struct_among_results.capnp: Codec.run: a struct among several results is not supported; return one struct that holds them all
@0xb0f1d5d5c5a5b618;
using Bulkhead = import "/bulkhead/bulkhead.capnp";
struct Point { x @0 :Int8; }
interface Codec $Bulkhead.exports { run @0 () -> (a :Point, b :Int8); }
