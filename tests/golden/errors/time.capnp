# expect: time.capnp: namespace time: "time" is a name of the C library; set another with $Cxx.namespace
@0xb0f1d5d5c5a5b701;
using Bulkhead = import "/bulkhead/bulkhead.capnp";
interface Codec $Bulkhead.exports { run @0 () -> (); }
