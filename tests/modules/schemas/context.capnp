@0xd3a1c1f0a5b60007;
# What the code of a module can learn of the call it serves, and the host of the call that its import serves.

using Bulkhead = import "/bulkhead/bulkhead.capnp";
using Cxx = import "/capnp/c++.capnp";

$Cxx.namespace("context");

interface Context $Bulkhead.exports {
  remaining @0 () -> (isSet :Bool, nanoseconds :Int64);
  remainingAnnotated @1 () -> (isSet :Bool, nanoseconds :Int64) $Bulkhead.deadlineMs(40000);
  remainingAround @2 (what :Text) -> (isSet :Bool, before :Int64, after :Int64);
  # Around a call of ContextHost.act.
  annotatedAround @3 (what :Text) -> (isSet :Bool, before :Int64, after :Int64) $Bulkhead.deadlineMs(40000);
  cancelledAround @4 (what :Text) -> (before :Bool, after :Bool);
  awaitCancel @5 (what :Text, error :Text) -> (text :Text);
  # Calls ContextHost.act, then works until it is cancelled; gives the error, if it has a text, or "stopped".
  act @6 (what :Text) -> (answer :Text);
  actTwice @7 (what :Text) -> ();
  actInThread @8 (what :Text) -> (answer :Text);
  lookInThread @9 (what :Text) -> (isSet :Bool, isCancelled :Bool);
  # Calls ContextHost.act, then a thread of the module looks.
  inConstructor @10 () -> (isSet :Bool, isCancelled :Bool);
  attempts @11 (what :Text, error :Text) -> (count :UInt32) $Bulkhead.idempotent;
  # How often it was called; or fails.
}

interface ContextHost $Bulkhead.imports {
  act @0 (what :Text) -> (answer :Text);
}
