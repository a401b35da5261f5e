# expect: infinite_constant.capnp: limit: is no finite number, which capnp's own header of a contract with structs cannot express; make it a struct's default value or leave it out
@0xb0f1d5d5c5a5b703;
using Bulkhead = import "/bulkhead/bulkhead.capnp";
const limit :Float32 = inf;
struct Point { x @0 :Int32; }
interface Codec $Bulkhead.exports { run @0 (at :Point) -> (); }
