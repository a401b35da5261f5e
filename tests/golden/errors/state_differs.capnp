# expect: state_differs.capnp: Codec.restore: takes (count: UInt64), but the state that save saves is (count: UInt32); make them the same
@0xb0f1d5d5c5a5c003;
using Bulkhead = import "/bulkhead/bulkhead.capnp";
interface Codec $Bulkhead.exports {
  save @0 () -> (count :UInt32) $Bulkhead.savesState;
  restore @1 (count :UInt64) -> () $Bulkhead.restoresState;
}
