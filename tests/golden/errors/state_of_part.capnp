# expect: state_of_part.capnp: Codec.restore: takes Other, but the state that save saves is State; make them the same
@0xb0f1d5d5c5a5c00a;
using Bulkhead = import "/bulkhead/bulkhead.capnp";
struct State { count @0 :UInt32; }
struct Other { count @0 :UInt32; }
interface Kept {
  save @0 () -> State $Bulkhead.savesState;
  restore @1 Other -> () $Bulkhead.restoresState;
}
interface Codec extends(Kept) $Bulkhead.exports { run @0 () -> (); }
