# expect: struct_pipeline.capnp: Pipeline: makes a class Pipeline where capnp's own header has another one; rename it
@0xb0f1d5d5c5a5b707;
using Bulkhead = import "/bulkhead/bulkhead.capnp";
struct Pipeline { length @0 :Int32; }
interface Codec $Bulkhead.exports { run @0 (pipeline :Pipeline) -> (); }
