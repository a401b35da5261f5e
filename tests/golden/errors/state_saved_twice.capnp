# expect: state_saved_twice.capnp: Codec.dump: is the second method with $savesState, after save; keep one
@0xb0f1d5d5c5a5c006;
using Bulkhead = import "/bulkhead/bulkhead.capnp";
interface Codec $Bulkhead.exports {
  save @0 () -> (count :UInt32) $Bulkhead.savesState;
  dump @1 () -> (count :UInt32) $Bulkhead.savesState;
  restore @2 (count :UInt32) -> () $Bulkhead.restoresState;
}
