@0xe2c9a6d3b1740f59;
# What a module may hold on to when it is asked to go. Gates are addresses of two std::atomic<int> of the test's own: a
# thread that waits at one adds 1 to the second and goes on when the first is not 0.

using Bulkhead = import "/bulkhead/bulkhead.capnp";

interface Leaver $Bulkhead.exports {
  place @0 () -> (address :UInt64);
  # Of something in the module.

  count @1 () -> (value :UInt32);
  # Of the calls of it: state of the object.

  staticCount @2 () -> (value :UInt32);
  # The same of a static object.

  hold @3 (gate :UInt64) -> ();

  startDetached @4 (gate :UInt64) -> (tid :Int32);
  startJoined @5 (gate :UInt64) -> (tid :Int32);
  # The object's destructor joins it.

  answer @6 (verdict :Verdict, gate :UInt64) -> ();
  # What beforeUnload() will do. `opens` opens the gate and joins.

  leak @7 (blocks :UInt32, bytes :UInt32) -> ();
  leakEverything @8 () -> ();
  # One or more of every kind; nothing of it outlives an unload.

  openFile @9 (path :Text) -> (descriptor :Int32);
  takeSignal @10 (signal :Int32) -> ();
  free @11 (address :UInt64) -> ();
  freeTwice @12 () -> ();
  touchThreadLocal @13 (counter :UInt64) -> ();
  # Its destructor adds 1 to the std::atomic<int> there.

  pinItself @14 () -> ();
  # Opens its own file once more, without its hooks' notice.

  leaveTicking @15 () -> ();
  # An interval timer that goes on, and its handler.

  closeAtTheEnd @16 (closed :UInt64) -> (descriptor :Int32);
  # A file that a destructor function closes; the function adds 1 to the std::atomic<int> there if that went well.
}

enum Verdict {
  agrees @0;
  refuses @1;
  throws @2;
  opens @3;
}
