@0xd3a1c1f0a5b60021;
# Exports only: threads of every sort, and thread_locals with destructors.

using Bulkhead = import "/bulkhead/bulkhead.capnp";
using Cxx = import "/capnp/c++.capnp";

$Cxx.namespace("spinner");

interface Spinner $Bulkhead.exports {
  start @0 (sort :UInt32) -> (started :Bool);
  # A thread of this sort (spinner.h), which makes its thread_locals, arrives at the gate and waits there.
  awaitArrival @1 (count :UInt32) -> ();
  # Returns when so many threads arrived since the gate was shut.
  release @2 () -> ();
  # Opens the gate, and joins the threads that can be joined; shuts it again.
  touch @3 () -> ();
  # Makes the calling thread's thread_locals.
  observe @4 (address :UInt64) -> ();
  # Where a spinner::Observed is. To be called first.
}
