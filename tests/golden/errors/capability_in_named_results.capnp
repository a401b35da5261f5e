# expect: capability_in_named_results.capnp: Codec.run: holds an interface, in Answer.callback, which cannot be passed; use an imports interface
@0xb0f1d5d5c5a5b624;
using Bulkhead = import "/bulkhead/bulkhead.capnp";
struct Answer { callback @0 :Codec; }
interface Codec $Bulkhead.exports { run @0 () -> Answer; }
