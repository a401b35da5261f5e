# expect: void_parameter.capnp: Codec.run: nothing: is Void, which carries nothing; leave it out
@0xb0f1d5d5c5a5b610;
using Bulkhead = import "/bulkhead/bulkhead.capnp";
interface Codec $Bulkhead.exports { run @0 (nothing :Void) -> (); }
