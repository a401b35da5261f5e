# expect: named_params.capnp: Codec.run: names the struct Point as its parameters, which is not supported; write them out, as in (value :Point)
@0xb0f1d5d5c5a5b617;
using Bulkhead = import "/bulkhead/bulkhead.capnp";
struct Point { x @0 :Int8; }
interface Codec $Bulkhead.exports { run @0 Point -> (); }
