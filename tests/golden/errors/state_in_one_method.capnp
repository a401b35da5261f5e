# expect: state_in_one_method.capnp: Codec.swap: both saves and restores state; make it two methods
@0xb0f1d5d5c5a5c008;
using Bulkhead = import "/bulkhead/bulkhead.capnp";
interface Codec $Bulkhead.exports {
  swap @0 (count :UInt32) -> (count :UInt32) $Bulkhead.savesState $Bulkhead.restoresState;
}
