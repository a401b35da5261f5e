# expect: state_with_results.capnp: Codec.restore: restores state, and nobody reads its results; leave them out
@0xb0f1d5d5c5a5c005;
using Bulkhead = import "/bulkhead/bulkhead.capnp";
interface Codec $Bulkhead.exports {
  save @0 () -> (count :UInt32) $Bulkhead.savesState;
  restore @1 (count :UInt32) -> (done :Bool) $Bulkhead.restoresState;
}
