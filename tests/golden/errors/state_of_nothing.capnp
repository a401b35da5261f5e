# expect: state_of_nothing.capnp: Codec.save: saves state and gives none; make the state its result
@0xb0f1d5d5c5a5c009;
using Bulkhead = import "/bulkhead/bulkhead.capnp";
interface Codec $Bulkhead.exports {
  save @0 () -> () $Bulkhead.savesState;
  restore @1 () -> () $Bulkhead.restoresState;
}
