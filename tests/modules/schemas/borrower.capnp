@0xd3a1c1f0a5b60021;
# Exports only: what a module acquires from the system, by every function that its hooks know.

using Bulkhead = import "/bulkhead/bulkhead.capnp";
using Cxx = import "/capnp/c++.capnp";

$Cxx.namespace("borrower");

interface Borrower $Bulkhead.exports {
  functions @0 () -> (lines :Text);
  # One line per function, in order: "name call kind": the function under test, the function that the ledger shows for
  # what was acquired, and its kind. They differ where the function gives back.

  borrow @1 (function :UInt32) -> (key :UInt64, more :UInt64);
  # Acquires. The keys of what was acquired; `more` is 0 unless there are two. Of streams and directories: their
  # descriptor, or 0. Fails with the text of errno.

  giveBack @2 (function :UInt32) -> ();
  # What the last `borrow` of that function acquired.

  act @3 (step :Step, a :Int64, b :Int64, c :Int64) -> (result :Int64, number :Int32);
  # One call of the system: its result and errno.
}

enum Step {
  openNull @0;          # ()
  openNothing @1;       # (): fails
  close @2;             # (descriptor)
  duplicateTo @3;       # (descriptor, number)
  duplicateFrom @4;     # (descriptor, least number)
  receive @5;           # (socket): the descriptor in its next message
  closeRange @6;        # (first, last)
  release @7;           # (descriptor)
  map @8;               # (length, address or 0: there)
  unmap @9;             # (address, length)
  remap @10;            # (address, old length, new length)
  handle @11;           # (signal): installs this module's handler, keeps the old action
  restore @12;          # (signal): installs the old action
  disposition @13;      # (signal, 0 SIG_DFL or 1 SIG_IGN)
  handled @14;          # (): signals that the handler got
  keptHandler @15;      # (signal): address of the old action's handler
  openStream @16;       # (): its address
  closeStream @17;      # (stream)
  wrapStream @18;       # (descriptor): fdopen
  releaseStream @19;    # (stream)
  setEnvironment @20;   # (): putenv of a variable in the module's memory
  onExit @21;           # (address of an int64): adds 1 there when it runs
  quickExit @22;        # (): at_quick_exit and pthread_atfork
  spawn @23;            # (): popen of a child that waits for the end of its input
  memoryStream @24;     # (): its address; its buffer's place is the module's
  openLibrary @25;      # (): libm, its handle
  closeLibrary @26;     # (handle)
  churn @27;            # (rounds): opens and closes
  alternateStack @28;   # (): sets one of the module's memory
}
