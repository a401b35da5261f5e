# expect: state_not_restored.capnp: Codec.save: saves state that no method restores; annotate the one that takes it with $Bulkhead.restoresState
@0xb0f1d5d5c5a5c001;
using Bulkhead = import "/bulkhead/bulkhead.capnp";
interface Codec $Bulkhead.exports { save @0 () -> (count :UInt32) $Bulkhead.savesState; }
