@0xc7f2d1a96b3e5084;
# A ballot that goes on while its module is exchanged.

using Bulkhead = import "/bulkhead/bulkhead.capnp";

interface Ballot $Bulkhead.exports {
  vote @0 (name :Text) -> (votes :UInt32);
  # The votes of this name by now.

  report @1 () -> (text :Text);
  # Who has how many.

  save @2 () -> (names :List(Text), votes :List(UInt32)) $Bulkhead.savesState;
  restore @3 (names :List(Text), votes :List(UInt32)) -> () $Bulkhead.restoresState;
  # What one version gives, the next one takes.
}
