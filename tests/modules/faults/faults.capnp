@0xd3c1b94a7e5f2086;
# A module that misbehaves on request, one fault at a time.

using Bulkhead = import "/bulkhead/bulkhead.capnp";

enum Fault {
  none @0;
  deadlock @1;           # two threads, two mutexes, each waits for the other's
  busyLoop @2;
  sleep @3;              # for ever
  blockSignals @4;       # block and ignore all that can be, then loop
  stop @5;               # SIGSTOP to itself
  segmentation @6;
  abort @7;
  exitZero @8;           # _exit(0) under a call
  exitThree @9;
  stackOverflow @10;
  exhaustMemory @11;     # until operator new throws, which passes on
  exhaustAndDie @12;     # the same where nothing may throw
  threadThrows @13;      # an exception nobody catches, in a thread of the module
  kill @14;              # SIGKILL to itself
  throwText @15;         # an exception with a text
  closeDescriptors @16;  # all of them, the worker's own included
  forkAndLeave @17;      # a child in a session of its own keeps every descriptor; the worker ends
  forkAndStay @18;       # the same, and the call returns
  controlGarbage @19;    # words that are no message, on the worker's control socket
  controlDescriptor @20; # a well-formed message with a descriptor attached
  controlHelloAgain @21; # a second Hello
  renounceDeathSignal @22; # clears the parent-death signal, then loops
  writeHostRegion @23;   # writes to the region that only the host may write
  atExitHang @24;        # registers a handler that hangs when the process exits
  exitThread @25;        # pthread_exit under a call
}

interface Faults $Bulkhead.exports {
  ping @0 (value :Int32) -> (value :Int32);

  misbehave @1 (fault :Fault) -> ();

  misbehaveBriefly @2 (fault :Fault) -> () $Bulkhead.deadlineMs(100);
  # The same under a deadline of its own.

  misbehaveLater @3 (fault :Fault) -> ();
  # In a thread of the module, a moment after the call returned.

  misbehaveAtUnload @4 (fault :Fault) -> ();
  # When the module's object is destroyed.

  spend @5 (beforeMs :UInt32, importMs :UInt32, afterMs :UInt32) -> ();
  # Works, calls an import that takes its time, works again.

  importFromThreads @6 (threads :UInt32, callsEach :UInt32, importMs :UInt32)
      -> (succeeded :UInt32, overloaded :UInt32, failed :UInt32);

  recurse @7 (depth :UInt32) -> (reached :UInt32);
  # Through the host and back, `depth` times.

  look @8 (what :Text) -> (text :Text);
  # What the worker sees: "descriptors", "environment", "host region", "status".

  write @9 (descriptor :Int32, text :Data, times :UInt32) -> ();
  # To a descriptor; -1: as log lines.

  echo @10 (data :Data) -> (data :Data);

  failUntil @11 (generation :UInt64, first :Fault, then :Fault) -> (generation :UInt64) $Bulkhead.idempotent;
  # In a worker of an earlier generation than this it misbehaves: in the module's first one one way, then the other.

  failUntilPlain @12 (generation :UInt64, fault :Fault) -> (generation :UInt64);
  # Not idempotent.

  importThenFail @13 (byThread :Bool, fault :Fault) -> () $Bulkhead.idempotent;
}

interface FaultsHost $Bulkhead.imports {
  spend @0 (ms :UInt32) -> ();

  recurse @1 (depth :UInt32) -> (reached :UInt32);

  atLoad @2 () -> (fault :Fault);
  # What the constructor is to do.
}
