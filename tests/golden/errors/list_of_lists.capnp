# expect: list_of_lists.capnp: Codec.run: a: is a list of lists, which is not supported here; put it in a struct
@0xb0f1d5d5c5a5b614;
using Bulkhead = import "/bulkhead/bulkhead.capnp";
interface Codec $Bulkhead.exports { run @0 (a :List(List(Int8))) -> (); }
