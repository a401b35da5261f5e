@0xd3a1c1f0a5b60031;
# Exports only: what a module allocates, by every function that hands it memory.

using Bulkhead = import "/bulkhead/bulkhead.capnp";
using Cxx = import "/capnp/c++.capnp";

$Cxx.namespace("hoarder");

interface Hoarder $Bulkhead.exports {
  ways @0 () -> (names :List(Text));
  # The functions that allocate.

  hoard @1 (way :UInt32) -> (address :UInt64);
  # One block by it, which nobody frees. Fails if the block is not what the function promises.

  giveBack @2 (address :UInt64) -> ();
  # By free, which every one of them goes with here; also a pointer that is not the module's.

  giveBackTwice @3 (bytes :UInt32) -> ();

  acrossThreads @4 (blocks :UInt32) -> ();
  # One thread allocates, another one frees.

  lines @5 (text :Text) -> (lines :List(Text));
  # The text's, by getline into one buffer, through realloc in between.

  objects @6 (rounds :UInt32) -> ();
  # new and delete in every form; fails if one of them does not do what it should.
}
