@0xd1f2a7c4963be5a1;
# What the benchmarks call: direct methods only, so that its module needs no libcapnp.

using Bulkhead = import "/bulkhead/bulkhead.capnp";

interface Bench $Bulkhead.exports {
  add @0 (a :Int32, b :Int32) -> (sum :Int32);

  echoText @1 (text :Text) -> (text :Text);

  echoData @2 (data :Data) -> (data :Data);
  # The same bytes again, the first and the last of them one higher.

  addByHost @3 (a :Int32, b :Int32) -> (sum :Int32);
  # The sum as one import call gives it.

  work @4 (rounds :UInt64) -> (value :UInt64);
  # Computes for a time that is proportional to `rounds`.

  thread @5 () -> (id :Int32);
  # The kernel's id of the thread that serves the caller.

  hang @6 () -> ();
  # Never returns.

  allocate @7 (pairs :UInt32) -> ();
  # As many blocks of 64 bytes, each freed before the next.
}

interface BenchHost $Bulkhead.imports {
  add @0 (a :Int32, b :Int32) -> (sum :Int32);
}
