@0xd3a1c1f0a5b60003;
# How calls behave: errors, nesting, threads, deadlines, logs. Nothing here waits by the clock: what is slow waits in an
# import until the test lets it go.

using Bulkhead = import "/bulkhead/bulkhead.capnp";
using Cxx = import "/capnp/c++.capnp";

$Cxx.namespace("probe");

enum Throw {
  runtimeError @0;
  ownException @1;
  # A class of the module, derived from std::exception.
  number @2;
  text @3;
  standardString @4;
  strange @5;
  # A class without any base.
  badAlloc @6;
  emptyText @7;
  badResult @8;
  # Of an import that failed, by Result::value().
}

interface Probe $Bulkhead.exports {
  throwing @0 (what :Throw) -> ();
  failing @1 (text :Text) -> ();
  recurse @2 (depth :UInt32) -> (reached :UInt32);
  act @3 (what :Text) -> (answer :Text);
  # Calls ProbeHost.act and passes its answer or its error on.
  describeActError @4 (what :Text) -> (kind :UInt32, type :Text, text :Text, method :Text);
  # The error of ProbeHost.act as the module sees it.
  log @5 (level :UInt32, line :Text) -> ();
  deadline @6 () -> (isSet :Bool, nanoseconds :Int64);
  annotatedDeadline @7 () -> (isSet :Bool, nanoseconds :Int64) $Bulkhead.deadlineMs(60000);
  late @8 (afterMs :UInt32) -> ();
  # Works until its deadline has passed by so much.
  lateAnnotated @9 (afterMs :UInt32) -> () $Bulkhead.deadlineMs(100);
  add @10 (a :Int32, b :Int32) -> (sum :Int32);
  callFromThreads @11 (threads :UInt32, calls :UInt32, line :Text) -> (
      answered :UInt32, overloaded :UInt32, failed :UInt32, firstText :Text);
  # Calls ProbeHost.act from so many threads of the module at once, so many times each.
  threadCalls @12 () -> (count :UInt32);
  # How often the calling thread called this before.
  output @13 (line :Text, toError :Bool) -> ();
  isCancelled @14 () -> (isCancelled :Bool);
  actInThread @15 (what :Text) -> (answer :Text);
  # From one thread of the module, which calls back with Probe.add pending in the host.
}

interface ProbeHost $Bulkhead.imports {
  recurse @0 (depth :UInt32) -> (reached :UInt32);
  act @1 (what :Text) -> (answer :Text);
}
