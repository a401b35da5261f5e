@0xd3a1c1f0a5b60020;
# A field and a method more than in ../tally.capnp.

using Bulkhead = import "/bulkhead/bulkhead.capnp";
using Cxx = import "/capnp/c++.capnp";

$Cxx.namespace("tally");

struct State @0xd3a1c1f0a5b60021 {
  total @0 :Int64;
  names @1 :List(Text);
  loads @2 :UInt32 = 1;
}

enum Save @0xd3a1c1f0a5b60022 {
  right @0;
  failing @1;
  throwing @2;
  hanging @3;
  exiting @4;
}

interface Tally @0xd3a1c1f0a5b60023 $Bulkhead.exports {
  add @0 (amount :Int64) -> (total :Int64);
  addDuring @1 (amount :Int64) -> (total :Int64);
  # Calls TallyHost.during, and adds then.
  note @2 (name :Text) -> (names :UInt32);
  version @3 () -> (text :Text);
  nextSave @4 (how :Save) -> ();
  # How it will go.
  save @5 () -> (state :State) $Bulkhead.savesState;
  restore @6 (state :State) -> () $Bulkhead.restoresState;
  loads @7 () -> (loads :UInt32);
  # Versions that have this field and held the state so far.
}

interface TallyHost @0xd3a1c1f0a5b60024 $Bulkhead.imports {
  during @0 () -> ();
}
