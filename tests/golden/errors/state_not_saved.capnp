# expect: state_not_saved.capnp: Codec.restore: restores state that no method saves; annotate the one that gives it with $Bulkhead.savesState
@0xb0f1d5d5c5a5c002;
using Bulkhead = import "/bulkhead/bulkhead.capnp";
interface Codec $Bulkhead.exports { restore @0 (count :UInt32) -> () $Bulkhead.restoresState; }
