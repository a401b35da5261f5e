# expect: nested_nan_constant.capnp: Point.unknown: is no finite number, which capnp's own header of a contract with structs cannot express; make it a struct's default value or leave it out
@0xb0f1d5d5c5a5b704;
using Bulkhead = import "/bulkhead/bulkhead.capnp";
struct Point { x @0 :Int32; const unknown :Float64 = nan; }
interface Codec $Bulkhead.exports { run @0 (at :Point) -> (); }
