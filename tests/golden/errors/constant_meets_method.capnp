# expect: constant_meets_method.capnp: Codec.run: makes the constant kCodecRun, which the constant kCodecRun makes, too; rename it
@0xb0f1d5d5c5a5b650;
using Bulkhead = import "/bulkhead/bulkhead.capnp";
const codecRun :Int32 = 1;
interface Codec $Bulkhead.exports { run @0 () -> (); }
