# expect: state_with_parameters.capnp: Codec.save: saves state, and a reload has no parameters for it; leave them out
@0xb0f1d5d5c5a5c004;
using Bulkhead = import "/bulkhead/bulkhead.capnp";
interface Codec $Bulkhead.exports {
  save @0 (deep :Bool) -> (count :UInt32) $Bulkhead.savesState;
  restore @1 (count :UInt32) -> () $Bulkhead.restoresState;
}
