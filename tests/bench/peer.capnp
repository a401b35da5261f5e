@0xa3c85e0f6d91b724;
# The same call by Cap'n Proto's own RPC.

using Cxx = import "/capnp/c++.capnp";

$Cxx.namespace("bench::peer");

interface Adder {
  add @0 (a :Int32, b :Int32) -> (sum :Int32);
}
