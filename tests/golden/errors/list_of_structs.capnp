# expect: list_of_structs.capnp: Codec.run: a: is a list of structs, which is not supported here; put the list in a struct
@0xb0f1d5d5c5a5b615;
using Bulkhead = import "/bulkhead/bulkhead.capnp";
struct Point { x @0 :Int8; }
interface Codec $Bulkhead.exports { run @0 (a :List(Point)) -> (); }
