@0xe9a40c1d58b7f263;
# What the benchmarks call with struct types: capnp's readers in, builders out.

using Bulkhead = import "/bulkhead/bulkhead.capnp";
using Cxx = import "/capnp/c++.capnp";

$Cxx.namespace("structs");

struct Sample {
  at @0 :UInt64;
  value @1 :Float64;
}

struct Series {
  samples @0 :List(Sample);
}

struct Summary {
  count @0 :UInt32;
  sum @1 :Float64;
  last @2 :UInt64;
}

interface Structs $Bulkhead.exports {
  summarise @0 (series :Series) -> (summary :Summary);
}
